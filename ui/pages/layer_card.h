// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The table of finished layers, sorted as the user likes.
#pragma once

#include <QSortFilterProxyModel>
#include <QTableView>

#include "ui/models/layer_table_model.h"
#include "ui/widgets/card.h"

namespace gptq::ui {

class LayerCard final : public Card {
    Q_OBJECT

public:
    explicit LayerCard(QWidget* parent = nullptr);

    void clear();
    void append(const QList<LayerResult>& layers);
    void choose(const QString& kind, int block);  // selects the row and scrolls to it

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void setUpView();
    void fitColumns();  // where there is no room for all, those that say least are left out

    LayerTableModel m_model;
    QSortFilterProxyModel m_sorted;
    QTableView* m_view;
    QLabel* m_empty;
    int m_widths[LayerTableModel::Notes] = {};  // of the columns before the notes
    bool m_hasNotes = false;
};

}  // namespace gptq::ui
