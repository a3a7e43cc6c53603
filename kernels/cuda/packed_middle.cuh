// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/decode_product.cuh"
#include "kernels/packed_layout.h"

namespace gptq {

// How a product of some tokens is laid on the device, and the scratch memory that it takes.
struct MiddleShape {
    int tokenTiles;             // of 8 tokens, a block: 2, 4 or 8
    int splits;                 // of the inputs
    std::size_t partialFloats;  // 0 where inputs are not split
    std::size_t counters;       // zero before and after
};
MiddleShape middleShape(const CudaContext& context, std::int64_t tokens, const PackedWeight& weight);

// Whether the kernel takes this weight: groups of whole half tiles.
bool packedMiddleTakes(const PackedWeight& weight);

// y = x w^T, or += it, bias added; no norm, no gate. x (tokens, columns), rows of it aligned to 16 bytes.
void packedMiddle(const CudaContext& context, const PackedWeight& weight, const ProductInput& in,
                  const ProductOutput& out, DType activations, const MiddleShape& shape, float* partials,
                  int* counters);

}  // namespace gptq
