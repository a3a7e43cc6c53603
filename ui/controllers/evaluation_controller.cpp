// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/controllers/evaluation_controller.h"

#include <algorithm>

#include "core/calibration/text_file.h"
#include "core/evaluation/perplexity.h"
#include "ui/controllers/paths.h"

namespace gptq::ui {
namespace {

constexpr int kHandOutMilliseconds = 100;

// The opening token, then the text's without those that are skipped, in whole windows.
std::vector<TokenId> windowsOf(const OpenModel& model, const std::string& text, const EvaluationRequest& request,
                               qint64 length, JobControl& control) {
    const std::ptrdiff_t opening = model.tokenizer().openingToken() ? 1 : 0;
    LongTextOptions options;
    options.beforePiece = [&control] { control.checkpoint(); };
    if (request.windowsAtMost > 0)
        options.enoughIds = static_cast<std::size_t>(request.skippedTokens + request.windowsAtMost * length);
    std::vector<TokenId> ids = evaluationIds(model.tokenizer(), text, options);
    const auto first = std::min<std::ptrdiff_t>(opening, std::ssize(ids));
    const auto skipped = std::min<std::ptrdiff_t>(request.skippedTokens, std::ssize(ids) - first);
    ids.erase(ids.begin() + first, ids.begin() + first + skipped);
    auto windows = static_cast<qint64>(ids.size()) / length;
    if (request.windowsAtMost > 0) windows = std::min(windows, request.windowsAtMost);
    ids.resize(static_cast<std::size_t>(windows * length));
    return ids;
}

bool sameMeasurement(const EvaluationRequest& a, const EvaluationRequest& b) {
    return a.originalModel == b.originalModel && a.text == b.text && a.sequenceLength == b.sequenceLength &&
           a.skippedTokens == b.skippedTokens && a.windowsAtMost == b.windowsAtMost;
}

}  // namespace

EvaluationController::EvaluationController(EngineThread& engine, QObject* parent)
    : QObject(parent), m_engine(engine), m_handOut(kHandOutMilliseconds, [this] { handOut(); }) {
    m_mail = std::make_shared<Mailbox<double>>([this] {
        QMetaObject::invokeMethod(
            this, [this] { m_handOut.request(); }, Qt::QueuedConnection);
    });
}

void EvaluationController::start(const EvaluationRequest& request) {
    if (busy()) return;
    m_request = request;
    m_mail->take();
    m_measured = std::make_shared<Measured>();
    const double known = m_known && sameMeasurement(m_known->request, request) ? m_known->perplexity : 0;
    const auto job = [request, known, mail = m_mail, measured = m_measured](Engine& engine, JobControl& control) {
        const std::string text = readText(toPath(request.text));
        const int parts = known > 0 ? 1 : 2;
        int part = 0;
        const auto measure = [&](const QString& folder) {
            const OpenModel& model = engine.model(toPath(folder), control);
            const qint64 length = std::min<qint64>(request.sequenceLength, model.decoder().config().context);
            const std::vector<TokenId> ids = windowsOf(model, text, request, length, control);
            measured->textTooShort = ids.empty();
            if (ids.empty()) return 0.0;
            const Perplexity figure = measurePerplexity(
                model.decoder(), ids, length, request.text.toStdString(),
                [&](const Perplexity& soFar, std::int64_t windows) {
                    control.checkpoint();
                    mail->post((part + static_cast<double>(soFar.windows) / static_cast<double>(windows)) / parts);
                });
            ++part;
            measured->result.tokens = figure.tokens;
            return figure.perplexity;
        };
        measured->result.original = known > 0 ? known : measure(request.originalModel);
        if (!measured->textTooShort) measured->result.quantized = measure(request.quantizedModel);
    };
    m_control = m_engine.submit(this, job, [this](const JobOutcome& outcome) { end(outcome); });
    emit started();
    emit progressed(0);
}

void EvaluationController::stop() {
    if (m_control) m_control->requestStop();
}

void EvaluationController::handOut() {
    const std::vector<double> shares = m_mail->take();
    if (!shares.empty() && busy()) emit progressed(shares.back());
}

void EvaluationController::end(const JobOutcome& outcome) {
    m_control.reset();
    switch (outcome.kind) {
        case JobOutcome::Kind::Failed: emit failed(outcome.message); return;
        case JobOutcome::Kind::Stopped: emit stopped(); return;
        case JobOutcome::Kind::Done: break;
    }
    if (m_measured->textTooShort) {
        emit impossible(tr("the text has no part left that the model was not calibrated on"));
        return;
    }
    m_known = Known{m_request, m_measured->result.original};
    emit finished(m_measured->result);
}

}  // namespace gptq::ui
