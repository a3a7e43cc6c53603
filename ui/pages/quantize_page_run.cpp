// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The page while a run goes on: from Start to the measured result.

#include <QDesktopServices>
#include <QDir>
#include <QUrl>

#include "core/io/resources.h"
#include "ui/controllers/paths.h"
#include "ui/pages/quantize_page.h"
#include "ui/text_format.h"

namespace gptq::ui {

namespace {

// The engine's warnings begin in lower case, or with the name of a layer, which stays as it is.
QString asSentence(const QString& text) {
    const bool name = text.section(QLatin1Char(' '), 0, 0).contains(QLatin1Char('.'));
    return name ? text : text.left(1).toUpper() + text.mid(1);
}

}  // namespace

constexpr qint64 kRestWindows =
    16;  // of the calibration text's rest: enough to see what was lost, soon enough to wait for

void QuantizePage::connectRun() {
    QuantizationController& run = m_session.quantization();
    connect(m_run, &RunCard::startRequested, this, &QuantizePage::start);
    connect(m_run, &RunCard::pauseRequested, this, &QuantizePage::pauseOrResume);
    connect(m_run, &RunCard::stopRequested, this, &QuantizePage::stop);
    connect(m_run, &RunCard::openResultRequested, this,
            [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(m_result.output)); });
    connect(&run, &QuantizationController::stateChanged, this, &QuantizePage::showState);
    connect(&run, &QuantizationController::started, this,
            [this](const RunStart& begun) { m_errorPlot->clear(begun.blocks); });
    connect(&run, &QuantizationController::layersFinished, this, [this](const QList<LayerResult>& layers) {
        m_layers->append(layers);
        m_errorPlot->append(layers);
    });
    connect(&run, &QuantizationController::progressed, this, &QuantizePage::showProgress);
    connect(&run, &QuantizationController::memorySampled, m_memoryPlot, &MemoryPlot::append);
    connect(&run, &QuantizationController::warned, this, [this](const QString& text) {
        m_banner->show(Banner::Kind::Warning, tr("Worth knowing about this run"), asSentence(text));
    });
    connect(&run, &QuantizationController::finished, this, &QuantizePage::finish);
    connect(&run, &QuantizationController::stopped, this, [this] {
        m_run->setProgress(0);
        setMode(RunCard::Mode::Ready, tr("Stopped"), tr("Nothing was written."));
    });
    connect(&run, &QuantizationController::failed, this, [this](const QString& message) {
        m_run->setProgress(0);
        setMode(RunCard::Mode::Ready, tr("The run failed"), tr("Nothing was written. The message above says why."));
        showProblem(tr("The run failed"), message);
    });
}

void QuantizePage::connectEvaluation() {
    EvaluationController& evaluation = m_session.evaluation();
    connect(&evaluation, &EvaluationController::progressed, this, [this](double done) {
        m_run->showMeasuring(done);
        m_run->setProgress(done);
    });
    connect(&evaluation, &EvaluationController::finished, this, [this](const EvaluationResult& result) {
        m_run->showPerplexity(result);
        showFinished();
    });
    connect(&evaluation, &EvaluationController::stopped, this, [this] {
        m_run->showNoPerplexity(tr("stopped before the end"));
        showFinished();
    });
    connect(&evaluation, &EvaluationController::impossible, this, [this](const QString& reason) {
        m_run->showNoPerplexity(reason);
        showFinished();
    });
    connect(&evaluation, &EvaluationController::failed, this, [this](const QString& message) {
        m_run->showNoPerplexity(tr("the message above says why"));
        showFinished();
        m_banner->show(Banner::Kind::Warning, tr("The result is saved, but its perplexity was not measured"), message);
    });
}

bool QuantizePage::busy() const {
    return m_session.quantization().busy() || m_session.evaluation().busy();
}

