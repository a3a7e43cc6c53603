// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Rows of a card: a label that names a field, and the field.
#pragma once

#include <QGridLayout>
#include <QLabel>

namespace gptq::ui {

constexpr int kFieldWidth = 158;  // of every field, so that cards line up

// Adds a row; the label is the field's buddy, with the key that its '&' marks.
inline void addFormRow(QGridLayout* form, const QString& label, QWidget* field, const QString& tip = {}) {
    const int row = form->rowCount();
    auto* name = new QLabel(label);
    name->setBuddy(field);
    name->setToolTip(tip);
    field->setToolTip(tip);
    field->setFixedWidth(kFieldWidth);
    form->addWidget(name, row, 0);
    form->addWidget(field, row, 1);
}

inline QGridLayout* makeForm() {
    auto* form = new QGridLayout;
    form->setHorizontalSpacing(10);
    form->setVerticalSpacing(5);
    form->setColumnStretch(0, 1);
    return form;
}

}  // namespace gptq::ui
