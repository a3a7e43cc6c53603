// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The window as a user drives it: the demo model from Start to the measured result, pause, stop, and what goes wrong.

#include <QComboBox>
#include <QDropEvent>
#include <QFile>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QRegularExpression>
#include <QSpinBox>

#include "ui/window_fixture.h"

using gptq::test::Heartbeat;
using gptq::test::kTimesCount;
using gptq::test::WindowFixture;
using Mode = gptq::ui::RunCard::Mode;
using gptq::ui::Banner;
using gptq::ui::ComparePanel;
using gptq::ui::RunCard;
using gptq::ui::Side;

namespace {

constexpr int kAttempts = 3;  // at the times that are measured, on a machine that others use too
constexpr int kDemoLayers = 42;

void chooseSmallRun(WindowFixture& it) {
    it.field<QSpinBox>("Samples")->setValue(16);
    it.field<QSpinBox>("Sample length")->setValue(256);
}

void dropOnto(QWidget& window, const QString& path) {
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(path)});
    QDragEnterEvent enter(QPoint(300, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(300, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&window, &drop);
}

void checkResult(WindowFixture& it) {
    QVERIFY2(!it.child<Banner>()->isVisible(), qPrintable(it.child<Banner>()->text()));
    QCOMPARE(it.layersDone(), kDemoLayers);
    QVERIFY(QFile::exists(it.resultFolder() + "/model.safetensors"));
    const QString shown = it.child<RunCard>()->perplexityText();
    const auto figures = QRegularExpression("^([\\d.]+) → ([\\d.]+)$").match(shown);
    QVERIFY2(figures.hasMatch(), qPrintable(shown));
    QVERIFY2(qAbs(figures.captured(1).toDouble() - 19.70) < 0.02, qPrintable(shown));
    const double quantized = figures.captured(2).toDouble();
    QVERIFY2(quantized > 20.5 && quantized < 23.5, qPrintable(shown));
}

}  // namespace

class MainWindowTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void aRunGoesFromStartToBothPerplexitiesAndBothTextsAndNeverHangsTheWindow() {
        for (int attempt = 1; attempt <= kAttempts; ++attempt) {
            WindowFixture it;
            QVERIFY(it.openDemo());
            chooseSmallRun(it);
            const Heartbeat heartbeat;
            it.click("Start");
            QCOMPARE(it.mode(), Mode::Running);
            QVERIFY(!it.button("Start")->isEnabled());
            QVERIFY(it.reaches(Mode::Finished));
            checkResult(it);
            it.click("Continue");
            QVERIFY(QTest::qWaitFor([&] { return !it.session().compare().busy(); }, gptq::test::kPatienceMilliseconds));
            QVERIFY(it.child<ComparePanel>()->textOf(Side::Original).size() > 40);
            QVERIFY(it.child<ComparePanel>()->textOf(Side::Quantized).size() > 40);

            const qint64 most = heartbeat.percentile99(), longest = heartbeat.longest();
            qInfo("%zu heartbeats, 99 %% within %lld ms, the longest %lld ms", heartbeat.beats(), most, longest);
            if (!kTimesCount || (most <= 50 && longest <= 200)) return;
        }
        QFAIL("the window's thread was kept waiting");
    }

    void stopIsAcknowledgedAtOnceAndLeavesNothing() {
        WindowFixture it;
        QVERIFY(it.openDemo());
        it.click("Start");
        QVERIFY(it.finishesLayers(7));
        QElapsedTimer watch;
        watch.start();
        it.click("Stop");
        QCOMPARE(it.child<RunCard>()->title(), QString("Stopping…"));
        QVERIFY(it.button("Stopping…"));
        const qint64 acknowledged = watch.elapsed();
        QVERIFY(it.reaches(Mode::Ready));
        qInfo("stop: acknowledged after %lld ms, done after %lld ms", acknowledged, watch.elapsed());
        if (kTimesCount) QVERIFY(acknowledged <= 100);
        QCOMPARE(it.child<RunCard>()->title(), QString("Stopped"));
        QVERIFY(!QFile::exists(it.resultFolder()));
        QVERIFY(!QFile::exists(it.resultFolder() + ".partial"));
    }

    void aPausedRunWaitsAndGoesOn() {
        WindowFixture it;
        QVERIFY(it.openDemo());
        it.click("Start");
        QVERIFY(it.finishesLayers(3));
        it.click("Pause");
        QVERIFY(it.reaches(Mode::Paused));
        QVERIFY(it.button("Resume"));
        const int layers = it.layersDone();
        QTest::qWait(600);
        QCOMPARE(it.layersDone(), layers);
        it.click("Resume");
        QCOMPARE(it.mode(), Mode::Running);
        QVERIFY(it.finishesLayers(layers + 3));
        it.click("Pause");
        QVERIFY(it.reaches(Mode::Paused));
        it.click("Stop");  // also out of a pause
        QVERIFY(it.reaches(Mode::Ready));
    }

    void aFolderThatIsNoModelIsExplainedAndCannotBeStarted() {
        QTemporaryDir empty;
        WindowFixture it;
        it.window().openModel(empty.path());
        QVERIFY(QTest::qWaitFor([&] { return it.child<Banner>()->isVisible(); }));
        QVERIFY2(it.child<Banner>()->text().contains("config.json"), qPrintable(it.child<Banner>()->text()));
        QVERIFY(!it.button("Start")->isEnabled());
        it.click("Use the demo");
        QVERIFY(it.reaches(Mode::Ready));
        QVERIFY(!it.child<Banner>()->isVisible());
    }

    void aRunThatCannotSucceedSaysWhy() {
        WindowFixture it;
        QVERIFY(it.openDemo());
        QTemporaryDir folder;
        QFile text(folder.filePath("short.txt"));
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write("Only a few words.");
        text.close();
        dropOnto(it.window(), text.fileName());
        it.click("Start");
        QVERIFY(it.reaches(Mode::Ready));
        QVERIFY(it.child<Banner>()->isVisible());
        QVERIFY2(it.child<Banner>()->text().contains("short.txt"), qPrintable(it.child<Banner>()->text()));
        QVERIFY(!QFile::exists(it.resultFolder()));
    }

    void aDroppedFolderIsOpened() {
        WindowFixture it;
        dropOnto(it.window(), gptq::ui::ModelController::demoFolder());
        QVERIFY(it.reaches(Mode::Ready));
    }

    void memoryIsSampledWithTheEventsOfAShortRun() {
        WindowFixture it;
        QVERIFY(it.openDemo());
        chooseSmallRun(it);
        QList<gptq::ui::MemoryPoint> samples;
        connect(&it.session().quantization(), &gptq::ui::QuantizationController::memorySampled, this,
                [&](const gptq::ui::MemoryPoint& point) { samples.append(point); });
        it.click("Start");
        QVERIFY(
            QTest::qWaitFor([&] { return !it.session().quantization().busy(); }, gptq::test::kPatienceMilliseconds));
        const auto heartbeats = static_cast<int>(samples.back().seconds * 2) + 1;
        QVERIFY2(samples.size() > heartbeats + 3,
                 qPrintable(QString("%1 samples, %2 heartbeats").arg(samples.size()).arg(heartbeats)));
        double most = 0;
        for (const gptq::ui::MemoryPoint& sample : samples) most = std::max(most, sample.deviceBytes);
        QVERIFY(most > 1e6);
    }

    void theRestOfTheTextIsMeasuredOnlyWhereThereIsOne() {
        WindowFixture it;
        QVERIFY(it.openDemo());
        chooseSmallRun(it);
        auto* measure = it.field<QComboBox>("Measure on");
        measure->setCurrentIndex(measure->findText("Rest of the text"));
        it.click("Start");
        QVERIFY(it.reaches(Mode::Finished));
        QVERIFY(it.child<RunCard>()->perplexityText().contains("→"));

        QTemporaryDir folder;  // a text of which nothing is left over
        QFile stories(gptq::ui::ModelController::demoFolder() + "/calibration.txt"), part(folder.filePath("part.txt"));
        QVERIFY(stories.open(QIODevice::ReadOnly) && part.open(QIODevice::WriteOnly));
        part.write(stories.read(12'000).left(11'990));
        part.close();
        dropOnto(it.window(), part.fileName());
        it.field<QSpinBox>("Samples")->setValue(1000);
        it.field<QSpinBox>("Sample length")->setValue(64);
        it.click("Start");
        QVERIFY(it.reaches(Mode::Running));
        QVERIFY(it.reaches(Mode::Finished));
        QCOMPARE(it.child<RunCard>()->perplexityText(), QString("not measured"));
    }

    void closingDuringARunAsksFirst() {
        WindowFixture it;
        QVERIFY(it.openDemo());
        it.click("Start");
        QVERIFY(it.finishesLayers(1));
        const auto answer = [&](const QString& wanted) {
            QTimer::singleShot(0, &it.window(), [wanted] {
                const auto* box = qobject_cast<QMessageBox*>(QApplication::activeModalWidget());
                QVERIFY(box);
                for (QAbstractButton* button : box->buttons())
                    if (button->text().remove('&') == wanted) button->click();
            });
            return it.window().close();
        };
        QVERIFY(!answer("Keep running"));
        QVERIFY(it.window().isVisible());
        QCOMPARE(it.mode(), Mode::Running);
        QVERIFY(answer("Stop and quit"));
        QVERIFY(it.reaches(Mode::Ready));
        QVERIFY(!QFile::exists(it.resultFolder()));
    }
};

QTEST_MAIN(MainWindowTest)
#include "main_window_test.moc"
