// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Points of a curve that grows. Past its capacity neighbours are merged, the higher one kept, so that a long run costs no more
// than a short one and no peak is lost.
#pragma once

#include <QAbstractTableModel>
#include <QList>
#include <QPointF>

namespace gptq::ui {

class SeriesModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    explicit SeriesModel(QString name, QObject* parent = nullptr, int capacity = 2000);

    void clear();
    void append(QPointF point);  // x may not fall
    const QList<QPointF>& points() const { return m_points; }
    double peak() const { return m_peak; }
    QString name() const { return m_name; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    void decimate();

    QString m_name;
    qsizetype m_capacity;
    QList<QPointF> m_points;
    double m_peak = 0;
};

}  // namespace gptq::ui
