// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/widgets/drop_overlay.h"

#include <QPainter>

#include "ui/theme.h"

namespace gptq::ui {

DropOverlay::DropOverlay(QWidget* parent) : QWidget(parent) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    hide();
}

void DropOverlay::show(const QString& text) {
    m_text = text;
    setGeometry(parentWidget()->rect());
    raise();
    QWidget::show();
    update();
}

void DropOverlay::paintEvent(QPaintEvent*) {
    const Colours& colours = Theme::colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QColor veil = colours.window;
    veil.setAlphaF(0.86f);
    painter.fillRect(rect(), veil);
    painter.setPen(QPen(colours.accent, 2, Qt::DashLine));
    painter.drawRoundedRect(QRectF(rect()).adjusted(24, 24, -24, -24), 14, 14);
    QFont large = font();
    large.setPointSizeF(large.pointSizeF() * 1.5);
    painter.setFont(large);
    painter.setPen(colours.text);
    painter.drawText(rect(), Qt::AlignCenter, m_text);
}

}  // namespace gptq::ui
