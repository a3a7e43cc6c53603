// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/cuda_context.h"
#include "kernels/packed_layout.h"

namespace gptq {

// out (rows, columns), in one piece, of the activation type: every weight, rounded to it.
void packedDequantize(const PackedWeight& weight, TensorView out, cudaStream_t stream);

}  // namespace gptq
