// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Continues one prompt with the original and with the quantized model, one after the other, as a stream of text.
#pragma once

#include <QObject>

#include "ui/controllers/engine_thread.h"
#include "ui/controllers/mailbox.h"
#include "ui/controllers/throttle.h"

namespace gptq::ui {

enum class Side : std::uint8_t { Original, Quantized };

struct Continuation {
    qint64 tokens = 0;
    double tokensPerSecond = 0;
    bool endedByModel = false;  // it chose its end token
};

class CompareController final : public QObject {
    Q_OBJECT

public:
    explicit CompareController(EngineThread& engine, QObject* parent = nullptr);

    void start(const QString& originalModel, const QString& quantizedModel, const QString& prompt, int maxTokens);
    void stop();
    bool busy() const { return m_control != nullptr; }

signals:
    void started();
    void sideStarted(gptq::ui::Side side);
    void textArrived(gptq::ui::Side side, const QString& piece);
    void sideFinished(gptq::ui::Side side, const gptq::ui::Continuation& continuation);
    void ended();  // both are done, or it was stopped or failed
    void failed(const QString& message);

private:
    struct Piece {
        enum class What : std::uint8_t { Begin, Text, End };
        Side side = Side::Original;
        What what = What::Begin;
        QString text;
        Continuation continuation;
    };

    void handOut();
    void end(const JobOutcome& outcome);

    EngineThread& m_engine;
    std::shared_ptr<JobControl> m_control;
    std::shared_ptr<Mailbox<Piece>> m_mail;
    Throttle m_handOut;
};

}  // namespace gptq::ui

Q_DECLARE_METATYPE(gptq::ui::Side)
Q_DECLARE_METATYPE(gptq::ui::Continuation)
