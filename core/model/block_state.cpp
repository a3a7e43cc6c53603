// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/model/block_state.h"

#include <algorithm>

namespace gptq {

std::int64_t carryWidth(const ModelConfig& config) {
    return std::max(config.attention.spec.queryWidth(), config.feedForward.width);
}

Workspace::Workspace(Backend& backend, const ModelConfig& config, DType activations, std::int64_t tokens)
    : m_config(config), m_tokens(tokens), m_residual(backend.allocate(DType::Float32, {tokens, config.hidden})),
      m_carry(backend.allocate(activations, {tokens, carryWidth(config)})),
      m_qkv(backend.allocate(activations, {tokens, config.attention.spec.qkvWidth()})),
      m_normed(backend.allocate(activations, {tokens, config.hidden})),
      m_product(backend.allocate(activations, {tokens, 2 * config.feedForward.width})) {}

BlockState Workspace::state(std::int64_t tokens) {
    const auto first = [tokens](Tensor& tensor) { return tensor.view().rowRange(0, tokens); };
    BlockState state;
    state.residual = first(m_residual);
    state.mixed = first(m_carry).columnRange(0, m_config.attention.spec.queryWidth());
    state.gated = first(m_carry).columnRange(0, m_config.feedForward.width);
    state.qkv = first(m_qkv);
    state.normed = first(m_normed);
    state.product = first(m_product);
    return state;
}

}  // namespace gptq
