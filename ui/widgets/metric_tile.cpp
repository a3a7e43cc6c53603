// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/widgets/metric_tile.h"

#include <QLabel>
#include <QVBoxLayout>

#include "ui/widgets/card.h"

namespace gptq::ui {

MetricTile::MetricTile(const QString& caption, QWidget* parent)
    : QWidget(parent), m_caption(caption), m_value(makeLabel({}, QStringLiteral("pending"))),
      m_detail(makeLabel({}, QStringLiteral("caption"))) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(1);
    layout->addWidget(makeLabel(caption, QStringLiteral("caption")));
    layout->addWidget(m_value);
    layout->addWidget(m_detail);
    setPending(QStringLiteral("–"));
}

void MetricTile::setValue(const QString& value, const QString& detail) {
    show(value, detail, QStringLiteral("value"));
}

void MetricTile::setPending(const QString& value, const QString& detail) {
    show(value, detail, QStringLiteral("pending"));
}

void MetricTile::show(const QString& value, const QString& detail, const QString& role) {
    setRole(m_value, "role", role);
    m_value->setText(value);
    m_detail->setText(detail.isEmpty() ? QStringLiteral(" ") : detail);
    m_value->setAccessibleName(QStringLiteral("%1: %2").arg(m_caption, value));
}

QString MetricTile::value() const {
    return m_value->text();
}

QString MetricTile::detail() const {
    return m_detail->text().trimmed();
}

}  // namespace gptq::ui
