// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/model/decoder_model.h"

#include "core/model/weight_loading.h"

namespace gptq {

ModelEnds::ModelEnds(Backend& backend, const Checkpoint& model) : m_normConfig(model.config.norm) {
    const DType type = backend.activationType(model.dtype);
    m_embedding = loadTensor(backend, *model.weights, model.names().embedding, type);
    if (!model.config.tiedHead) m_head = loadTensor(backend, *model.weights, model.names().head, type);
    m_norm = loadTensor(backend, *model.weights, model.names().finalNorm, DType::Float32);
}

void ModelEnds::embed(Backend& backend, ConstTensorView ids, TensorView residual) const {
    backend.embed(ids, m_embedding.view(), residual);
}

void ModelEnds::logits(Backend& backend, ConstTensorView residual, TensorView normed, TensorView logits) const {
    const Tensor& head = m_head.empty() ? m_embedding : m_head;
    backend.linear(DenseWeight{head.view(), {}},
                   {.x = residual,
                    .in = NormSpec{m_normConfig.kind, m_normConfig.epsilon, m_norm.view()},
                    .y = logits,
                    .epilogue = Epilogue::None,
                    .normedScratch = normed,
                    .productScratch = {}});
}

DecoderModel::DecoderModel(Backend& backend, const Checkpoint& model, const std::function<void()>& checkStop)
    : m_backend(backend), m_config(model.config), m_activations(backend.activationType(model.dtype)),
      m_ends(backend, model), m_rotary(backend, model.config.rotary) {
    std::vector<QuantizedMatrix> memory;
    for (std::int64_t layer = 0; layer < m_config.layers; ++layer) {
        if (checkStop) checkStop();
        LoadedBlock loaded{DecoderBlock(backend, model, m_rotary, layer), {}};
        for (const Stage& stage : loaded.block.stages())
            loaded.groups.push_back(LinearGroup::load(backend, *model.weights, stage.modules, model.dtype, memory));
        m_blocks.push_back(std::move(loaded));
    }
}

void DecoderModel::forward(ConstTensorView ids, BlockState state, KvCache& cache) const {
    m_ends.embed(m_backend, ids, state.residual);
    for (std::size_t layer = 0; layer < m_blocks.size(); ++layer) {
        state.cache = cache.layer(static_cast<std::int64_t>(layer));
        m_blocks[layer].block.forward(m_backend, m_blocks[layer].groups, state);
    }
}

}  // namespace gptq
