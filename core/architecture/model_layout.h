// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which tensors a model of a given configuration has: names and shapes, block by block.
#pragma once

#include <string>
#include <vector>

#include "core/architecture/architectures.h"

namespace gptq {

// A linear layer: NAME.weight (out, in) and, where it has one, NAME.bias (out).
struct LinearModule {
    std::string name;
    std::int64_t out = 0;
    std::int64_t in = 0;
    bool bias = false;

    std::string weight() const { return name + ".weight"; }
    // Quantized matrices are in multiples of 32 both ways (every format's packing and the kernels' tiles).
    bool quantizable() const { return out % 32 == 0 && in % 32 == 0; }
};

struct BlockLayout {
    std::string attentionNorm;
    std::string queryNorm;  // empty where there is none
    std::string keyNorm;
    std::string feedForwardNorm;
    // The linear groups: modules that share one input.
    std::vector<LinearModule> attentionIn;     // q, k, v
    std::vector<LinearModule> attentionOut;    // o
    std::vector<LinearModule> feedForwardIn;   // gate, up
    std::vector<LinearModule> feedForwardOut;  // down

    std::vector<LinearModule> modules() const;  // in the order of the forward pass
};

BlockLayout blockLayout(const ModelConfig& config, const TensorNames& names, std::int64_t layer);

struct ExpectedTensor {
    std::string name;
    std::vector<std::int64_t> shape;
};

std::vector<ExpectedTensor> expectedTensors(const ModelConfig& config, const TensorNames& names);
std::int64_t parameterCount(const ModelConfig& config, const TensorNames& names);

}  // namespace gptq
