// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The one thread that does the engine's work, in order. Jobs go in; what they find comes back to the thread of its receiver.
#pragma once

#include <QObject>
#include <QString>
#include <QThread>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "core/quantization/job_control.h"
#include "ui/controllers/engine.h"

namespace gptq::ui {

struct JobOutcome {
    enum class Kind : std::uint8_t { Done, Stopped, Failed };
    Kind kind = Kind::Done;
    QString message;  // of a failure: what happened, where, why, what to do
};

class EngineThread final : public QObject {
    Q_OBJECT

public:
    using Job = std::function<void(Engine& engine, JobControl& control)>;
    using Ended = std::function<void(const JobOutcome& outcome)>;

    explicit EngineThread(const DeviceOptions& options, QObject* parent = nullptr);
    ~EngineThread() override;  // shuts down

    // Runs `job` behind all that were submitted before. It may throw; `ended` is called with the outcome, on the thread of
    // `receiver`, which must live until then or until shutDown() has returned.
    std::shared_ptr<JobControl> submit(QObject* receiver, Job job, Ended ended);

    // Stops the job that runs, forgets those that wait, and ends the thread.
    void shutDown();

private:
    JobOutcome run(const Job& job, JobControl& control);

    QThread m_thread;
    std::unique_ptr<QObject> m_worker;  // its events are the queue
    std::unique_ptr<Engine> m_engine;   // made, used and destroyed on the thread
    std::mutex m_mutex;
    std::shared_ptr<JobControl> m_running;
    bool m_closing = false;
};

// How many threads the engine computes with on the CPU: one processor is left to the window.
int engineThreads();

}  // namespace gptq::ui
