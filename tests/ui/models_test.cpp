// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The item models keep Qt's rules, and what they say is what went in.

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QSortFilterProxyModel>
#include <QTest>

#include "ui/models/layer_table_model.h"
#include "ui/models/series_model.h"

using gptq::ui::LayerResult;
using gptq::ui::LayerTableModel;
using gptq::ui::SeriesModel;

namespace {

LayerResult layer(int block, const QString& kind, double error) {
    LayerResult result;
    result.block = block;
    result.kind = kind;
    result.name = QString("model.layers.%1.%2_proj").arg(block).arg(kind);
    result.rows = 768;
    result.columns = 256;
    result.bits = 4;
    result.error = error;
    result.damping = 0.01;
    result.seconds = 0.25;
    return result;
}

QString textAt(const QAbstractItemModel& model, int row, int column) {
    return model.index(row, column).data().toString();
}

}  // namespace

class ModelsTest : public QObject {
    Q_OBJECT

private slots:
    void theLayerTableKeepsTheRulesOfItemModels() {
        LayerTableModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.append({layer(0, "q", 0.01), layer(0, "k", 0.02)});
        model.append({});
        model.append({layer(1, "q", 0.5)});
        QCOMPARE(model.rowCount(), 3);
        model.clear();
        QCOMPARE(model.rowCount(), 0);
    }

    void aLayerIsShownInWordsAndSortedByFigures() {
        LayerTableModel model;
        LayerResult helped = layer(10, "down", 0.00002);
        helped.remedy = LayerResult::Remedy::MoreDamping;
        helped.deadColumns = 3;
        model.append({layer(2, "q", 0.01), helped, layer(1, "up", 0.2)});
        QCOMPARE(textAt(model, 0, LayerTableModel::Size), QString("768 × 256"));
        QCOMPARE(textAt(model, 0, LayerTableModel::Error), QString("0.0100"));
        QCOMPARE(textAt(model, 0, LayerTableModel::Notes), QString());
        QCOMPARE(textAt(model, 1, LayerTableModel::Error), QString("2.0e-05"));
        QVERIFY(textAt(model, 1, LayerTableModel::Notes).startsWith("more damping, 3 unused"));
        QVERIFY(model.index(1, 0).data(LayerTableModel::kRemediedRole).toBool());

        QSortFilterProxyModel sorted;
        const QAbstractItemModelTester tester(&sorted, QAbstractItemModelTester::FailureReportingMode::QtTest);
        sorted.setSourceModel(&model);
        sorted.setSortRole(LayerTableModel::kSortRole);
        sorted.sort(LayerTableModel::Block);
        QCOMPARE(textAt(sorted, 2, LayerTableModel::Block), QString("10"));  // not as text
        sorted.sort(LayerTableModel::Error, Qt::DescendingOrder);
        QCOMPARE(textAt(sorted, 0, LayerTableModel::Module), QString("up"));
        QCOMPARE(textAt(sorted, 2, LayerTableModel::Module), QString("down"));
    }

    void aSeriesKeepsTheRulesOfItemModels() {
        SeriesModel series("RAM", nullptr, 16);
        const QAbstractItemModelTester tester(&series, QAbstractItemModelTester::FailureReportingMode::QtTest);
        for (int i = 0; i < 100; ++i) series.append({i * 0.5, i * 2.0});
        QVERIFY(series.rowCount() <= 16);
        series.clear();
        QCOMPARE(series.rowCount(), 0);
    }

    void aLongSeriesKeepsItsEndsItsOrderAndItsPeak() {
        SeriesModel series("RAM", nullptr, 50);
        for (int i = 0; i < 10'000; ++i) series.append({double(i), i == 4321 ? 1e6 : i % 7});
        QVERIFY(series.points().size() <= 50);
        QCOMPARE(series.points().back().x(), 9999.0);
        QCOMPARE(series.peak(), 1e6);
        double highest = 0;
        for (qsizetype i = 0; i < series.points().size(); ++i) {
            highest = qMax(highest, series.points()[i].y());
            if (i > 0) QVERIFY(series.points()[i - 1].x() < series.points()[i].x());
        }
        QCOMPARE(highest, 1e6);
    }
};

QTEST_GUILESS_MAIN(ModelsTest)
#include "models_test.moc"
