// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which kernel multiplies packed weights, by the number of tokens and of weights. THE table (product_paths.cpp) comes from
// `gptq bench kernels` with GPTQ_STUDIO_PRODUCTS (docs/benchmarks.md) and is never made at run time, so the same inputs take the
// same path and give the same sums.
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/gpu_limits.h"

namespace gptq {

enum class ProductPath : std::uint8_t {
    Decode,  // packed_decode.cu, packed_odd_groups.cu: norm and epilogue with it
    Few,     // packed_hopper_few.cu or packed_wide.cu, by the card; epilogue with it
    Fused,   // packed_hopper.cu or packed_middle.cu, by the card
    Dense,   // packed_dequantize.cu and cuBLAS
};

// `wanted`: a path that products of several tokens take instead, wherever there is a kernel of it.
ProductPath productPath(const GpuLimits& limits, std::optional<ProductPath> wanted, std::int64_t tokens,
                        std::int64_t weights);

// The environment variable GPTQ_STUDIO_PRODUCTS, for tests and measurements; null or empty: none. Throws Error.
std::optional<ProductPath> wantedProductPath(const char* name);

}  // namespace gptq
