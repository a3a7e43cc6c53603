// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/pages/quantize_page.h"

#include <QDataStream>
#include <QDesktopServices>
#include <QDir>
#include <QFileDialog>
#include <QIODevice>
#include <QSplitter>
#include <QUrl>

#include "ui/settings.h"

namespace gptq::ui {

constexpr int kGap = 10;

QuantizePage::QuantizePage(Session& session, Settings& settings, QWidget* parent)
    : QWidget(parent), m_session(session), m_settings(settings), m_setup(new SetupPanel(settings.outputFolder())),
      m_banner(new Banner), m_run(new RunCard), m_errorPlot(new ErrorPlot), m_memoryPlot(new MemoryPlot),
      m_layers(new LayerCard), m_compare(new ComparePanel(session.compare())) {
    setObjectName(QStringLiteral("page"));
    m_rows = new QSplitter(Qt::Vertical);
    m_rows->addWidget(makePlots());
    m_rows->addWidget(makeLowerRow());
    m_rows->setHandleWidth(kGap);
    m_rows->setChildrenCollapsible(false);
    m_rows->setSizes({280, 270});
    m_rows->setStretchFactor(0, 1);
    m_rows->setStretchFactor(1, 1);

    auto* right = new QVBoxLayout;
    right->setSpacing(kGap);
    right->addWidget(m_banner);
    right->addWidget(m_run);
    right->addWidget(m_rows, 1);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 12, 12, 12);
    layout->setSpacing(kGap);
    layout->addWidget(m_setup);
    layout->addLayout(right, 1);

    connectSetup();
    connectRun();
    connectEvaluation();
    connectCompare();
    m_run->setWords(tr("Choose a model"), {});
}

QWidget* QuantizePage::makePlots() {
    auto* errors = new Card(tr("Error by layer"));
    errors->setDetail(tr("how much each layer's output changed; lower is better"));
    errors->content()->addWidget(m_errorPlot, 1);
    m_errorPlot->setEmptyText(tr("Press Start: each layer's error appears here as it is quantized."));
    auto* memory = new Card(tr("Memory"));
    memory->content()->addWidget(m_memoryPlot, 1);
    m_memoryPlot->setEmptyText(tr("Shown during the run"));
    connect(m_memoryPlot, &MemoryPlot::summaryChanged, memory, &Card::setDetail);
    connect(m_errorPlot, &ErrorPlot::layerChosen, m_layers, &LayerCard::choose);
    for (QWidget* plot : {static_cast<QWidget*>(m_errorPlot), static_cast<QWidget*>(m_memoryPlot)})
        plot->setMinimumSize(160, 110);

    m_plots = new QSplitter;
    m_plots->addWidget(errors);
    m_plots->addWidget(memory);
    m_plots->setHandleWidth(kGap);
    m_plots->setChildrenCollapsible(false);
    m_plots->setSizes({620, 320});
    m_plots->setStretchFactor(0, 2);
    m_plots->setStretchFactor(1, 1);
    return m_plots;
}

QWidget* QuantizePage::makeLowerRow() {
    m_lower = new QSplitter;
    m_lower->addWidget(m_layers);
    m_lower->addWidget(m_compare);
    m_lower->setHandleWidth(kGap);
    m_lower->setChildrenCollapsible(false);
    m_lower->setSizes({480, 432});
    m_lower->setStretchFactor(0, 1);
    m_lower->setStretchFactor(1, 1);
    return m_lower;
}

void QuantizePage::connectSetup() {
    connect(&m_setup->model(), &ModelCard::openRequested, this, &QuantizePage::chooseModel);
    connect(&m_setup->model(), &ModelCard::demoRequested, this, &QuantizePage::openDemo);
    connect(&m_setup->text(), &TextCard::openRequested, this, &QuantizePage::chooseText);
    connect(&m_setup->options(), &OptionsCard::changed, this, [this] {
        if (m_run->mode() == RunCard::Mode::Ready) showReady();
    });
    connect(&m_setup->output(), &OutputCard::baseFolderChosen, this,
            [this](const QString& folder) { m_settings.setOutputFolder(folder); });
    ModelController& models = m_session.models();
    connect(&models, &ModelController::inspecting, this, [this](const QString& folder) {
        m_setup->model().showReading(folder);
        setMode(RunCard::Mode::NotReady, tr("Reading the model"), {});
    });
    connect(&models, &ModelController::inspected, this, &QuantizePage::showModel);
}

