// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The activations of all calibration tokens, between stages: the residual stream and what the next stage takes in, chunk by
// chunk. Scratch and cache are one chunk's and shared.
#pragma once

#include <functional>
#include <vector>

#include "core/calibration/calibration_set.h"
#include "core/model/decoder_model.h"

namespace gptq {

class CalibrationStream {
public:
    // Embeds every token. `chunkTokens` is rounded down to whole sequences, at least one.
    CalibrationStream(Backend& backend, const Checkpoint& model, const ModelEnds& ends, const CalibrationSet& set,
                      std::int64_t chunkTokens);

    // Calls `work` with each chunk's state in turn; its cache is of one layer, and empty.
    void forEachChunk(const std::function<void(const BlockState& state)>& work);
    std::int64_t tokens() const { return m_tokens; }

private:
    struct Chunk {
        std::int64_t sequences;
        Tensor residual;
        Tensor carry;
    };

    ModelConfig m_config;
    std::int64_t m_sequenceLength;
    std::int64_t m_tokens;
    std::vector<Chunk> m_chunks;
    Tensor m_qkv, m_normed, m_product, m_pastLengths;
    KvCache m_cache;
};

}  // namespace gptq
