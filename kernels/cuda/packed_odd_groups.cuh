// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/decode_product.cuh"
#include "kernels/cuda/packed_arguments.cuh"

namespace gptq {

// 1 to 8 tokens, groups of any multiple of 8, no norm and no gate. False, and nothing done, for more tokens.
bool packedOddGroups(const CudaContext& context, const PackedArguments& w, const ProductInput& in,
                     const ProductOutput& out, int bits, DType activations);

}  // namespace gptq
