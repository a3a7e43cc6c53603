// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A titled panel, and the small parts that panels are made of.
#pragma once

#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace gptq::ui {

class Card : public QFrame {
    Q_OBJECT

public:
    explicit Card(const QString& title, QWidget* parent = nullptr);

    QVBoxLayout* content() { return m_content; }
    void setDetail(const QString& text);  // in the title's line, on the right

private:
    QLabel* m_detail = nullptr;  // none without a title
    QVBoxLayout* m_content;
};

// Sets a property that the style sheet selects by, and has the sheet applied again.
void setRole(QWidget* widget, const char* property, const QString& value);
QLabel* makeLabel(const QString& text, const QString& role, QWidget* parent = nullptr);

}  // namespace gptq::ui
