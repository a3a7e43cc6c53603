// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/models/layer_table_model.h"

#include <QLocale>

#include "ui/text_format.h"

namespace gptq::ui {

void LayerTableModel::clear() {
    beginResetModel();
    m_layers.clear();
    endResetModel();
}

void LayerTableModel::append(const QList<LayerResult>& layers) {
    if (layers.isEmpty()) return;
    const int first = static_cast<int>(m_layers.size());
    beginInsertRows({}, first, first + static_cast<int>(layers.size()) - 1);
    m_layers += layers;
    endInsertRows();
}

int LayerTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_layers.size());
}

int LayerTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant LayerTableModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
    const LayerResult& layer = m_layers[index.row()];
    switch (role) {
        case Qt::DisplayRole: return textOf(layer, index.column());
        case kSortRole: return sortValueOf(layer, index.column());
        case kRemediedRole: return layer.remedy != LayerResult::Remedy::None;
        case Qt::ToolTipRole: return index.column() == Notes ? notesOf(layer) : layer.name;
        case Qt::TextAlignmentRole: {
            const bool text = index.column() == Module || index.column() == Notes;
            return QVariant(Qt::AlignVCenter | (text ? Qt::AlignLeft : Qt::AlignRight));
        }
        default: return {};
    }
}

QVariant LayerTableModel::textOf(const LayerResult& layer, int column) {
    const QLocale locale;
    switch (column) {
        case Block: return locale.toString(layer.block);
        case Module: return layer.kind;
        case Size: return tr("%1 × %2").arg(layer.rows).arg(layer.columns);
        case Bits: return locale.toString(layer.bits);
        case Error: return errorText(layer.error);
        case Damping: return layer.damping > 0 ? locale.toString(layer.damping, 'g', 3) : QString();
        case Seconds: return tr("%1 s").arg(locale.toString(layer.seconds, 'f', layer.seconds < 10 ? 2 : 1));
        case Notes: return notesOf(layer);
        default: return {};
    }
}

QVariant LayerTableModel::sortValueOf(const LayerResult& layer, int column) {
    switch (column) {
        case Block: return layer.block;
        case Module: return layer.kind;
        case Size: return layer.rows * layer.columns;
        case Bits: return layer.bits;
        case Error: return layer.error;
        case Damping: return layer.damping;
        case Seconds: return layer.seconds;
        case Notes: return notesOf(layer);
        default: return {};
    }
}

QString LayerTableModel::notesOf(const LayerResult& layer) {
    QStringList notes;
    switch (layer.remedy) {
        case LayerResult::Remedy::None: break;
        case LayerResult::Remedy::MoreDamping: notes << tr("more damping"); break;
        case LayerResult::Remedy::DiagonalFloor: notes << tr("diagonal floor"); break;
        case LayerResult::Remedy::RoundedToNearest: notes << tr("rounded to nearest"); break;
    }
    if (layer.deadColumns > 0) notes << tr("%n unused inputs", nullptr, layer.deadColumns);
    return notes.join(QLatin1String(", "));
}

QVariant LayerTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    const bool text = section == Module || section == Notes;
    if (role == Qt::TextAlignmentRole) return QVariant(Qt::AlignVCenter | (text ? Qt::AlignLeft : Qt::AlignRight));
    if (role == Qt::ToolTipRole) {
        switch (section) {
            case Error: return tr("How much the layer's output changed, relative to its size: lower is better");
            case Damping: return tr("What was added to the diagonal of the Hessian, as a share of its mean");
            case Notes: return tr("What had to be done differently from what was asked");
            default: return {};
        }
    }
    if (role != Qt::DisplayRole) return {};
    switch (section) {
        case Block: return tr("Block");
        case Module: return tr("Layer");
        case Size: return tr("Size");
        case Bits: return tr("Bits");
        case Error: return tr("Error");
        case Damping: return tr("Damping");
        case Seconds: return tr("Time");
        case Notes: return tr("Notes");
        default: return {};
    }
}

}  // namespace gptq::ui
