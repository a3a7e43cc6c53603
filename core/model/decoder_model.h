// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A whole model on a device: ids in, logits out. One forward pass serves perplexity and generation, of float and quantized
// checkpoints alike; calibration walks the same blocks stage by stage.
#pragma once

#include <functional>
#include <vector>

#include "core/model/decoder_block.h"
#include "core/model/kv_cache.h"

namespace gptq {

// What stands at a model's two ends: embedding, final norm, head.
class ModelEnds {
public:
    ModelEnds(Backend& backend, const Checkpoint& model);

    void embed(Backend& backend, ConstTensorView ids, TensorView residual) const;
    // logits float32 (tokens, vocabulary) of residual (tokens, hidden); `normed` is scratch (tokens, hidden).
    void logits(Backend& backend, ConstTensorView residual, TensorView normed, TensorView logits) const;

private:
    Tensor m_embedding;
    Tensor m_head;  // empty where it is the embedding
    Tensor m_norm;
    NormConfig m_normConfig;
};

class DecoderModel {
public:
    // `checkStop` is called between blocks and may throw.
    DecoderModel(Backend& backend, const Checkpoint& model, const std::function<void()>& checkStop = {});

    Backend& backend() const { return m_backend; }
    const ModelConfig& config() const { return m_config; }
    DType activations() const { return m_activations; }

    // Embeds ids (int32, on the device) and runs all blocks: state.residual then holds the last block's output.
    void forward(ConstTensorView ids, BlockState state, KvCache& cache) const;
    void logits(ConstTensorView residual, TensorView normed, TensorView logits) const {
        m_ends.logits(m_backend, residual, normed, logits);
    }

private:
    struct LoadedBlock {
        DecoderBlock block;
        std::vector<LinearGroup> groups;
    };

    Backend& m_backend;
    ModelConfig m_config;
    DType m_activations;
    ModelEnds m_ends;
    RotaryTensors m_rotary;
    std::vector<LoadedBlock> m_blocks;
};

}  // namespace gptq
