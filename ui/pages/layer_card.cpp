// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/pages/layer_card.h"

#include <QEvent>
#include <QHeaderView>
#include <QScrollBar>
#include <algorithm>
#include <iterator>
#include <numeric>

namespace gptq::ui {

LayerCard::LayerCard(QWidget* parent)
    : Card(tr("Layers"), parent), m_view(new QTableView),
      m_empty(makeLabel({}, QStringLiteral("muted"), m_view->viewport())) {
    m_sorted.setSourceModel(&m_model);
    m_sorted.setSortRole(LayerTableModel::kSortRole);
    setUpView();
    m_empty->setText(tr("Each finished layer is listed here."));
    m_empty->setAlignment(Qt::AlignCenter);
    m_view->viewport()->installEventFilter(this);
    content()->addWidget(m_view, 1);
}

void LayerCard::setUpView() {
    m_view->setAccessibleName(tr("Layers"));
    m_view->setModel(&m_sorted);
    m_view->setSortingEnabled(true);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_view->setAlternatingRowColors(false);
    m_view->setShowGrid(false);
    m_view->setWordWrap(false);
    m_view->setTabKeyNavigation(false);
    m_view->setMinimumHeight(80);
    m_view->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 7);
    m_view->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    QHeaderView* header = m_view->horizontalHeader();
    header->setHighlightSections(false);
    header->setSortIndicatorClearable(true);
    header->setSortIndicator(-1, Qt::AscendingOrder);  // as they are finished
    header->setStretchLastSection(true);
    header->setMinimumSectionSize(44);
    const auto width = [this](const char* widest) {
        return fontMetrics().horizontalAdvance(QLatin1String(widest)) + 18;
    };
    const char* widest[] = {"Block", "Layer", "4096 x 4096", "Bits", "0.00000", "Damping", "00.00 s"};
    for (int column = 0; column < LayerTableModel::Notes; ++column) {
        m_widths[column] =
            std::max({width(widest[column]), header->sectionSizeHint(column), header->minimumSectionSize()});
        header->resizeSection(column, m_widths[column]);
    }
    header->resizeSection(LayerTableModel::Notes, header->minimumSectionSize());  // and what is left over
}

void LayerCard::clear() {
    m_model.clear();
    m_hasNotes = false;
    fitColumns();
    m_empty->show();
    setDetail({});
}

void LayerCard::append(const QList<LayerResult>& layers) {
    const QScrollBar* bar = m_view->verticalScrollBar();
    const bool atEnd = bar->value() == bar->maximum();
    m_model.append(layers);
    for (const LayerResult& layer : layers) m_hasNotes = m_hasNotes || !LayerTableModel::notesOf(layer).isEmpty();
    fitColumns();
    m_empty->hide();
    setDetail(tr("%n layers", nullptr, m_model.rowCount()));
    if (atEnd && m_view->horizontalHeader()->sortIndicatorSection() < 0) m_view->scrollToBottom();
}

void LayerCard::fitColumns() {
    constexpr int kRoomForNotes = 75;
    const int room = m_view->viewport()->width();
    int needed = std::accumulate(std::begin(m_widths), std::end(m_widths), kRoomForNotes);
    m_view->setColumnHidden(LayerTableModel::Notes, !m_hasNotes && needed > room);
    if (!m_hasNotes) needed -= kRoomForNotes;
    for (const int column :
         {LayerTableModel::Damping, LayerTableModel::Size, LayerTableModel::Bits, LayerTableModel::Seconds}) {
        m_view->setColumnHidden(column, needed > room);
        if (needed > room) needed -= m_widths[column];
    }
}

void LayerCard::choose(const QString& kind, int block) {
    for (int row = 0; row < m_model.rowCount(); ++row) {
        if (m_model.layer(row).block != block || m_model.layer(row).kind != kind) continue;
        const QModelIndex index = m_sorted.mapFromSource(m_model.index(row, 0));
        m_view->selectRow(index.row());
        m_view->scrollTo(index);
    }
}

bool LayerCard::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize) {
        m_empty->setGeometry(m_view->viewport()->rect());
        fitColumns();
    }
    return Card::eventFilter(watched, event);
}

}  // namespace gptq::ui