void QuantizePage::connectCompare() {
    CompareController& compare = m_session.compare();
    connect(&compare, &CompareController::started, this, &QuantizePage::modeChanged);
    connect(&compare, &CompareController::ended, this, &QuantizePage::modeChanged);
    connect(m_compare, &ComparePanel::failed, this,
            [this](const QString& message) { showProblem(tr("The prompt could not be continued"), message); });
}

void QuantizePage::openModel(const QString& folder) {
    if (refuseWhileBusy()) return;
    m_banner->dismiss();
    m_session.models().inspect(QDir::cleanPath(QDir(folder).absolutePath()));
}

void QuantizePage::openDemo() {
    const QString demo = ModelController::demoFolder();
    if (!demo.isEmpty()) {
        openModel(demo);
        return;
    }
    m_run->setWords(tr("Choose a model"), tr("Open a Hugging Face folder, or drop one here."));
    showProblem(tr("The demo model is not installed"),
                tr("Install the whole package, or open a model folder of your own."));
}

void QuantizePage::openText(const QString& file) {
    if (!refuseWhileBusy()) m_setup->text().chooseText(file);
}

bool QuantizePage::refuseWhileBusy() {
    if (!busy()) return false;
    m_banner->show(Banner::Kind::Info, tr("A run is going on"), tr("Wait until it is finished, or stop it first."));
    return true;
}

void QuantizePage::chooseModel() {
    auto* dialog = new QFileDialog(this, tr("Open a model folder"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, &QuantizePage::openModel);
    dialog->open();
}

void QuantizePage::chooseText() {
    auto* dialog = new QFileDialog(this, tr("Choose a calibration text"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({tr("Texts (*.txt *.md *.json *.jsonl *.gz)"), tr("All files (*)")});
    connect(dialog, &QFileDialog::fileSelected, this, &QuantizePage::openText);
    dialog->open();
}

void QuantizePage::showModel(const ModelSummary& model) {
    m_model = model;
    m_setup->showModel(model);
    m_compare->setModels(model.folder, {});
    m_run->clearResults(model.usable() ? model.weightBytes : 0);
    m_layers->clear();
    m_errorPlot->clear(model.layers);
    m_memoryPlot->clear();
    if (model.usable()) {
        showReady();
        m_run->focusStart();
        return;
    }
    setMode(RunCard::Mode::NotReady, tr("Choose another model"),
            tr("Open a Hugging Face folder, or drop one onto the window."));
    if (!model.problem.isEmpty()) {
        showProblem(tr("“%1” cannot be used").arg(model.name), model.problem);
    } else {
        showProblem(tr("“%1” is quantized already").arg(model.name),
                    tr("It holds %1 weights. Open the original model that it was made from.").arg(model.quantization));
    }
}

void QuantizePage::showReady() {
    setMode(RunCard::Mode::Ready, tr("Ready"),
            tr("%n layers will be quantized to %1 bits.", nullptr, m_model.modules - m_model.keptFloat)
                .arg(m_setup->options().bits()));
}

void QuantizePage::setMode(RunCard::Mode mode, const QString& title, const QString& detail) {
    m_run->setMode(mode);
    m_run->setWords(title, detail);
    m_setup->setEditable(!busy());
    m_compare->setBlocked(busy() ? tr("Available when the run is finished") : QString());
    emit modeChanged();
}

void QuantizePage::showProblem(const QString& title, const QString& message) {
    m_banner->show(Banner::Kind::Error, title, message);
}

QByteArray QuantizePage::saveLayout() const {
    QByteArray layout;
    QDataStream stream(&layout, QIODevice::WriteOnly);
    for (const QSplitter* splitter : {m_rows, m_plots, m_lower}) stream << splitter->saveState();
    return layout;
}

void QuantizePage::restoreLayout(const QByteArray& layout) {
    QDataStream stream(layout);
    for (QSplitter* splitter : {m_rows, m_plots, m_lower}) {
        QByteArray state;
        stream >> state;
        if (!state.isEmpty()) splitter->restoreState(state);
    }
}

}  // namespace gptq::ui
