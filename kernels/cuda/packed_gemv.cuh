// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/cuda_context.h"
#include "kernels/packed_layout.h"

namespace gptq {

inline constexpr std::int64_t kMostGemvTokens = 8;

// Whether the kernel takes this weight: a group may not end inside a step of 16 columns.
bool packedGemvTakes(const PackedWeight& weight);

// y = x w^T, or y += it, of 1 to 8 tokens: x (tokens, columns) of the activation type, y (tokens, rows) of it or float32.
void packedGemv(const PackedWeight& weight, ConstTensorView x, TensorView y, bool accumulate, cudaStream_t stream);

// out (rows, columns) of the activation type: every weight, rounded to it.
void packedDequantize(const PackedWeight& weight, TensorView out, cudaStream_t stream);

}  // namespace gptq
