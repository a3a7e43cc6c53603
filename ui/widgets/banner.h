// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A message in the page that waits to be read and closed: never in the way.
#pragma once

#include <QFrame>

class QLabel;
class QToolButton;

namespace gptq::ui {

class Banner final : public QFrame {
    Q_OBJECT

public:
    enum class Kind : std::uint8_t { Info, Warning, Error };

    explicit Banner(QWidget* parent = nullptr);

    // Title: what happened. Text: where, why, what to do. Warnings that come while one is shown are added to it.
    void show(Kind kind, const QString& title, const QString& text);
    void dismiss();
    QString title() const;
    QString text() const;
    Kind kind() const { return m_kind; }

private:
    Kind m_kind = Kind::Info;
    QLabel* m_icon;
    QLabel* m_title;
    QLabel* m_text;
    QToolButton* m_close;
};

}  // namespace gptq::ui
