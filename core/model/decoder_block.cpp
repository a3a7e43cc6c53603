// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/model/decoder_block.h"

#include "core/architecture/rotary_config.h"
#include "core/model/weight_loading.h"

namespace gptq {

RotaryTensors::RotaryTensors(Backend& backend, const RotaryConfig& config) {
    const RotaryAngles angles = rotaryAngles(config);
    frequencies = backend.upload(
        hostView(angles.frequencies.data(), {static_cast<std::int64_t>(angles.frequencies.size())}), DType::Float32);
    magnitude = angles.magnitude;
}

DecoderBlock::DecoderBlock(Backend& backend, const Checkpoint& model, const RotaryTensors& rotary, std::int64_t layer) {
    const BlockLayout layout = blockLayout(model.config, model.names(), layer);
    StageAttention attention{model.config.attention.spec, rotary.spec(), {}, {}};
    attention.spec.window = model.config.windowOf(layer);
    if (model.config.attention.headNorms) {
        attention.queryNorm = loadNorm(backend, model, layout.queryNorm);
        attention.keyNorm = loadNorm(backend, model, layout.keyNorm);
    }
    m_stages.push_back({layout.attentionIn, Slot::Residual, loadNorm(backend, model, layout.attentionNorm),
                        Epilogue::None, Slot::Qkv, attention});
    m_stages.push_back({layout.attentionOut, Slot::Mixed, {}, Epilogue::AddResidual, Slot::Residual, {}});
    m_stages.push_back({layout.feedForwardIn,
                        Slot::Residual,
                        loadNorm(backend, model, layout.feedForwardNorm),
                        Epilogue::SiluGate,
                        Slot::Gated,
                        {}});
    m_stages.push_back({layout.feedForwardOut, Slot::Gated, {}, Epilogue::AddResidual, Slot::Residual, {}});
}

NormSpec DecoderBlock::loadNorm(Backend& backend, const Checkpoint& model, const std::string& name) {
    m_norms.push_back(loadTensor(backend, *model.weights, name, DType::Float32));
    return {model.config.norm.kind, model.config.norm.epsilon, m_norms.back().view()};
}

void DecoderBlock::forward(Backend& backend, const std::vector<LinearGroup>& groups, const BlockState& state) const {
    for (std::size_t i = 0; i < m_stages.size(); ++i) m_stages[i].forward(backend, groups[i], state);
}

}  // namespace gptq
