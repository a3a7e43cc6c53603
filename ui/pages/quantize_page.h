// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The first page of the product: a model and a text go in; the run is watched; what was lost is measured and tried out.
#pragma once

#include <QWidget>

#include "ui/controllers/session.h"
#include "ui/pages/compare_panel.h"
#include "ui/pages/layer_card.h"
#include "ui/pages/run_card.h"
#include "ui/pages/setup/setup_panel.h"
#include "ui/plots/error_plot.h"
#include "ui/plots/memory_plot.h"
#include "ui/widgets/banner.h"

class QSplitter;

namespace gptq::ui {

class Settings;

class QuantizePage final : public QWidget {
    Q_OBJECT

public:
    QuantizePage(Session& session, Settings& settings, QWidget* parent = nullptr);

    // What menus, drops and the command line ask for.
    void openModel(const QString& folder);
    void openDemo();
    void openText(const QString& file);
    void chooseModel();
    void chooseText();
    void start();
    void pauseOrResume();
    void stop();
    bool busy() const;
    RunCard::Mode mode() const { return m_run->mode(); }

    QByteArray saveLayout() const;
    void restoreLayout(const QByteArray& layout);

signals:
    void modeChanged();

private:
    QWidget* makePlots();
    QWidget* makeLowerRow();
    void connectSetup();
    void connectRun();
    void connectEvaluation();
    void connectCompare();

    void setMode(RunCard::Mode mode, const QString& title, const QString& detail);
    void showModel(const ModelSummary& model);
    void showReady();
    void showState(QuantizationController::State state);
    void showProgress(const RunProgress& progress);
    void finish(const RunResult& result);
    void measure(const RunResult& result);
    void showFinished();
    void showProblem(const QString& title, const QString& message);
    bool refuseWhileBusy();

    Session& m_session;
    Settings& m_settings;
    SetupPanel* m_setup;
    Banner* m_banner;
    RunCard* m_run;
    ErrorPlot* m_errorPlot;
    MemoryPlot* m_memoryPlot;
    LayerCard* m_layers;
    ComparePanel* m_compare;
    QSplitter* m_rows = nullptr;
    QSplitter* m_plots = nullptr;
    QSplitter* m_lower = nullptr;
    ModelSummary m_model;
    RunResult m_result;
    RunProgress m_progress;
};

}  // namespace gptq::ui
