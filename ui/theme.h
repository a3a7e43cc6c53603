// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Colours, palette and style sheet of the window, light and dark; plots and painted parts take theirs from here.
#pragma once

#include <QColor>
#include <QList>
#include <QObject>
#include <QPalette>

class QApplication;

namespace gptq::ui {

struct Colours {
    QColor window, panel, border, field, fieldBorder, text, muted, accent, accentHover, accentText, accentSoft,
        selection, focus;
    QColor good, warningBack, warningBorder, warningText, errorBack, errorBorder, errorText;
    QColor grid;
    QList<QColor> series;  // Okabe and Ito's, those that show on this background
};

class Theme final : public QObject {
    Q_OBJECT

public:
    enum class Choice : std::uint8_t { System, Light, Dark };
    Q_ENUM(Choice)

    // Applies itself to the application and goes along with the system where that is the choice.
    explicit Theme(QApplication& application, Choice choice = Choice::System);

    void choose(Choice choice);
    Choice choice() const { return m_choice; }
    bool dark() const { return m_dark; }
    static const Colours& colours();  // of the theme that is shown

signals:
    void changed();

private:
    void apply();

    QApplication& m_application;
    Choice m_choice;
    bool m_systemDark = false;
    bool m_dark = false;
};

}  // namespace gptq::ui
