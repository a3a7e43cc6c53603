// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Runs the main job on the engine thread, and tells the window about it at most 20 times a second.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include "core/quantization/progress.h"
#include "ui/controllers/engine_thread.h"
#include "ui/controllers/mailbox.h"
#include "ui/controllers/run_values.h"
#include "ui/controllers/throttle.h"

namespace gptq::ui {

class QuantizationController final : public QObject {
    Q_OBJECT

public:
    enum class State : std::uint8_t { Idle, Running, Pausing, Paused, Stopping };
    Q_ENUM(State)

    explicit QuantizationController(EngineThread& engine, QObject* parent = nullptr);
    ~QuantizationController() override;

    void start(const RunSettings& settings);
    void pause();
    void resume();
    void stop();  // nothing is left where the output was asked for

    State state() const { return m_state; }
    bool busy() const { return m_state != State::Idle; }
    const RunSettings& settings() const { return m_settings; }  // of the run that goes on or was last

signals:
    void stateChanged(gptq::ui::QuantizationController::State state);
    void started(const gptq::ui::RunStart& start);
    void layersFinished(const QList<gptq::ui::LayerResult>& layers);
    void progressed(const gptq::ui::RunProgress& progress);  // also twice a second as a sign of life
    void memorySampled(const gptq::ui::MemoryPoint& point);
    void warned(const QString& text);
    void finished(const gptq::ui::RunResult& result);
    void stopped();
    void failed(const QString& message);

private:
    class Sink;

    void setState(State state);
    void handOut();
    void handle(const ProgressEvent& event, QList<LayerResult>& layers);
    void beat();
    void sampleMemory();
    void end(const JobOutcome& outcome);
    double secondsAtWork() const;
    void updateTimeLeft();

    EngineThread& m_engine;
    State m_state = State::Idle;
    RunSettings m_settings;
    std::shared_ptr<JobControl> m_control;
    std::shared_ptr<Mailbox<ProgressEvent>> m_mail;
    Throttle m_handOut;
    QTimer m_heartbeat;
    QElapsedTimer m_watch;
    QElapsedTimer m_pauseWatch;  // valid while paused
    qint64 m_pausedMilliseconds = 0;
    RunProgress m_progress;
    MemoryPoint m_memory;
    bool m_memoryIsNew = false;  // the events that are being handed out brought a sample
    qint64 m_tokens = 0;
    JobFinished m_finished;
};

}  // namespace gptq::ui
