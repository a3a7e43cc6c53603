// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Decode products of packed weights whose groups end inside of a half tile: y[t, n] = sum over k of x[t, k] (q[n, k] - z[g, n])
// s[g, n], 1 to 8 tokens. Four lanes exchange their codes until each has eight neighbours of a half, which lie in one group. No tensor
// core, whose sums cross groups: a lane multiplies its two rows' weights by its own inputs of every token, in float32. A block a strip
// of 16 outputs, whose tiles its eight warps take in turns; lanes as in packed_dequantize.cu:
//
//     strip of 16 rows   | tile 0: warp 0 | tile 1: warp 1 | ... | tile 7: warp 7 | tile 8: warp 0 | ...      64 columns a tile
//
// Bound: instructions; measured 29 % of a copy's bandwidth (one token, 12288 x 4096, group 16: 36.1 us), by the profiler a warp
// can go on in 65 % of a scheduler's cycles.
#include "kernels/cuda/dequant.cuh"
#include "kernels/cuda/lane_columns.cuh"
#include "kernels/cuda/packed_odd_groups.cuh"
#include "kernels/cuda/partial_sums.cuh"

namespace gptq {
namespace {

constexpr int kWarps = 8;
constexpr int kTokens = 8;

template <int bits, class T>
__global__ void __launch_bounds__(kWarps * 32)
    oddGroupsKernel(const PackedArguments w, const ProductInput in, const ProductOutput out) {
    extern __shared__ __align__(128) unsigned char shared[];
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int warps = static_cast<int>(blockDim.x) / 32, strip = static_cast<int>(blockIdx.x);
    waitForPrevious();
    letNextStart();
    float sums[2][kTokens] = {};
    for (int tile = warp; tile < w.tiles; tile += warps) {
        LaneWords<bits> words;
        words.load(w.words + static_cast<std::int64_t>(strip * w.tiles + tile) * wordsOfTile(bits), lane);
        const auto multiply = [&]<int half>() {
            const int column = tile * 64 + half * 32 + lane % 4 * 8;
            if (column >= w.columns) return;  // for all lanes
            const std::int64_t at = static_cast<std::int64_t>(column / w.groupColumns) * w.rows + strip * 16 + lane / 4;
            const PairOf<T> none = zeroFor<bits, T>(0);
            const FragmentA first = weightFragment<bits, half * 2, T>(words, none, none),
                            second = weightFragment<bits, half * 2 + 1, T>(words, none, none);
#pragma unroll
            for (int r = 0; r < 2; ++r) {
                const float scale = __half2float(w.scales[at + r * 8]);
                const auto zero = static_cast<float>(w.zeros ? w.zeros[at + r * 8] : 1 << (bits - 1));
                std::uint32_t codes[4] = {first.x[r], first.x[r + 2], second.x[r], second.x[r + 2]};
                exchangeColumns(codes, lane);
#pragma unroll
                for (int t = 0; t < kTokens; ++t) {
                    if (t >= in.tokens) break;
                    const T* x = static_cast<const T*>(in.x) + t * in.stride + column;
                    float sum = 0;
#pragma unroll
                    for (int i = 0; i < 4; ++i) {
                        const auto pair = pairOf<PairOf<T>>(codes[i]);
                        sum += (asFloat(pair.x) - zero) * asFloat(x[2 * i]) +
                               (asFloat(pair.y) - zero) * asFloat(x[2 * i + 1]);
                    }
                    sums[r][t] += sum * scale;
                }
            }
        };
        multiply.template operator()<0>();
        multiply.template operator()<1>();
    }
    auto* const partial = reinterpret_cast<float*>(shared);
    const int width = partialWidth(in.tokens);
#pragma unroll
    for (int r = 0; r < 2; ++r) {
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            float sum = sums[r][t];
            sum += __shfl_xor_sync(kAllLanes, sum, 1);
            sum += __shfl_xor_sync(kAllLanes, sum, 2);
            if (lane % 4 == 0 && t < in.tokens) partial[(warp * 16 + lane / 4 + r * 8) * width + t] = sum;
        }
    }
    finish<T, false>(partial, out, in.tokens, 0, 1, [&](int) { return strip; });
}

}  // namespace

bool packedOddGroups(const CudaContext& context, const PackedArguments& w, const ProductInput& in,
                     const ProductOutput& out, int bits, DType activations) {
    if (in.tokens > kTokens) return false;
    if (in.norm || out.gated) throw Error("decode product: groups of ", w.groupColumns, " with a norm or gate");
    withActivation(activations, [&]<class T>() {
        withBits(bits, [&]<int b>() {
            launchChained(context, oddGroupsKernel<b, T>, static_cast<unsigned>(w.rows / kTileRows), kWarps * 32,
                          partialBytes(kWarps, 1, in.tokens), w, in, out);
        });
    });
    return true;
}

}  // namespace gptq
