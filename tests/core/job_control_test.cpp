// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Stopping and pausing, alone and in the midst of a job.
#include "core/quantization/job_control.h"

#include <QTest>
#include <atomic>
#include <future>
#include <thread>

#include "support/job_run.h"

namespace gptq::test {

using namespace std::chrono_literals;

class JobControlTest : public QObject {
    Q_OBJECT

private slots:
    void aCheckpointReturnsOrThrows();
    void pausesAreTold();
    void aStopEndsAPause();
    void aStopAtAnyEventLeavesNothing();
    void aPausedJobWaitsAndGoesOn();
    void aPausedJobCanBeStopped();
    void nothingIsToldAfterTheJob();
};

void JobControlTest::aCheckpointReturnsOrThrows() {
    JobControl control;
    control.checkpoint();
    QVERIFY(!control.stopRequested());
    control.requestStop();
    QVERIFY(control.stopRequested());
    QVERIFY_EXCEPTION_THROWN(control.checkpoint(), Stopped);
    QVERIFY_EXCEPTION_THROWN(control.checkpoint(), Stopped);  // again and again
}

void JobControlTest::pausesAreTold() {
    JobControl control;
    std::vector<bool> told;
    std::promise<void> waiting;
    control.tellPauses([&](bool paused) {
        told.push_back(paused);
        if (paused) waiting.set_value();
    });
    control.checkpoint();
    QVERIFY(told.empty());
    control.setPaused(true);
    auto job = std::async(std::launch::async, [&] { control.checkpoint(); });
    waiting.get_future().wait();
    QVERIFY(job.wait_for(20ms) == std::future_status::timeout);
    control.setPaused(false);
    job.get();
    QCOMPARE(told, (std::vector<bool>{true, false}));
}

void JobControlTest::aStopEndsAPause() {
    JobControl control;
    std::vector<bool> told;
    control.tellPauses([&](bool paused) { told.push_back(paused); });
    control.setPaused(true);
    auto job = std::async(std::launch::async, [&] { control.checkpoint(); });
    QVERIFY(job.wait_for(20ms) == std::future_status::timeout);
    control.requestStop();
    QVERIFY_EXCEPTION_THROWN(job.get(), Stopped);
    QCOMPARE(told, std::vector<bool>{true});
}

void JobControlTest::aStopAtAnyEventLeavesNothing() {
    TinyModel tiny;
    tiny.layers = 1;
    const JobScene scene(tiny);
    std::size_t count = 0;
    {
        RecordingSink sink;
        JobControl control;
        scene.run(sink, control);
        count = sink.events.size();
        std::filesystem::remove_all(scene.plan.output);
    }
    QVERIFY(count > 20);
    for (std::size_t at = 0; at + 1 < count; ++at) {  // the last one says that it is done
        RecordingSink sink;
        JobControl control;
        sink.onEvent = [&](const ProgressEvent&) {
            if (sink.events.size() == at + 1) control.requestStop();
        };
        const JobFinished result = scene.run(sink, control);
        QVERIFY(result.stopped);
        QVERIFY(std::holds_alternative<JobFinished>(sink.events.back()) && sink.of<JobFinished>().size() == 1);
        QVERIFY(sink.of<JobFinished>()[0].stopped);
        QVERIFY2(scene.nothingIsLeft(), qPrintable(QString("event %1").arg(at)));
    }
}

// Runs on a thread of its own; `paused` is ready when the job waits.
struct PausedJob {
    explicit PausedJob(const JobScene& scene) {
        sink.onEvent = [this](const ProgressEvent& event) {
            count = sink.events.size();
            if (const auto* layer = std::get_if<LayerQuantized>(&event); layer && layer->index == 4)
                control.setPaused(true);
            if (const auto* told = std::get_if<Paused>(&event); told && told->paused) waiting.set_value();
        };
        result = std::async(std::launch::async, [&] { return scene.run(sink, control); });
        waiting.get_future().wait();
    }

    RecordingSink sink;
    JobControl control;
    std::atomic<std::size_t> count = 0;
    std::promise<void> waiting;
    std::future<JobFinished> result;
};

void JobControlTest::aPausedJobWaitsAndGoesOn() {
    JobScene scene;
    scene.run();
    const auto expected = filesIn(scene.plan.output);
    scene.plan.output = scene.folder / "paused";
    PausedJob job(scene);
    const std::size_t before = job.count;
    QVERIFY(job.result.wait_for(50ms) == std::future_status::timeout);
    QCOMPARE(job.count.load(), before);
    job.control.setPaused(false);
    QVERIFY(!job.result.get().stopped);
    QVERIFY(filesIn(scene.plan.output) == expected);
    const std::vector<Paused> told = job.sink.of<Paused>();
    QVERIFY(told.size() == 2 && told[0].paused && !told[1].paused);
}

void JobControlTest::aPausedJobCanBeStopped() {
    const JobScene scene;
    PausedJob job(scene);
    job.control.requestStop();
    QVERIFY(job.result.get().stopped);
    QVERIFY(scene.nothingIsLeft());
}

void JobControlTest::nothingIsToldAfterTheJob() {
    const JobScene scene;
    JobControl control;
    {
        RecordingSink sink;
        scene.run(sink, control);
    }
    control.setPaused(true);
    auto later = std::async(std::launch::async, [&] { control.checkpoint(); });
    QVERIFY(later.wait_for(20ms) == std::future_status::timeout);
    control.setPaused(false);
    later.get();
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::JobControlTest)
#include "job_control_test.moc"
