// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Decode products of dense weights, one token: y[n] = sum over k of x[k] w[n, k], float32 sums.
//
// A warp makes two rows (a gate and its up, or neighbours), a block of eight warps 16: a lane reads eight neighbours, 16 bytes, of each at
// a time, and holds four such reads of each row in flight:
//
//     row 0   | lane 0: 0-7 | lane 1: 8-15 | ... | lane 31: 248-255 | lane 0: 256-263 | ...
//     row 1   | the same columns: one read of x for both
//
// While the kernel before ends it asks for all of a short row, for half of a longer one: what is asked for before x comes before it.
// x lies in shared memory as float32.
// Bound: memory, 2 bytes a weight; measured (docs/benchmarks.md) a decode step of these reaches 89 to 91 % of a copy's bandwidth.
#include "kernels/cuda/dense_decode.cuh"
#include "kernels/cuda/ptx.cuh"

namespace gptq {
namespace {

constexpr int kWarps = 8;
constexpr int kDepth = 4;
constexpr int kPiece = 256;  // columns that a warp reads at once

// One token's columns [first, last), multiples of 4, as float32 in `staged`, times the norm's weight; returns the sum of their
// squares before it, this lane's share.
template <class T>
__device__ float stageColumns(const ProductInput& in, int first, int last, int lane, float* staged) {
    float squares = 0;
    for (int i = first + lane * 4; i < last; i += 128) {
        float4 v;
        if (in.norm) {
            v = *reinterpret_cast<const float4*>(static_cast<const float*>(in.x) + i);
            const float4 g = __ldg(reinterpret_cast<const float4*>(in.norm + i));
            squares += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
            v = {v.x * g.x, v.y * g.y, v.z * g.z, v.w * g.w};
        } else {
            const uint2 raw = *reinterpret_cast<const uint2*>(static_cast<const T*>(in.x) + i);
            T pairs[4];
            memcpy(pairs, &raw, 8);
            v = {asFloat(pairs[0]), asFloat(pairs[1]), asFloat(pairs[2]), asFloat(pairs[3])};
        }
        *reinterpret_cast<float4*>(staged + i) = v;
    }
    return squares;
}

template <class T>
__device__ float dot(const uint4& weights, const float* x) {
    const std::uint32_t words[4] = {weights.x, weights.y, weights.z, weights.w};
    float xs[8], sum = 0;
    *reinterpret_cast<float4*>(xs) = *reinterpret_cast<const float4*>(x);
    *reinterpret_cast<float4*>(xs + 4) = *reinterpret_cast<const float4*>(x + 4);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const auto pair = pairOf<PairOf<T>>(words[i]);
        sum += asFloat(pair.x) * xs[2 * i] + asFloat(pair.y) * xs[2 * i + 1];
    }
    return sum;
}

template <class T>
__global__ void __launch_bounds__(kWarps * 32)
    denseDecodeKernel(const T* weight, int rows, int columns, const ProductInput in, const ProductOutput out) {
    extern __shared__ float x[];
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int pair = static_cast<int>(blockIdx.x) * kWarps + warp, pieces = (columns + kPiece - 1) / kPiece;
    const int row[2] = {out.gated ? pair : 2 * pair, out.gated ? pair + rows / 2 : 2 * pair + 1};
    const bool works = pair < (rows + 1) / 2;
    uint4 ring[kDepth][2];
    const auto load = [&](int slot, int piece) {
        const int column = piece * kPiece + lane * 8;
#pragma unroll
        for (int r = 0; r < 2; ++r) {
            ring[slot][r] = {};
            if (works && row[r] < rows && column < columns)
                ring[slot][r] = loadStreaming(
                    reinterpret_cast<const uint4*>(weight + static_cast<std::int64_t>(row[r]) * columns + column));
        }
    };
    const int firstReads = pieces <= kDepth ? kDepth : kDepth / 2;
#pragma unroll
    for (int slot = 0; slot < kDepth; ++slot) {
        if (slot < firstReads) load(slot, slot);
    }
    waitForPrevious();
    letNextStart();
    const int begin = columns / 8 * warp / kWarps * 8, end = columns / 8 * (warp + 1) / kWarps * 8;
    const float squares = stageColumns<T>(in, begin, end, lane, x);
#pragma unroll
    for (int slot = 0; slot < kDepth; ++slot) {
        if (slot >= firstReads) load(slot, slot);
    }
    const float factor = normFactor(in, squares, columns);
    __syncthreads();

    float sums[2] = {};
    for (int base = 0; base < pieces; base += kDepth) {
#pragma unroll
        for (int slot = 0; slot < kDepth; ++slot) {
            const int piece = base + slot, column = piece * kPiece + lane * 8;
            if (column < columns) {
                sums[0] += dot<T>(ring[slot][0], x + column);
                sums[1] += dot<T>(ring[slot][1], x + column);
            }
            load(slot, piece + kDepth);
        }
    }
    const float first = warpSum(sums[0]) * factor, second = warpSum(sums[1]) * factor;
    if (lane != 0 || !works) return;
    const auto biased = [&](float value, int r) { return out.bias ? value + out.bias[r] : value; };
    if (out.gated) return storeProduct<T>(out, 0, row[0], siluGated(biased(first, row[0]), biased(second, row[1])));
    storeProduct<T>(out, 0, row[0], biased(first, row[0]));
    if (row[1] < rows) storeProduct<T>(out, 0, row[1], biased(second, row[1]));
}

}  // namespace

void denseDecode(const CudaContext& context, ConstTensorView weight, const ProductInput& in, const ProductOutput& out) {
    const auto rows = static_cast<int>(weight.rows()), columns = static_cast<int>(weight.columns());
    withActivation(weight.dtype(), [&]<class T>() {
        launchChained(context, denseDecodeKernel<T>, blocksFor((rows + 1) / 2, kWarps), kWarps * 32,
                      static_cast<std::size_t>(columns) * sizeof(float), deviceData<T>(weight), rows, columns, in, out);
    });
}

}  // namespace gptq
