// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/decode_product.cuh"
#include "kernels/packed_layout.h"

namespace gptq {

// Up to 16 tokens on a Hopper card, no norm. False, and nothing done, where there is no kernel for it: another card, shared memory too
// small, groups that are no multiples of 32.
bool packedHopperFew(const CudaContext& context, const PackedWeight& weight, const ProductInput& in,
                     const ProductOutput& out, DType activations);

}  // namespace gptq
