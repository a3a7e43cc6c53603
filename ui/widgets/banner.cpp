// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/widgets/banner.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/icons.h"
#include "ui/widgets/card.h"

namespace gptq::ui {

constexpr int kMostLines = 4;  // of warnings gathered in one banner

Banner::Banner(QWidget* parent)
    : QFrame(parent), m_icon(new QLabel(this)), m_title(makeLabel({}, QStringLiteral("heading"), this)),
      m_text(new QLabel(this)), m_close(new QToolButton(this)) {
    setObjectName(QStringLiteral("banner"));
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setWordWrap(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_close->setToolTip(tr("Close this message"));
    m_close->setAccessibleName(tr("Close this message"));
    m_close->setAutoRaise(true);
    connect(m_close, &QToolButton::clicked, this, &Banner::dismiss);

    auto* words = new QVBoxLayout;
    words->setSpacing(2);
    words->addWidget(m_title);
    words->addWidget(m_text);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 9, 8, 9);
    layout->setSpacing(10);
    layout->addWidget(m_icon, 0, Qt::AlignTop);
    layout->addLayout(words, 1);
    layout->addWidget(m_close, 0, Qt::AlignTop);
    hide();
}

void Banner::show(Kind kind, const QString& title, const QString& text) {
    QString shown = text;
    if (kind == Kind::Warning && isVisible() && m_kind == kind && m_title->text() == title) {
        const QStringList lines = m_text->text().split(QLatin1Char('\n'));
        shown = (lines + QStringList(text))
                    .mid(std::max<qsizetype>(0, lines.size() + 1 - kMostLines))
                    .join(QLatin1Char('\n'));
    }
    m_kind = kind;
    const bool error = kind == Kind::Error, warning = kind == Kind::Warning;
    setRole(this, "kind",
            error     ? QStringLiteral("error")
            : warning ? QStringLiteral("warning")
                      : QStringLiteral("info"));
    for (QLabel* label : {m_title, m_text}) setRole(label, "kind", property("kind").toString());
    const GlyphTone tone = error ? GlyphTone::Error : warning ? GlyphTone::Warning : GlyphTone::Text;
    const Glyph glyph = error ? Glyph::Error : warning ? Glyph::Warning : Glyph::Info;
    m_icon->setPixmap(glyphIcon(glyph, tone).pixmap(QSize(18, 18), devicePixelRatioF()));
    m_close->setIcon(glyphIcon(Glyph::Close, tone));
    m_title->setText(title);
    m_text->setText(shown);
    m_text->setVisible(!shown.isEmpty());
    setAccessibleName(title);
    setAccessibleDescription(shown);
    QFrame::show();
    QAccessibleEvent alert(this, QAccessible::Alert);
    QAccessible::updateAccessibility(&alert);
}

void Banner::dismiss() {
    hide();
}

QString Banner::title() const {
    return m_title->text();
}

QString Banner::text() const {
    return m_text->text();
}

}  // namespace gptq::ui
