// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/widgets/card.h"

#include <QStyle>
#include <QVariant>

namespace gptq::ui {

Card::Card(const QString& title, QWidget* parent) : QFrame(parent) {
    setObjectName(QStringLiteral("card"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(14, 10, 14, 12);
    layout->setSpacing(8);
    if (!title.isEmpty()) {
        m_detail = makeLabel({}, QStringLiteral("caption"));
        auto* head = new QHBoxLayout;
        head->setSpacing(8);
        head->addWidget(makeLabel(title, QStringLiteral("heading")));
        head->addStretch();
        head->addWidget(m_detail);
        layout->addLayout(head);
    }
    m_content = new QVBoxLayout;
    m_content->setSpacing(8);
    layout->addLayout(m_content, 1);
}

void Card::setDetail(const QString& text) {
    if (m_detail) m_detail->setText(text);
}

void setRole(QWidget* widget, const char* property, const QString& value) {
    if (widget->property(property).toString() == value) return;
    widget->setProperty(property, value);
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
}

QLabel* makeLabel(const QString& text, const QString& role, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    label->setProperty("role", role);
    return label;
}

}  // namespace gptq::ui
