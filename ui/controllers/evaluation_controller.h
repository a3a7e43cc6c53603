// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Measures what a quantized model lost: its perplexity and the original's, on one text.
#pragma once

#include <QObject>
#include <optional>

#include "ui/controllers/engine_thread.h"
#include "ui/controllers/mailbox.h"
#include "ui/controllers/throttle.h"

namespace gptq::ui {

struct EvaluationRequest {
    QString originalModel;
    QString quantizedModel;
    QString text;
    qint64 sequenceLength = 2048;  // capped at the model's context
    qint64 skippedTokens = 0;      // at the text's begin: what the model was calibrated on
    qint64 windowsAtMost = 0;      // 0: all that the text has
};

struct EvaluationResult {
    double original = 0;
    double quantized = 0;
    qint64 tokens = 0;

    double change() const { return quantized / original - 1; }
};

class EvaluationController final : public QObject {
    Q_OBJECT

public:
    explicit EvaluationController(EngineThread& engine, QObject* parent = nullptr);

    void start(const EvaluationRequest& request);
    void stop();
    bool busy() const { return m_control != nullptr; }

signals:
    void started();
    void progressed(double done);  // share of both measurements
    void finished(const gptq::ui::EvaluationResult& result);
    void stopped();
    void impossible(const QString& reason);  // the text has nothing left to measure on
    void failed(const QString& message);

private:
    void handOut();
    void end(const JobOutcome& outcome);

    struct Measured {  // what the job writes, read when it has ended
        EvaluationResult result;
        bool textTooShort = false;
    };
    struct Known {  // the original's figure does not change from run to run
        EvaluationRequest request;
        double perplexity = 0;
    };

    EngineThread& m_engine;
    EvaluationRequest m_request;
    std::shared_ptr<Measured> m_measured;
    std::shared_ptr<JobControl> m_control;
    std::shared_ptr<Mailbox<double>> m_mail;
    Throttle m_handOut;
    std::optional<Known> m_known;
};

}  // namespace gptq::ui

Q_DECLARE_METATYPE(gptq::ui::EvaluationResult)
