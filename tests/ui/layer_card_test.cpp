// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The table of layers at the widths that windows give it: nothing lies behind a scroll bar, what matters is always there.

#include <QHeaderView>
#include <QScrollBar>
#include <QTableView>
#include <QTest>

#include "ui/pages/layer_card.h"

namespace gptq::ui::test {
namespace {

LayerResult layerOf(const QString& kind, LayerResult::Remedy remedy = LayerResult::Remedy::None) {
    LayerResult layer;
    layer.name = "model.layers.0." + kind;
    layer.kind = kind;
    layer.rows = layer.columns = 4096;
    layer.bits = 4;
    layer.error = 0.00512;
    layer.damping = 0.01;
    layer.remedy = remedy;
    layer.seconds = 12.25;
    return layer;
}

}  // namespace

class LayerCardTest : public QObject {
    Q_OBJECT

private slots:
    void noFigureLiesBehindAScrollBar_data() {
        QTest::addColumn<int>("width");
        for (const int width : {1000, 560, 480, 420, 360}) QTest::addRow("%d", width) << width;
    }
    void noFigureLiesBehindAScrollBar() {
        QFETCH(int, width);
        LayerCard card;
        card.resize(width, 260);
        card.show();
        card.append({layerOf("q"), layerOf("gate"), layerOf("down")});
        auto* view = card.findChild<QTableView*>();
        QTRY_COMPARE(view->horizontalScrollBar()->maximum(), 0);
        for (const auto column : {LayerTableModel::Block, LayerTableModel::Module, LayerTableModel::Error})
            QVERIFY(!view->isColumnHidden(column));
        if (width >= 1000) QCOMPARE(view->horizontalHeader()->hiddenSectionCount(), 0);
        // A note has something to say: it is shown, and other columns make room.
        card.append({layerOf("up", LayerResult::Remedy::MoreDamping)});
        QVERIFY(!view->isColumnHidden(LayerTableModel::Notes));
        QTRY_COMPARE(view->horizontalScrollBar()->maximum(), 0);
        QVERIFY(view->columnWidth(LayerTableModel::Notes) >= 60);
        card.clear();
        if (width <= 420) QVERIFY(view->isColumnHidden(LayerTableModel::Notes));
    }
};

}  // namespace gptq::ui::test

QTEST_MAIN(gptq::ui::test::LayerCardTest)
#include "layer_card_test.moc"
