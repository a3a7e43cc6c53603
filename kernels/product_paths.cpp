// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/product_paths.h"

#include <limits>
#include <string_view>

#include "kernels/error.h"

namespace gptq {
namespace {

struct Row {
    bool hopper;               // a card with sm_90a's instructions
    std::int64_t mostWeights;  // of the matrix
    std::int64_t mostDecode;   // tokens
    std::int64_t mostFew;
    std::int64_t mostFused;
};
constexpr std::int64_t kAnyWeights = std::numeric_limits<std::int64_t>::max();
// Measured on an H100 (docs/benchmarks.md), the last row before it had kernels of its own. At 8,192 tokens Hopper's fused kernel and the
// dense path take equally long, at fewer it is ahead; more were not measured. Of SmolLM2-135M's matrices, up to 1.8 million weights, 2,048
// tokens are ahead by the dense path; fewer were not measured.
constexpr Row kRows[] = {
    {true, 2 << 20, 1, 16, 2047},
    {true, kAnyWeights, 1, 16, 8192},
    {false, kAnyWeights, 8, 16, 128},
};

}  // namespace

ProductPath productPath(const GpuLimits& limits, std::optional<ProductPath> wanted, std::int64_t tokens,
                        std::int64_t weights) {
    if (wanted && tokens > 1) return *wanted;
    const Row* row = kRows;
    while (row->hopper != limits.isHopper() || weights > row->mostWeights) ++row;
    return tokens <= row->mostDecode  ? ProductPath::Decode
           : tokens <= row->mostFew   ? ProductPath::Few
           : tokens <= row->mostFused ? ProductPath::Fused
                                      : ProductPath::Dense;
}

std::optional<ProductPath> wantedProductPath(const char* name) {
    if (!name || !*name) return {};
    const std::string_view wanted = name;
    if (wanted == "decode") return ProductPath::Decode;
    if (wanted == "few") return ProductPath::Few;
    if (wanted == "fused") return ProductPath::Fused;
    if (wanted == "dense") return ProductPath::Dense;
    throw Error("GPTQ_STUDIO_PRODUCTS is '", wanted, "'; expected decode, few, fused or dense");
}

}  // namespace gptq
