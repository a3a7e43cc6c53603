// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// One prompt, continued by the original and by the quantized model, side by side.
#pragma once

#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>

#include "ui/controllers/compare_controller.h"
#include "ui/widgets/card.h"

namespace gptq::ui {

class ComparePanel final : public Card {
    Q_OBJECT

public:
    explicit ComparePanel(CompareController& controller, QWidget* parent = nullptr);

    void setModels(const QString& original, const QString& quantized);  // empty: not there yet
    void setBlocked(const QString& reason);                             // why it cannot be used now; empty: it can
    QString textOf(Side side) const { return paneOf(side).text; }

signals:
    void failed(const QString& message);

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Pane {
        QPlainTextEdit* view = nullptr;
        QLabel* detail = nullptr;
        QString text;  // without the prompt
    };

    QLayout* makePane(Pane& pane, const QString& title, const QString& accessibleName);
    Pane& paneOf(Side side) { return side == Side::Original ? m_original : m_quantized; }
    const Pane& paneOf(Side side) const { return side == Side::Original ? m_original : m_quantized; }
    void go();
    void begin(Side side);
    void append(Side side, const QString& piece);
    void finish(Side side, const Continuation& continuation);
    void end();
    void render(Pane& pane);
    void markDifference();
    void showState();

    CompareController& m_controller;
    QLineEdit* m_prompt;
    QSpinBox* m_length;
    QPushButton* m_go;
    Pane m_original, m_quantized;
    QString m_shownPrompt;
    QString m_originalModel, m_quantizedModel, m_blocked;
};

}  // namespace gptq::ui
