// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/controllers/quantization_controller.h"

#include <algorithm>

#include "core/quantization/job.h"
#include "core/quantization/process_memory.h"
#include "ui/controllers/paths.h"

namespace gptq::ui {
namespace {

constexpr int kHandOutMilliseconds = 50;
constexpr int kHeartbeatMilliseconds = 500;
constexpr int kLayersBeforeTimeLeft = 8;  // two blocks' worth of stages would be late on large models; one is too few

QuantizationPlan planOf(const RunSettings& settings) {
    QuantizationPlan plan;
    plan.model = toPath(settings.model);
    plan.calibration = toPath(settings.calibration);
    plan.output = toPath(settings.output);
    plan.method = settings.method.toStdString();
    plan.format = settings.symmetric ? "gptq" : "gptq-v2";  // v1 cannot hold every zero
    plan.scheme.bits = settings.bits;
    plan.scheme.groupSize = settings.groupSize;
    plan.scheme.symmetric = settings.symmetric;
    plan.options.damping = settings.damping;
    plan.options.actOrder = settings.actOrder;
    plan.samples.samples = settings.samples;
    plan.samples.sequenceLength = settings.sequenceLength;
    plan.tokenizerThreads = engineThreads();
    return plan;
}

LayerResult::Remedy remedyOf(SolveOutcome outcome) {
    switch (outcome) {
        case SolveOutcome::AsAsked: return LayerResult::Remedy::None;
        case SolveOutcome::MoreDamping: return LayerResult::Remedy::MoreDamping;
        case SolveOutcome::DiagonalFloor: return LayerResult::Remedy::DiagonalFloor;
        case SolveOutcome::RoundedToNearest: return LayerResult::Remedy::RoundedToNearest;
    }
    return LayerResult::Remedy::None;
}

QString kindOf(const QString& module) {
    QString kind = module.section(QLatin1Char('.'), -1);
    if (kind.endsWith(QLatin1String("_proj"))) kind.chop(5);
    return kind;
}

LayerResult resultOf(const LayerQuantized& event) {
    const ModuleReport& report = event.report;
    LayerResult layer;
    layer.block = static_cast<int>(event.block);
    layer.name = QString::fromStdString(report.name);
    layer.kind = kindOf(layer.name);
    layer.rows = report.rows;
    layer.columns = report.columns;
    layer.bits = report.scheme.bits;
    layer.error = report.relativeError;
    layer.damping = report.damping;
    layer.remedy = remedyOf(report.outcome);
    layer.deadColumns = report.deadColumns;
    layer.seconds = event.seconds;
    return layer;
}

}  // namespace

// Puts the job's events into the mailbox; lives as long as the job.
class QuantizationController::Sink final : public ProgressSink {
public:
    explicit Sink(std::shared_ptr<Mailbox<ProgressEvent>> mail) : m_mail(std::move(mail)) {}
    void receive(const ProgressEvent& event) override { m_mail->post(event); }

private:
    std::shared_ptr<Mailbox<ProgressEvent>> m_mail;
};

QuantizationController::QuantizationController(EngineThread& engine, QObject* parent)
    : QObject(parent), m_engine(engine), m_handOut(kHandOutMilliseconds, [this] { handOut(); }) {
    m_heartbeat.setInterval(kHeartbeatMilliseconds);
    connect(&m_heartbeat, &QTimer::timeout, this, &QuantizationController::beat);
    m_mail = std::make_shared<Mailbox<ProgressEvent>>([this] {
        QMetaObject::invokeMethod(
            this, [this] { m_handOut.request(); }, Qt::QueuedConnection);
    });
}

QuantizationController::~QuantizationController() = default;

void QuantizationController::start(const RunSettings& settings) {
    if (busy()) return;
    m_settings = settings;
    m_progress = {};
    m_memory = {};
    m_finished = {};
    m_tokens = 0;
    m_pausedMilliseconds = 0;
    m_pauseWatch.invalidate();
    m_watch.start();
    m_mail->take();
    const auto job = [plan = planOf(settings), mail = m_mail](Engine& engine, JobControl& control) {
        engine.closeModels();
        Sink sink(mail);
        if (runQuantization(engine.backend(), plan, sink, control).stopped) throw Stopped();
    };
    m_control = m_engine.submit(this, job, [this](const JobOutcome& outcome) { end(outcome); });
    setState(State::Running);
    m_heartbeat.start();
    beat();
}

void QuantizationController::pause() {
    if (m_state != State::Running) return;
    m_control->setPaused(true);
    setState(State::Pausing);
}

void QuantizationController::resume() {
    if (m_state != State::Pausing && m_state != State::Paused) return;
    m_control->setPaused(false);
    if (m_pauseWatch.isValid()) m_pausedMilliseconds += m_pauseWatch.elapsed();
    m_pauseWatch.invalidate();
    setState(State::Running);
}

void QuantizationController::stop() {
    if (!busy() || m_state == State::Stopping) return;
    m_control->requestStop();
    setState(State::Stopping);
}

void QuantizationController::setState(State state) {
    if (m_state == state) return;
    m_state = state;
    emit stateChanged(state);
}

void QuantizationController::handOut() {
    QList<LayerResult> layers;
    m_memoryIsNew = false;
    for (const ProgressEvent& event : m_mail->take()) handle(event, layers);
    if (!layers.isEmpty()) emit layersFinished(layers);
    if (busy()) {
        updateTimeLeft();
        emit progressed(m_progress);
    }
    if (m_memoryIsNew) sampleMemory();
}

void QuantizationController::handle(const ProgressEvent& event, QList<LayerResult>& layers) {
    if (const auto* begun = std::get_if<JobStarted>(&event)) {
        m_progress.layers = static_cast<int>(begun->modules);
        m_tokens = begun->samples * begun->sequenceLength;
        m_memory.ownMemory = begun->device != "cpu";
        emit started({QString::fromStdString(begun->device), static_cast<int>(begun->blocks),
                      static_cast<int>(begun->modules), begun->samples, begun->sequenceLength});
    } else if (const auto* phase = std::get_if<PhaseChanged>(&event)) {
        m_progress.phase = static_cast<RunPhase>(phase->phase);
    } else if (const auto* layer = std::get_if<LayerQuantized>(&event)) {
        layers.append(resultOf(*layer));
        m_progress.layersDone = static_cast<int>(layer->index);
        m_progress.lastLayer = layers.back().name;
    } else if (const auto* step = std::get_if<StepProgress>(&event)) {
        m_progress.done = step->done;
    } else if (const auto* sample = std::get_if<MemorySample>(&event)) {
        // The most of those that came together: a job may be over before the next heartbeat.
        const auto used = static_cast<double>(sample->device.used), own = static_cast<double>(sample->processBytes);
        m_memory.deviceBytes = m_memoryIsNew ? std::max(m_memory.deviceBytes, used) : used;
        m_memory.processBytes = m_memoryIsNew ? std::max(m_memory.processBytes, own) : own;
        m_memoryIsNew = true;
        m_memory.deviceTotal = static_cast<double>(sample->device.total);
    } else if (const auto* warning = std::get_if<Warning>(&event)) {
        emit warned(QString::fromStdString(warning->text));
    } else if (const auto* paused = std::get_if<Paused>(&event)) {
        if (!paused->paused || m_state != State::Pausing) return;
        m_pauseWatch.start();
        setState(State::Paused);
    } else if (const auto* done = std::get_if<JobFinished>(&event)) {
        m_finished = *done;
    }
}

// A sign of life between events: time goes on, memory moves.
void QuantizationController::beat() {
    updateTimeLeft();
    emit progressed(m_progress);
    m_memory.processBytes = static_cast<double>(anonymousBytes());
    sampleMemory();
}

void QuantizationController::sampleMemory() {
    m_memory.seconds = static_cast<double>(m_watch.elapsed()) / 1000.0;
    emit memorySampled(m_memory);
}

double QuantizationController::secondsAtWork() const {
    const qint64 pause = m_pausedMilliseconds + (m_pauseWatch.isValid() ? m_pauseWatch.elapsed() : 0);
    return static_cast<double>(m_watch.elapsed() - pause) / 1000.0;
}

void QuantizationController::updateTimeLeft() {
    const double done = m_progress.done, seconds = secondsAtWork();
    m_progress.seconds = seconds;
    m_progress.secondsLeft =
        m_progress.layersDone < kLayersBeforeTimeLeft || done <= 0 ? -1 : seconds * (1 - done) / done;
}

void QuantizationController::end(const JobOutcome& outcome) {
    handOut();
    m_heartbeat.stop();
    m_control.reset();
    const double seconds = secondsAtWork();
    setState(State::Idle);
    switch (outcome.kind) {
        case JobOutcome::Kind::Failed: emit failed(outcome.message); return;
        case JobOutcome::Kind::Stopped: emit stopped(); return;
        case JobOutcome::Kind::Done: break;
    }
    RunResult result;
    result.output = m_settings.output;
    result.meanError = m_finished.meanRelativeError;
    result.bitsPerWeight = m_finished.bitsPerWeight;
    result.seconds = seconds;
    result.outputBytes = static_cast<qint64>(m_finished.outputBytes);
    result.layers = static_cast<int>(m_finished.reports.size());
    result.remedied = static_cast<int>(std::count_if(m_finished.reports.begin(), m_finished.reports.end(),
                                                     [](auto& r) { return r.outcome != SolveOutcome::AsAsked; }));
    result.tokensUsed = m_tokens;
    emit finished(result);
}

}  // namespace gptq::ui
