// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/controllers/compare_controller.h"

#include "core/chat/text_generator.h"
#include "ui/controllers/paths.h"

namespace gptq::ui {

constexpr int kHandOutMilliseconds = 40;

CompareController::CompareController(EngineThread& engine, QObject* parent)
    : QObject(parent), m_engine(engine), m_handOut(kHandOutMilliseconds, [this] { handOut(); }) {
    m_mail = std::make_shared<Mailbox<Piece>>([this] {
        QMetaObject::invokeMethod(
            this, [this] { m_handOut.request(); }, Qt::QueuedConnection);
    });
}

void CompareController::start(const QString& originalModel, const QString& quantizedModel, const QString& prompt,
                              int maxTokens) {
    if (busy()) return;
    m_mail->take();
    const auto job = [=, mail = m_mail](Engine& engine, JobControl& control) {
        const auto continueWith = [&](Side side, const QString& folder) {
            const OpenModel& model = engine.model(toPath(folder), control);
            mail->post({side, Piece::What::Begin, {}, {}});
            const GenerationResult result =
                generateText(model.decoder(), model.tokenizer(), prompt.toStdString(), maxTokens, SamplerSettings{},
                             [&](const std::string& piece) {
                                 control.checkpoint();
                                 mail->post({side, Piece::What::Text, QString::fromStdString(piece), {}});
                             });
            mail->post({side,
                        Piece::What::End,
                        {},
                        {static_cast<qint64>(result.ids.size()), result.tokensPerSecond(),
                         result.end == GenerationEnd::EndToken}});
        };
        continueWith(Side::Original, originalModel);
        continueWith(Side::Quantized, quantizedModel);
    };
    m_control = m_engine.submit(this, job, [this](const JobOutcome& outcome) { end(outcome); });
    emit started();
}

void CompareController::stop() {
    if (m_control) m_control->requestStop();
}

void CompareController::handOut() {
    QString text;
    Side side = Side::Original;
    const auto flush = [&] {
        if (!text.isEmpty()) emit textArrived(side, text);
        text.clear();
    };
    for (const Piece& piece : m_mail->take()) {
        if (piece.what == Piece::What::Text) {
            side = piece.side;
            text += piece.text;
            continue;
        }
        flush();
        if (piece.what == Piece::What::Begin) emit sideStarted(piece.side);
        else emit sideFinished(piece.side, piece.continuation);
    }
    flush();
}

void CompareController::end(const JobOutcome& outcome) {
    handOut();
    m_control.reset();
    emit ended();
    if (outcome.kind == JobOutcome::Kind::Failed) emit failed(outcome.message);
}

}  // namespace gptq::ui
