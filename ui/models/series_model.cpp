// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/models/series_model.h"

#include <algorithm>

namespace gptq::ui {

SeriesModel::SeriesModel(QString name, QObject* parent, int capacity)
    : QAbstractTableModel(parent), m_name(std::move(name)), m_capacity(std::max(capacity, 4)) {}

void SeriesModel::clear() {
    beginResetModel();
    m_points.clear();
    m_peak = 0;
    endResetModel();
}

void SeriesModel::append(QPointF point) {
    if (m_points.size() >= m_capacity) decimate();
    const int row = static_cast<int>(m_points.size());
    m_peak = row == 0 ? point.y() : std::max(m_peak, point.y());
    beginInsertRows({}, row, row);
    m_points.append(point);
    endInsertRows();
}

void SeriesModel::decimate() {
    beginResetModel();
    QList<QPointF> kept;
    kept.reserve(m_capacity);
    for (qsizetype i = 0; i + 1 < m_points.size(); i += 2)
        kept.append(m_points[i].y() > m_points[i + 1].y() ? m_points[i] : m_points[i + 1]);
    if (m_points.size() % 2 == 1) kept.append(m_points.back());
    m_points = kept;
    endResetModel();
}

int SeriesModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_points.size());
}

int SeriesModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : 2;
}

QVariant SeriesModel::data(const QModelIndex& index, int role) const {
    if (role != Qt::DisplayRole || !checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const QPointF point = m_points[index.row()];
    return index.column() == 0 ? point.x() : point.y();
}

QVariant SeriesModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role != Qt::DisplayRole || orientation != Qt::Horizontal) return {};
    return section == 0 ? tr("Seconds") : m_name;
}

}  // namespace gptq::ui
