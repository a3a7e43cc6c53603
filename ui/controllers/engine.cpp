// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/controllers/engine.h"

#include <algorithm>

#include "core/checkpoint/checkpoint.h"
#include "core/model/decoder_model.h"
#include "core/quantization/job_control.h"
#include "core/text/tokenizer.h"

namespace gptq::ui {

constexpr std::size_t kOpenModels = 2;

Engine::Engine(const DeviceOptions& options) : m_options(options) {}

Engine::~Engine() {
    closeModels();  // before their device
}

Backend& Engine::backend() {
    if (!m_backend) m_backend = openDevice(std::nullopt, m_options);
    return *m_backend;
}

const OpenModel& Engine::model(const std::filesystem::path& folder, JobControl& control) {
    const auto found =
        std::find_if(m_models.begin(), m_models.end(), [&](const auto& model) { return model->folder() == folder; });
    if (found != m_models.end()) {
        std::rotate(found, found + 1, m_models.end());
    } else {
        if (m_models.size() == kOpenModels) m_models.erase(m_models.begin());
        m_models.push_back(std::make_unique<OpenModel>(backend(), m_options, folder, control));
    }
    return *m_models.back();
}

void Engine::closeModels() {
    m_models.clear();
}

OpenModel::OpenModel(Backend& backend, const DeviceOptions& options, std::filesystem::path folder, JobControl& control)
    : m_folder(std::move(folder)), m_tokenizer(loadTokenizer(m_folder, options.cpuThreads)) {
    const Checkpoint checkpoint = openCheckpoint(m_folder);
    requireMatchingTokenizer(*m_tokenizer, checkpoint);
    m_decoder = std::make_unique<DecoderModel>(backend, checkpoint, [&control] { control.checkpoint(); });
}

OpenModel::~OpenModel() = default;

}  // namespace gptq::ui
