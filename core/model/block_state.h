// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a decoder block reads and writes for one batch of tokens, and the memory it lies in.
#pragma once

#include "core/architecture/model_config.h"
#include "kernels/backend.h"

namespace gptq {

struct BlockState {
    TensorView residual;  // float32 (tokens, hidden)
    TensorView mixed;     // (tokens, heads * headSize): what attention put out
    TensorView gated;     // (tokens, feed-forward width)
    TensorView qkv;       // (tokens, qkv width)
    TensorView normed;    // scratch (tokens, hidden)
    TensorView product;   // scratch (tokens, 2 * feed-forward width)
    SequenceBatch batch;
    KvView cache;  // of the block's layer
};

// Room for a number of tokens, allocated once. `mixed` and `gated` never hold anything at the same time and share theirs.
class Workspace {
public:
    Workspace(Backend& backend, const ModelConfig& config, DType activations, std::int64_t tokens);

    BlockState state(std::int64_t tokens);  // the first `tokens` rows of everything; batch and cache are the caller's
    std::int64_t tokens() const { return m_tokens; }

private:
    const ModelConfig& m_config;
    std::int64_t m_tokens;
    Tensor m_residual, m_carry, m_qkv, m_normed, m_product;
};

// The width that holds `mixed` as well as `gated`.
std::int64_t carryWidth(const ModelConfig& config);

}  // namespace gptq
