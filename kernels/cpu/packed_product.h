// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products with packed weights on the CPU: y (tokens, rows) of a few tokens at once, and weights unpacked for OpenBLAS.
#pragma once

#include <vector>

#include "kernels/cpu/matrix_product.h"
#include "kernels/packed_layout.h"

namespace gptq {

// From this many tokens on, unpacking a panel of weights once and multiplying by OpenBLAS is the faster way.
inline constexpr std::int64_t kMostPackedTokens = 4;

class PackedProduct {
public:
    // `weight` is borrowed; x: (tokens, columns) in packed column order, at most kMostPackedTokens.
    PackedProduct(const PackedWeight& weight, ConstTensorView x);

    // Rows [row, row + 16) of y.
    void multiplyTileRow(std::int64_t row, MatrixOut y, Accumulate accumulate) const;

private:
    const PackedWeight& m_weight;
    std::int64_t m_tokens;
    std::vector<float> m_inputs;  // token by token, tile by tile, in the order of the layout's vectors; zero in padding
};

// Float32 weights of rows [row, row + 16), columns in packed order: out (16, columns).
void unpackTileRow(const PackedWeight& weight, std::int64_t row, float* out);

}  // namespace gptq
