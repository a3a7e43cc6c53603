// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/studio_style.h"

#include <QApplication>
#include <QKeyEvent>
#include <QWidget>

namespace gptq::ui {

StudioStyle::StudioStyle() : QProxyStyle(QStringLiteral("Fusion")) {}

int StudioStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                           QStyleHintReturn* returnData) const {
    if (hint == SH_UnderlineShortcut) return m_underlines ? 1 : 0;
    return QProxyStyle::styleHint(hint, option, widget, returnData);
}

bool StudioStyle::eventFilter(QObject* watched, QEvent* event) {
    const bool key = event->type() == QEvent::KeyPress || event->type() == QEvent::KeyRelease;
    if (key && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Alt) showUnderlines(event->type() == QEvent::KeyPress);
    if (event->type() == QEvent::ApplicationDeactivate) showUnderlines(false);
    return QProxyStyle::eventFilter(watched, event);
}

void StudioStyle::showUnderlines(bool shown) {
    if (m_underlines == shown) return;
    m_underlines = shown;
    for (QWidget* widget : QApplication::allWidgets()) widget->update();
}

}  // namespace gptq::ui
