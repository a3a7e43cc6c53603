// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/controllers/model_controller.h"

#include <QDir>
#include <QFileInfo>

#include "core/architecture/model_layout.h"
#include "core/checkpoint/checkpoint.h"
#include "core/io/resources.h"
#include "ui/controllers/paths.h"

namespace gptq::ui {
namespace {

qint64 weightBytesIn(const QString& folder) {
    qint64 bytes = 0;
    for (const QFileInfo& file : QDir(folder).entryInfoList({QStringLiteral("*.safetensors")}, QDir::Files))
        bytes += file.size();
    return bytes;
}

ModelSummary summarize(const QString& folder) {
    const Checkpoint model = openCheckpoint(toPath(folder));
    const auto tokenizer = loadTokenizer(toPath(folder));
    requireMatchingTokenizer(*tokenizer, model);
    ModelSummary summary;
    summary.architecture = QString::fromStdString(std::string(model.architecture->className));
    summary.dtype = QString::fromUtf8(nameOf(model.dtype));
    summary.tokenizer = QString::fromStdString(tokenizer->description());
    if (model.scheme) summary.quantization = QString::fromStdString(nameOf(*model.scheme));
    summary.parameters = parameterCount(model.config, model.names());
    summary.weightBytes = weightBytesIn(folder);
    summary.layers = static_cast<int>(model.config.layers);
    summary.hidden = static_cast<int>(model.config.hidden);
    summary.context = static_cast<int>(model.config.context);
    for (std::int64_t layer = 0; layer < model.config.layers; ++layer) {
        for (const LinearModule& module : blockLayout(model.config, model.names(), layer).modules()) {
            ++summary.modules;
            if (!module.quantizable()) ++summary.keptFloat;
        }
    }
    return summary;
}

}  // namespace

ModelController::ModelController(EngineThread& engine, QObject* parent) : QObject(parent), m_engine(engine) {}

QString ModelController::demoFolder() {
    const auto resources = findResources();
    return resources ? fromPath(*resources / kDemoName) : QString();
}

void ModelController::inspect(const QString& folder) {
    const int request = ++m_request;
    const auto summary = std::make_shared<ModelSummary>();
    emit inspecting(folder);
    m_engine.submit(
        this, [folder, summary](Engine&, JobControl&) { *summary = summarize(folder); },
        [this, request, folder, summary](const JobOutcome& outcome) {
            if (request != m_request) return;
            summary->folder = folder;
            summary->demo = folder == demoFolder();
            summary->name = summary->demo ? tr("Fable 6M (demo)") : QDir(folder).dirName();
            if (outcome.kind == JobOutcome::Kind::Failed) summary->problem = outcome.message;
            m_current = *summary;
            emit inspected(m_current);
        });
}

}  // namespace gptq::ui
