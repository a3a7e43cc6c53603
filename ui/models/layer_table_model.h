// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The layers of a run as they are finished, one a row. To be sorted through a proxy by kSortRole.
#pragma once

#include <QAbstractTableModel>
#include <QList>

#include "ui/controllers/run_values.h"

namespace gptq::ui {

class LayerTableModel final : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Block, Module, Size, Bits, Error, Damping, Seconds, Notes, ColumnCount };
    static constexpr int kSortRole = Qt::UserRole;
    static constexpr int kRemediedRole = Qt::UserRole + 1;  // bool: the layer was not solved as asked

    explicit LayerTableModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}

    void clear();
    void append(const QList<LayerResult>& layers);
    const LayerResult& layer(int row) const { return m_layers[row]; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    static QString notesOf(const LayerResult& layer);

private:
    static QVariant textOf(const LayerResult& layer, int column);
    static QVariant sortValueOf(const LayerResult& layer, int column);

    QList<LayerResult> m_layers;
};

}  // namespace gptq::ui
