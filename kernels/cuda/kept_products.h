// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A decode product as it is asked for, and those of a step that are not launched yet: products that follow each other may become one
// kernel (packed_chain.cuh). Only while a step is recorded, when nothing that they use is freed.
#pragma once

#include <vector>

#include "kernels/cuda/decode_product.cuh"
#include "kernels/cuda/lookahead.h"
#include "kernels/packed_layout.h"

namespace gptq {

struct DecodeProduct {
    PackedWeight weight;
    ProductInput in;
    ProductOutput out;
    ComingWeights coming;  // what is read after it
    DType activations;

    std::int64_t outputs() const { return out.gated ? weight.rows / 2 : weight.rows; }
};

struct KeptProducts {
    bool keeps = false;
    std::vector<DecodeProduct> products;
};

}  // namespace gptq
