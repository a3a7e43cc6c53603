// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/icons.h"

#include <QIconEngine>
#include <QPainter>
#include <QPainterPath>
#include <QSvgRenderer>

#include "ui/theme.h"

namespace gptq::ui {
namespace {

// In a square of 16.
QPainterPath filledPath(Glyph glyph) {
    QPainterPath path;
    switch (glyph) {
        case Glyph::Play:
            path.moveTo(4.5, 2.8);
            path.lineTo(13.2, 8);
            path.lineTo(4.5, 13.2);
            path.closeSubpath();
            break;
        case Glyph::Pause:
            path.addRoundedRect(3.6, 3, 3.1, 10, 0.8, 0.8);
            path.addRoundedRect(9.3, 3, 3.1, 10, 0.8, 0.8);
            break;
        case Glyph::Stop: path.addRoundedRect(3.4, 3.4, 9.2, 9.2, 1.4, 1.4); break;
        default: break;
    }
    return path;
}

QPainterPath strokedPath(Glyph glyph) {
    QPainterPath path;
    switch (glyph) {
        case Glyph::Folder:
            path.moveTo(2, 12.5);
            path.lineTo(2, 3.5);
            path.lineTo(6.2, 3.5);
            path.lineTo(7.8, 5.3);
            path.lineTo(14, 5.3);
            path.lineTo(14, 12.5);
            path.closeSubpath();
            break;
        case Glyph::File:
            path.moveTo(3.5, 1.8);
            path.lineTo(9.3, 1.8);
            path.lineTo(12.5, 5);
            path.lineTo(12.5, 14.2);
            path.lineTo(3.5, 14.2);
            path.closeSubpath();
            path.moveTo(5.8, 8);
            path.lineTo(10.2, 8);
            path.moveTo(5.8, 10.8);
            path.lineTo(10.2, 10.8);
            break;
        case Glyph::Close:
            path.moveTo(4, 4);
            path.lineTo(12, 12);
            path.moveTo(12, 4);
            path.lineTo(4, 12);
            break;
        case Glyph::Warning:
            path.moveTo(8, 2.2);
            path.lineTo(14.4, 13.4);
            path.lineTo(1.6, 13.4);
            path.closeSubpath();
            path.moveTo(8, 6.4);
            path.lineTo(8, 9.4);
            path.moveTo(8, 11.3);
            path.lineTo(8, 11.35);
            break;
        case Glyph::Error:
        case Glyph::Info:
            path.addEllipse(QPointF(8, 8), 6.3, 6.3);
            path.moveTo(8, glyph == Glyph::Info ? 7.4 : 4.8);
            path.lineTo(8, glyph == Glyph::Info ? 11.2 : 8.6);
            path.moveTo(8, glyph == Glyph::Info ? 4.9 : 11.1);
            path.lineTo(8, glyph == Glyph::Info ? 4.95 : 11.15);
            break;
        case Glyph::Spark:
            path.moveTo(8, 1.8);
            path.quadTo(8.6, 7.4, 14.2, 8);
            path.quadTo(8.6, 8.6, 8, 14.2);
            path.quadTo(7.4, 8.6, 1.8, 8);
            path.quadTo(7.4, 7.4, 8, 1.8);
            break;
        default: break;
    }
    return path;
}

QColor colourOf(GlyphTone tone) {
    const Colours& colours = Theme::colours();
    switch (tone) {
        case GlyphTone::Text: return colours.text;
        case GlyphTone::OnAccent: return colours.accentText;
        case GlyphTone::Muted: return colours.muted;
        case GlyphTone::Warning: return colours.warningText;
        case GlyphTone::Error: return colours.errorText;
    }
    return colours.text;
}

// Asks the theme at every painting, so icons need no renewal when it changes.
class GlyphEngine final : public QIconEngine {
public:
    GlyphEngine(Glyph glyph, GlyphTone tone) : m_glyph(glyph), m_tone(tone) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        QColor colour = mode == QIcon::Disabled ? Theme::colours().muted : colourOf(m_tone);
        if (mode == QIcon::Disabled) colour.setAlphaF(0.7f);
        const double side = std::min(rect.width(), rect.height());
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->translate(rect.center().x() + 0.5 - side / 2, rect.center().y() + 0.5 - side / 2);
        painter->scale(side / 16, side / 16);
        painter->fillPath(filledPath(m_glyph), colour);
        painter->strokePath(strokedPath(m_glyph), QPen(colour, 1.4, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter->restore();
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        QPixmap image(size);
        image.fill(Qt::transparent);
        QPainter painter(&image);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return image;
    }
    QIconEngine* clone() const override { return new GlyphEngine(m_glyph, m_tone); }

private:
    Glyph m_glyph;
    GlyphTone m_tone;
};

}  // namespace

QIcon glyphIcon(Glyph glyph, GlyphTone tone) {
    return QIcon(new GlyphEngine(glyph, tone));
}

QIcon applicationIcon() {
    QIcon icon;
    QSvgRenderer drawing(QStringLiteral(":/icons/gptq-studio.svg"));
    for (const int side : {16, 24, 32, 48, 64, 128, 256}) {
        QPixmap image(side, side);
        image.fill(Qt::transparent);
        QPainter painter(&image);
        drawing.render(&painter);
        painter.end();
        icon.addPixmap(image);
    }
    return icon;
}

}  // namespace gptq::ui
