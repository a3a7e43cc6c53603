// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The window through a whole run of the demo on the best device there is, as pictures in the folder GPTQ_STUDIO_PICTURES.

#include <QDir>

#include "ui/plots/memory_plot.h"
#include "ui/window_fixture.h"

using gptq::test::WindowFixture;
using Mode = gptq::ui::RunCard::Mode;
using gptq::ui::ComparePanel;
using gptq::ui::RunCard;
using gptq::ui::Side;
using gptq::ui::Theme;

class PicturesTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        QStandardPaths::setTestModeEnabled(true);
        m_folder = qEnvironmentVariable("GPTQ_STUDIO_PICTURES");
        if (m_folder.isEmpty()) QSKIP("GPTQ_STUDIO_PICTURES names no folder");
        QVERIFY(QDir().mkpath(m_folder));
    }

    void aRunOfTheDemo_data() {
        QTest::addColumn<int>("choice");
        QTest::addColumn<QSize>("size");
        QTest::newRow("light") << static_cast<int>(Theme::Choice::Light) << QSize(1440, 900);
        QTest::newRow("dark") << static_cast<int>(Theme::Choice::Dark) << QSize(1280, 800);
    }
    void aRunOfTheDemo() {
        QFETCH(int, choice);
        QFETCH(QSize, size);
        WindowFixture it(static_cast<Theme::Choice>(choice));
        it.window().resize(size);
        QString device;
        connect(&it.session(), &gptq::ui::Session::devicesFound, this,
                [&](const gptq::ui::DeviceSummary& found) { device = found.name; });
        it.session().findDevices();
        QVERIFY(it.openDemo());
        save(it, "1-ready");
        QElapsedTimer clock;
        clock.start();
        it.click("Start");
        QVERIFY(it.finishesLayers(14));
        save(it, "2-running");
        QVERIFY(it.finishesLayers(30));
        save(it, "3-running");
        QVERIFY(it.reaches(Mode::Finished));
        const qint64 milliseconds = clock.elapsed();
        save(it, "4-finished");
        const QString memory = it.child<gptq::ui::MemoryPlot>()->summary();
        QVERIFY2(memory.startsWith("peak"), qPrintable(memory));
        it.click("Continue");
        QVERIFY(QTest::qWaitFor([&] { return !it.session().compare().busy(); }, gptq::test::kPatienceMilliseconds));
        for (const Side side : {Side::Original, Side::Quantized})
            QVERIFY(it.child<ComparePanel>()->textOf(side).size() > 40);
        save(it, "5-continued");
        qInfo("%s: quantized and measured in %.1f s, perplexity %s, memory %s", qPrintable(device),
              static_cast<double>(milliseconds) / 1000, qPrintable(it.child<RunCard>()->perplexityText()),
              qPrintable(memory));
    }

private:
    void save(WindowFixture& it, const QString& name) {
        const QString file = QString("%1/%2-%3.png").arg(m_folder, QTest::currentDataTag(), name);
        QTest::qWait(100);  // what changed last is laid out by an event that is still to come
        QVERIFY2(it.window().grab().save(file), qPrintable(file));
    }

    QString m_folder;
};

QTEST_MAIN(PicturesTest)
#include "pictures_test.moc"
