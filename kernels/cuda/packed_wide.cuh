// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/decode_product.cuh"
#include "kernels/packed_layout.h"

namespace gptq {

inline constexpr std::int64_t kMostWideTokens = 16;

// More tokens than packed_decode.cuh's, no norm. False, and nothing done, where there is no kernel for it: shared memory too small,
// groups that are no multiples of 32.
bool packedWide(const CudaContext& context, const PackedWeight& weight, const ProductInput& in,
                const ProductOutput& out, DType activations);

}  // namespace gptq
