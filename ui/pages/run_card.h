// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The run: what goes on, how far it is, the buttons that steer it, and what came of it.
#pragma once

#include <QProgressBar>
#include <QPushButton>

#include "ui/controllers/evaluation_controller.h"
#include "ui/controllers/quantization_controller.h"
#include "ui/widgets/card.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/metric_tile.h"

namespace gptq::ui {

class RunCard final : public Card {
    Q_OBJECT

public:
    enum class Mode : std::uint8_t { NotReady, Ready, Running, Pausing, Paused, Stopping, Measuring, Finished };

    explicit RunCard(QWidget* parent = nullptr);

    void setMode(Mode mode);
    void setWords(const QString& title, const QString& detail);
    void setProgress(double done);
    void clearResults(qint64 originalBytes);  // before a run; 0: no model
    void showResult(const RunResult& result, qint64 originalBytes);
    void showMeasuring(double done);
    void showPerplexity(const EvaluationResult& result);
    void showNoPerplexity(const QString& reason);

    void focusStart();

    Mode mode() const { return m_mode; }
    QString title() const { return m_title->text(); }
    QString perplexityText() const { return m_perplexity->value(); }

signals:
    void startRequested();
    void pauseRequested();  // or to go on, where it is paused
    void stopRequested();
    void openResultRequested();

private:
    QLayout* makeHead();
    QLayout* makeTiles();

    Mode m_mode = Mode::NotReady;
    QLabel* m_title;
    ElidedLabel* m_detail;
    QProgressBar* m_progress;
    QPushButton* m_start;
    QPushButton* m_pause;
    QPushButton* m_stop;
    QPushButton* m_openResult;
    MetricTile* m_perplexity;
    MetricTile* m_error;
    MetricTile* m_bits;
    MetricTile* m_size;
    MetricTile* m_time;
};

}  // namespace gptq::ui
