// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/decode_product.cuh"
#include "kernels/cuda/lookahead.h"
#include "kernels/packed_layout.h"

namespace gptq {

// How a product is laid on the device.
struct DecodeShape {
    int warps;      // a block, at most 16; the inputs are shared out among them
    int ringBytes;  // about: what a block has in flight
    int blocks;     // at most; the outputs are shared out among them
};

// A product of few tokens as it is asked for.
struct DecodeProduct {
    PackedWeight weight;
    ProductInput in;
    ProductOutput out;
    ComingWeights coming;  // what is read after it
    DType activations;

    std::int64_t outputs() const { return out.gated ? weight.rows / 2 : weight.rows; }
};

// A norm only of one token. False, and nothing done, where there is no kernel for it: shared memory too small,
// more tokens.
bool packedDecode(const CudaContext& context, const DecodeProduct& product);

}  // namespace gptq
