// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The text that the model is calibrated on, how much of it is used, and the text that the result is measured on.
#pragma once

#include <QComboBox>
#include <QPushButton>
#include <QSpinBox>

#include "ui/controllers/run_values.h"
#include "ui/widgets/card.h"
#include "ui/widgets/elided_label.h"

namespace gptq::ui {

enum class MeasureOn : std::uint8_t { DemoBook, RestOfText, Nothing };

class TextCard final : public Card {
    Q_OBJECT

public:
    explicit TextCard(QWidget* parent = nullptr);

    void showModel(const ModelSummary& model);  // takes the text and lengths that suit it
    void chooseText(const QString& file);       // the user's own
    QString text() const { return m_file; }
    int samples() const { return m_samples->value(); }
    int sequenceLength() const { return m_length->value(); }
    MeasureOn measureOn() const;

signals:
    void openRequested();

private:
    void showText(const QString& file, const QString& name);

    ElidedLabel* m_name;
    QPushButton* m_open;
    QSpinBox* m_samples;
    QSpinBox* m_length;
    QComboBox* m_measure;
    QString m_file;
    bool m_ownText = false;
};

}  // namespace gptq::ui
