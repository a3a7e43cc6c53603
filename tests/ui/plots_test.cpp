// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Plots draw at most ten times a second, and not while nobody sees them.

#include <QStandardPaths>
#include <QTest>

#include "ui/plots/error_plot.h"
#include "ui/plots/memory_plot.h"
#include "ui/theme.h"

using gptq::ui::ErrorPlot;
using gptq::ui::LayerResult;
using gptq::ui::MemoryPlot;

namespace {

LayerResult layer(int block, const QString& kind, double error) {
    LayerResult result;
    result.block = block;
    result.kind = kind;
    result.error = error;
    return result;
}

}  // namespace

class PlotsTest : public QObject {
    Q_OBJECT

private slots:
    void aFloodOfLayersIsDrawnTenTimesASecond() {
        ErrorPlot plot;
        plot.resize(600, 300);
        plot.show();
        plot.clear(32);
        QTest::qWait(250);
        const int before = plot.replots();
        QElapsedTimer watch;
        watch.start();
        for (int i = 0; watch.elapsed() < 1000; ++i) {
            plot.append({layer(i % 32, "q", 0.001 * (1 + i % 50))});
            QTest::qWait(2);
        }
        const int drawn = plot.replots() - before;
        QVERIFY2(drawn >= 3 && drawn <= 12, qPrintable(QString::number(drawn)));
    }

    void nothingIsDrawnWhileHidden() {
        ErrorPlot errors;
        MemoryPlot memory;
        for (int i = 0; i < 50; ++i) {
            errors.append({layer(i, "down", 0.01)});
            memory.append({i * 0.5, 1e8, 2e7, 0, false});
            QTest::qWait(5);
        }
        QCOMPARE(errors.replots(), 0);
        QCOMPARE(memory.replots(), 0);
        memory.show();
        QTRY_VERIFY(memory.replots() > 0);
    }

    void aPlotSaysInWordsWhatItShows() {
        ErrorPlot errors;
        errors.append({layer(0, "q", 0.01), layer(3, "down", 0.2), layer(4, "up", 0)});
        QVERIFY(errors.summary().contains("0.2000, in down of block 3"));
        MemoryPlot memory;
        QVERIFY(memory.summary().isEmpty());
        memory.append({0, 200.0 * (1 << 20), 1, 0, false});
        QCOMPARE(memory.summary(), QString("peak 200 MiB"));
    }

    void everyThemeHasAColourForEachKindOfLayer() {
        gptq::ui::Theme theme(*qApp, gptq::ui::Theme::Choice::Dark);
        QVERIFY(theme.dark());
        QVERIFY(gptq::ui::Theme::colours().series.size() >= 7);
        QVERIFY(gptq::ui::Theme::colours().panel.lightness() < 128);
        theme.choose(gptq::ui::Theme::Choice::Light);
        QVERIFY(gptq::ui::Theme::colours().panel.lightness() > 128);
        QVERIFY(gptq::ui::Theme::colours().series.size() >= 7);
    }
};

QTEST_MAIN(PlotsTest)
#include "plots_test.moc"
