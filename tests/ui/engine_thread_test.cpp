// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Jobs run in order on one thread; what they throw comes back as words; shutting down ends what runs and drops what waits.

#include <QSemaphore>
#include <QTest>
#include <thread>

#include "ui/controllers/engine_thread.h"

using gptq::DeviceOptions;
using gptq::Error;
using gptq::JobControl;
using gptq::ui::Engine;
using gptq::ui::EngineThread;
using gptq::ui::JobOutcome;

class EngineThreadTest : public QObject {
    Q_OBJECT

private slots:
    void jobsRunInOrderOnOneThreadAndAnswerOnTheReceivers() {
        EngineThread engine(DeviceOptions{1});
        QList<int> ran, answered;
        std::vector<std::thread::id> threads;
        for (int i = 0; i < 20; ++i) {
            engine.submit(
                this,
                [&, i](Engine&, JobControl&) {
                    ran << i;
                    threads.push_back(std::this_thread::get_id());
                },
                [&, i](const JobOutcome& outcome) {
                    QCOMPARE(outcome.kind, JobOutcome::Kind::Done);
                    QCOMPARE(QThread::currentThread(), thread());
                    answered << i;
                });
        }
        QTRY_COMPARE(answered.size(), 20);
        QVERIFY(std::is_sorted(ran.begin(), ran.end()) && std::is_sorted(answered.begin(), answered.end()));
        for (const auto& id : threads) QVERIFY(id == threads.front() && id != std::this_thread::get_id());
    }

    void whatAJobThrowsComesBackAsItsOutcome() {
        EngineThread engine(DeviceOptions{1});
        QList<JobOutcome> outcomes;
        const auto note = [&](const JobOutcome& outcome) { outcomes << outcome; };
        engine.submit(
            this, [](Engine&, JobControl&) { throw Error("the file ", 7, " is not there"); }, note);
        engine.submit(
            this, [](Engine&, JobControl&) { throw std::bad_alloc(); }, note);
        const auto control = engine.submit(
            this,
            [](Engine&, JobControl& control) {
                for (;;) control.checkpoint();
            },
            note);
        control->requestStop();
        engine.submit(
            this, [](Engine& engine, JobControl&) { engine.backend(); }, note);  // and the thread goes on
        QTRY_COMPARE(outcomes.size(), 4);
        QCOMPARE(outcomes[0].kind, JobOutcome::Kind::Failed);
        QCOMPARE(outcomes[0].message, QString("the file 7 is not there"));
        QVERIFY(outcomes[1].message.contains("memory"));
        QCOMPARE(outcomes[2].kind, JobOutcome::Kind::Stopped);
        QCOMPARE(outcomes[3].kind, JobOutcome::Kind::Done);
    }

    void shuttingDownStopsWhatRunsAndDropsWhatWaits() {
        EngineThread engine(DeviceOptions{1});
        QSemaphore running;
        bool waited = false, answered = false;
        engine.submit(
            this,
            [&](Engine&, JobControl& control) {
                running.release();
                for (;;) control.checkpoint();
            },
            [&](const JobOutcome&) { answered = true; });
        engine.submit(
            this, [&](Engine&, JobControl&) { waited = true; }, [&](const JobOutcome&) { answered = true; });
        running.acquire();
        engine.shutDown();
        QCoreApplication::processEvents();
        QVERIFY(!waited);
        QVERIFY(!answered);
    }
};

QTEST_GUILESS_MAIN(EngineThreadTest)
#include "engine_thread_test.moc"
