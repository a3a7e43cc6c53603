// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/quantization/calibration_stream.h"

#include <algorithm>

namespace gptq {
namespace {

std::int64_t sequencesOf(std::int64_t chunkTokens, const CalibrationSet& set) {
    return std::clamp<std::int64_t>(chunkTokens / set.sequenceLength, 1, set.samples);
}

}  // namespace

CalibrationStream::CalibrationStream(Backend& backend, const Checkpoint& model, const ModelEnds& ends,
                                     const CalibrationSet& set, std::int64_t chunkTokens)
    : m_config(model.config), m_sequenceLength(set.sequenceLength), m_tokens(set.tokens()),
      m_cache(backend, model.config, backend.activationType(model.dtype), sequencesOf(chunkTokens, set),
              set.sequenceLength, KvLayers::Shared) {
    const DType activations = backend.activationType(model.dtype);
    const std::int64_t sequences = sequencesOf(chunkTokens, set), rows = sequences * set.sequenceLength;
    m_qkv = backend.allocate(activations, {rows, m_config.attention.spec.qkvWidth()});
    m_normed = backend.allocate(activations, {rows, m_config.hidden});
    m_product = backend.allocate(activations, {rows, 2 * m_config.feedForward.width});
    m_pastLengths = backend.allocate(DType::Int32, {sequences});
    backend.fillZero(m_pastLengths.view());
    for (std::int64_t first = 0; first < set.samples; first += sequences) {
        const std::int64_t count = std::min(sequences, set.samples - first), tokens = count * set.sequenceLength;
        Chunk chunk{count, backend.allocate(DType::Float32, {tokens, m_config.hidden}),
                    backend.allocate(activations, {tokens, carryWidth(m_config)})};
        const Tensor ids =
            backend.upload(hostView(set.ids.data() + first * set.sequenceLength, {tokens}), DType::Int32);
        ends.embed(backend, ids.view(), chunk.residual.view());
        m_chunks.push_back(std::move(chunk));
    }
}

void CalibrationStream::forEachChunk(const std::function<void(const BlockState& state)>& work) {
    for (Chunk& chunk : m_chunks) {
        const std::int64_t tokens = chunk.sequences * m_sequenceLength;
        const auto first = [tokens](Tensor& tensor) { return tensor.view().rowRange(0, tokens); };
        BlockState state;
        state.residual = chunk.residual.view();
        state.mixed = chunk.carry.view().columnRange(0, m_config.attention.spec.queryWidth());
        state.gated = chunk.carry.view().columnRange(0, m_config.feedForward.width);
        state.qkv = first(m_qkv);
        state.normed = first(m_normed);
        state.product = first(m_product);
        state.cache = m_cache.layer(0);
        const auto lengths = m_pastLengths.view();
        state.batch = {chunk.sequences, m_sequenceLength,
                       ConstTensorView(lengths.data(), DType::Int32, Shape{chunk.sequences}, lengths.device()), 0};
        work(state);
    }
}

}  // namespace gptq