void QuantizePage::start() {
    if (busy() || !m_model.usable() || m_session.compare().busy()) return;
    RunSettings settings = m_setup->settings();
    if (settings.calibration.isEmpty()) {
        showProblem(tr("There is no calibration text"), tr("Choose a text file, or drop one onto the window."));
        return;
    }
    if (settings.output.isEmpty() || QDir::isRelativePath(settings.output)) {
        showProblem(tr("There is no folder for the result"),
                    tr("Name a new folder by its whole path, on the left at the bottom."));
        return;
    }
    m_banner->dismiss();
    m_run->clearResults(m_model.weightBytes);
    m_layers->clear();
    m_errorPlot->clear(m_model.layers);
    m_memoryPlot->clear();
    m_compare->setModels(m_model.folder, {});
    m_progress = {};
    m_session.quantization().start(settings);
}

void QuantizePage::pauseOrResume() {
    QuantizationController& run = m_session.quantization();
    if (run.state() == QuantizationController::State::Running) run.pause();
    else run.resume();
}

void QuantizePage::stop() {
    m_session.quantization().stop();
    if (!m_session.evaluation().busy()) return;
    m_session.evaluation().stop();
    setMode(RunCard::Mode::Stopping, tr("Stopping…"),
            tr("The quantized model is saved; only the measurement is given up."));
}

void QuantizePage::showState(QuantizationController::State state) {
    using State = QuantizationController::State;
    switch (state) {
        case State::Idle: return;  // what ended it says more
        case State::Running: setMode(RunCard::Mode::Running, {}, {}); break;
        case State::Pausing:
            setMode(RunCard::Mode::Pausing, tr("Pausing…"), tr("The current step is finished first."));
            return;
        case State::Paused: setMode(RunCard::Mode::Paused, tr("Paused"), tr("Resume goes on where it was.")); return;
        case State::Stopping: setMode(RunCard::Mode::Stopping, tr("Stopping…"), tr("Nothing will be written.")); return;
    }
    showProgress(m_progress);
}

void QuantizePage::showProgress(const RunProgress& progress) {
    m_progress = progress;
    m_run->setProgress(progress.done);
    if (m_session.quantization().state() != QuantizationController::State::Running) return;
    const QString elapsed = tr("%1 elapsed").arg(durationText(progress.seconds));
    const QString left = progress.secondsLeft < 0 ? tr("estimating the time left")
                                                  : tr("about %1 left").arg(durationText(progress.secondsLeft));
    switch (progress.phase) {
        case RunPhase::Reading: m_run->setWords(tr("Reading model and text"), elapsed); break;
        case RunPhase::Quantizing:
            m_run->setWords(tr("Quantizing: %1 of %2 layers").arg(progress.layersDone).arg(progress.layers),
                            QStringLiteral("%1, %2").arg(elapsed, left));
            break;
        case RunPhase::Writing: m_run->setWords(tr("Writing the result"), elapsed); break;
    }
}

void QuantizePage::finish(const RunResult& result) {
    m_result = result;
    m_run->showResult(result, m_model.weightBytes);
    m_compare->setModels(m_model.folder, result.output);
    m_setup->proposeOutput();
    measure(result);
}

void QuantizePage::measure(const RunResult& result) {
    EvaluationRequest request;
    request.originalModel = m_model.folder;
    request.quantizedModel = result.output;
    request.sequenceLength = m_model.context;
    switch (m_setup->text().measureOn()) {
        case MeasureOn::Nothing:
            m_run->showNoPerplexity(tr("no text was chosen for it"));
            showFinished();
            return;
        case MeasureOn::DemoBook: request.text = fromPath(demoHeldOutText()); break;
        case MeasureOn::RestOfText:
            request.text = m_session.quantization().settings().calibration;
            request.sequenceLength = m_session.quantization().settings().sequenceLength;
            request.skippedTokens = result.tokensUsed;
            request.windowsAtMost = kRestWindows;
            break;
    }
    m_session.evaluation().start(request);
    setMode(RunCard::Mode::Measuring, tr("Measuring what was lost"),
            tr("The result is saved in %1").arg(pathText(result.output)));
}

void QuantizePage::showFinished() {
    m_run->setProgress(1);
    setMode(RunCard::Mode::Finished, tr("Finished"), tr("Saved in %1").arg(pathText(m_result.output)));
}

}  // namespace gptq::ui
