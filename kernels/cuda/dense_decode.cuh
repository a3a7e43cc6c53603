// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/decode_product.cuh"

namespace gptq {

// One token: weight (rows, columns) of the activation type, columns a multiple of 8, rows one after the other.
void denseDecode(const CudaContext& context, ConstTensorView weight, const ProductInput& in, const ProductOutput& out);

}  // namespace gptq
