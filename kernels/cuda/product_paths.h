// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which kernel multiplies packed weights, by the number of tokens: THE table. It comes from `gptq bench kernels` (docs/benchmarks.md)
// and is never made at run time, so the same inputs take the same path and give the same sums.
#pragma once

#include <cstdint>

#include "kernels/gpu_limits.h"

namespace gptq {

enum class ProductPath : std::uint8_t {
    Decode,  // packed_decode.cu, packed_hopper_few.cu, packed_wide.cu, packed_odd_groups.cu: norm and epilogue with it
    Fused,   // packed_hopper.cu or packed_middle.cu, by the card
    Dense,   // packed_dequantize.cu and cuBLAS
};

struct ProductPathRow {
    bool hopper;              // a card with sm_90a's instructions
    std::int64_t mostDecode;  // tokens
    std::int64_t mostFused;
};
// Measured on an H100, the other row before it had a kernel of its own. Hopper's kernel takes 0.91 to 0.99 times as long as the dense
// path at 2,048 tokens; with more, the dense path writes its matrix for more tokens at once, and cuBLAS is ahead.
inline constexpr ProductPathRow kProductPaths[] = {{true, 16, 2048}, {false, 16, 128}};

inline ProductPath productPath(const GpuLimits& limits, std::int64_t tokens) {
    const ProductPathRow& row = kProductPaths[limits.isHopper() ? 0 : 1];
    if (tokens <= row.mostDecode) return ProductPath::Decode;
    return tokens <= row.mostFused ? ProductPath::Fused : ProductPath::Dense;
}

}  // namespace gptq
