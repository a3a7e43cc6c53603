// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Attention of many new tokens: y = softmax(q k^T scale) v, causal, tiled, on tensor cores (after FlashAttention-2, Dao 2023, arXiv
// 2307.08691).
//
// A block is some queries of one head, 16 or 32 of them a warp, which keeps their outputs and each one's running maximum and sum in
// registers. Keys and values pass through shared memory a tile at a time, and while one of the two is multiplied the other is on its way:
//
//     copies     | keys 0 | values 0           | keys 1                        | values 1           | ...
//     products            | scores 0 = q k^T   | weights 0, output += w v      | scores 1           | ...
//
// Scores are a C fragment, which is the A fragment of the product with the values after rounding. Rows are padded by 16 bytes, so that
// the eight rows of a matrix that is read lie in different banks. A mask is for tiles that need one, and a warp leaves out tiles that it
// sees nothing of. Blocks with the longest pasts come first. Bound: tensor cores, 4 * tokens^2 / 2 * heads * headSize operations; measured
// 235 TFLOP/s, 24 % of an H100's peak (2,048 tokens, 32 heads of 128): by the profiler a warp can go on in 30 % of a scheduler's cycles,
// and its two warps wait for results of fixed latency a third of their time.
#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/check.h"
#include "kernels/cuda/ptx.cuh"

namespace gptq {
namespace {

constexpr int kWarps = 4;

__device__ inline float exponential(float x) {  // 2^x, of -infinity 0
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

template <class T, int width, int rows>
struct PaddedRows {
    static constexpr int kStride = width + 8;
    T at[rows][kStride];

    // Elements of `rows` positions from `first` on, zeros from `end` on and beyond a head's size; a group of copies.
    __device__ void copy(const T* from, std::int64_t stride, int headSize, int first, int end) {
        constexpr int kChunk = 8, chunks = width / kChunk, rowsAtOnce = kWarps * 32 / chunks;
        const int firstRow = static_cast<int>(threadIdx.x) / chunks,
                  column = static_cast<int>(threadIdx.x) % chunks * kChunk;
        const T* source = from + (first + firstRow) * stride + column;
        const int left = firstRow < rowsAtOnce && column < headSize ? end - first : 0;
#pragma unroll
        for (int row = firstRow; row < rows + firstRow; row += rowsAtOnce) {
            if (rowsAtOnce * chunks == kWarps * 32 || (firstRow < rowsAtOnce && row < rows))
                copyAsyncOrZero(&at[row][column], row < left ? source : from, row < left);
            source += rowsAtOnce * stride;
        }
        endCopies();
    }
};

// width: of a head, rounded up; keyTile: positions a step; tiles: 16 queries each, of a warp; queriesStay: in registers, else in
// shared memory.
template <class T, int width, int keyTile, int tiles, bool queriesStay>
struct Prefill {
    static constexpr int kQueries = 16 * tiles * kWarps;
    static constexpr int kSteps = width / 32;  // of a score's inner dimension, two products each

    struct Shared {
        PaddedRows<T, width, keyTile> keys, values;
        PaddedRows<T, width, queriesStay ? 1 : kQueries> queries;
    };

    const AttentionArguments<T>& a;
    Shared& shared;
    int past, blockRow, warpRow, firstRow, lane;  // the first query of the block, of the warp in it and among all
    FragmentA queries[queriesStay ? tiles : 1][2 * kSteps];
    FragmentC output[tiles][width / 8];
    float most[tiles][2], sum[tiles][2];  // of rows lane / 4 and lane / 4 + 8; the sum is this lane's share

    __device__ Prefill(const AttentionArguments<T>& arguments, Shared& memory, int pastLength, int blockFirst)
        : a(arguments), shared(memory), past(pastLength), blockRow(blockFirst),
          warpRow(static_cast<int>(threadIdx.x) / 32 * 16 * tiles), firstRow(blockFirst + warpRow),
          lane(static_cast<int>(threadIdx.x) % 32) {
#pragma unroll
        for (int m = 0; m < tiles; ++m) {
            most[m][0] = most[m][1] = -INFINITY;
            sum[m][0] = sum[m][1] = 0;
        }
    }

    // The queries of a head into registers or, by all warps, into shared memory.
    __device__ void loadQueries(const T* head) {
        if constexpr (queriesStay) {
#pragma unroll
            for (int i = 0; i < tiles * 2 * kSteps * 4; ++i) {
                const int m = i / (8 * kSteps), k = i / 4 % (2 * kSteps), part = i % 4;
                const int row = firstRow + m * 16 + lane / 4 + part % 2 * 8,
                          column = k * 16 + lane % 4 * 2 + part / 2 * 8;
                const bool inside = row < a.tokensEach && column < a.headSize;
                queries[m][k].x[part] =
                    inside ? *reinterpret_cast<const std::uint32_t*>(head + row * a.qkvStride + column) : 0u;
            }
        } else {
            shared.queries.copy(head, a.qkvStride, a.headSize, blockRow, a.tokensEach);
        }
    }
    __device__ FragmentA query(int m, int k) const {
        if constexpr (queriesStay) return queries[m][k];
        const uint4 words = loadMatrices(&shared.queries.at[warpRow + m * 16 + lane % 16][k * 16 + lane / 16 * 8]);
        return {{words.x, words.y, words.z, words.w}};
    }

    using Scores = FragmentC[tiles][keyTile / 8];

    __device__ void score(Scores& scores) const {
#pragma unroll
        for (int k = 0; k < kSteps; ++k) {
            FragmentA rows[tiles][2];
#pragma unroll
            for (int m = 0; m < tiles; ++m) {
                rows[m][0] = query(m, 2 * k);
                rows[m][1] = query(m, 2 * k + 1);
            }
#pragma unroll
            for (int n = 0; n < keyTile / 8; ++n) {
                const uint4 words = loadMatrices(&shared.keys.at[n * 8 + lane % 8][k * 32 + lane / 8 * 8]);
#pragma unroll
                for (int m = 0; m < tiles; ++m) {
                    multiplyAdd(scores[m][n], rows[m][0], {{words.x, words.y}}, T{});
                    multiplyAdd(scores[m][n], rows[m][1], {{words.z, words.w}}, T{});
                }
            }
        }
    }

    __device__ void mask(Scores& scores, int first) const {
#pragma unroll
        for (int i = 0; i < tiles * keyTile / 2; ++i) {
            const int m = i / (keyTile / 2), n = i / 4 % (keyTile / 8), part = i % 4;
            const int key = first + n * 8 + lane % 4 * 2 + part % 2,
                      at = past + firstRow + m * 16 + lane / 4 + part / 2 * 8;
            const bool seen = key <= at && (a.window == 0 || key > at - a.window);
            if (!seen) scores[m][n].x[part] = -INFINITY;
        }
    }

    // Scores to weights; what was known before is brought to the new maximum.
    __device__ void weigh(Scores& scores) {
#pragma unroll
        for (int m = 0; m < tiles; ++m) {
            float base[2], keep[2];
#pragma unroll
            for (int r = 0; r < 2; ++r) {
                float next = most[m][r];
#pragma unroll
                for (const FragmentC& part : scores[m]) next = fmaxf(next, fmaxf(part.x[2 * r], part.x[2 * r + 1]));
                next = fmaxf(next, __shfl_xor_sync(kAllLanes, next, 1));
                next = fmaxf(next, __shfl_xor_sync(kAllLanes, next, 2));
                base[r] = next == -INFINITY ? 0.0f : next * a.scale;  // a row that has seen nothing yet
                keep[r] = exponential(most[m][r] * a.scale - base[r]);
                most[m][r] = next;
                sum[m][r] *= keep[r];
            }
#pragma unroll
            for (FragmentC& part : scores[m]) {
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    part.x[i] = exponential(part.x[i] * a.scale - base[i / 2]);
                    sum[m][i / 2] += part.x[i];
                }
            }
            if (!__any_sync(kAllLanes, keep[0] < 1 || keep[1] < 1)) continue;
#pragma unroll
            for (FragmentC& part : output[m]) {
#pragma unroll
                for (int i = 0; i < 4; ++i) part.x[i] *= keep[i / 2];
            }
        }
    }

    __device__ void addValues(const Scores& weights) {
#pragma unroll
        for (int k = 0; k < keyTile / 16; ++k) {
            FragmentA rows[tiles];
#pragma unroll
            for (int m = 0; m < tiles; ++m) {
                const FragmentC &low = weights[m][2 * k], &high = weights[m][2 * k + 1];
                rows[m] = {{packPair<T>(low.x[0], low.x[1]), packPair<T>(low.x[2], low.x[3]),
                            packPair<T>(high.x[0], high.x[1]), packPair<T>(high.x[2], high.x[3])}};
            }
#pragma unroll
            for (int d = 0; d < width / 16; ++d) {
                const uint4 words = loadTransposed(&shared.values.at[k * 16 + lane % 16][d * 16 + lane / 16 * 8]);
#pragma unroll
                for (int m = 0; m < tiles; ++m) {
                    multiplyAdd(output[m][2 * d], rows[m], {{words.x, words.y}}, T{});
                    multiplyAdd(output[m][2 * d + 1], rows[m], {{words.z, words.w}}, T{});
                }
            }
        }
    }

    __device__ void put(T* head) {
#pragma unroll
        for (int i = 0; i < tiles * 2; ++i) {
            const int m = i / 2, r = i % 2, row = firstRow + m * 16 + lane / 4 + r * 8;
            float total = sum[m][r];
            total += __shfl_xor_sync(kAllLanes, total, 1);
            total += __shfl_xor_sync(kAllLanes, total, 2);
            if (row >= a.tokensEach) continue;
            T* const out = head + row * a.yStride;
            const float factor = 1.0f / total;
#pragma unroll
            for (int d = 0; d < width / 8; ++d) {
                const int column = d * 8 + lane % 4 * 2;
                if (column >= a.headSize) continue;
                out[column] = fromFloat<T>(output[m][d].x[2 * r] * factor);
                out[column + 1] = fromFloat<T>(output[m][d].x[2 * r + 1] * factor);
            }
        }
    }
};

template <class T, int width, int keyTile, int tiles, bool queriesStay, int blocks>
__global__ void __launch_bounds__(kWarps * 32, blocks) prefillKernel(const AttentionArguments<T> a) {
    using Work = Prefill<T, width, keyTile, tiles, queriesStay>;
    extern __shared__ __align__(16) unsigned char memory[];
    auto& shared = *reinterpret_cast<typename Work::Shared*>(memory);
    const int head = static_cast<int>(blockIdx.x), sequence = static_cast<int>(blockIdx.z);
    const int blockFirst = static_cast<int>(gridDim.y - 1 - blockIdx.y) * Work::kQueries;
    waitForPrevious();
    const int past = a.past[sequence];
    const std::int64_t base = sequence * a.capacity * a.kvStride + head / (a.heads / a.kvHeads) * a.headSize;
    const std::int64_t firstToken = static_cast<std::int64_t>(sequence) * a.tokensEach;
    const T *const keys = a.keys + base, *const values = a.values + base;

    Work work(a, shared, past, blockFirst);
    work.loadQueries(a.qkv + firstToken * a.qkvStride + head * a.headSize);
    // The positions that the block's queries see, and those that the warp's do.
    const int end = past + min(blockFirst + Work::kQueries, a.tokensEach);
    const int begin = a.window > 0 ? max(0, past + blockFirst - a.window + 1) / keyTile * keyTile : 0;
    const int lowest = past + work.firstRow, highest = lowest + 16 * tiles - 1;
    shared.keys.copy(keys, a.kvStride, a.headSize, begin, end);
    for (int first = begin; first < end; first += keyTile) {
        const int last = first + keyTile - 1;
        const bool sees = first <= highest && (a.window == 0 || last > lowest - a.window);
        const bool masked = last > lowest || (a.window > 0 && first <= highest - a.window);
        awaitCopies<0>();
        __syncthreads();  // keys are there, and the values before are multiplied
        shared.values.copy(values, a.kvStride, a.headSize, first, end);
        typename Work::Scores scores;
        if (sees) work.score(scores);
        awaitCopies<0>();
        __syncthreads();  // values are there, and the keys are multiplied
        if (last + 1 < end) shared.keys.copy(keys, a.kvStride, a.headSize, last + 1, end);
        if (!sees) continue;
        if (masked) work.mask(scores, first);
        work.weigh(scores);
        work.addValues(scores);
    }
    work.put(a.y + firstToken * a.yStride + head * a.headSize);
}

template <class T, int width, int keyTile, int tiles, bool queriesStay, int blocks>
void launch(const CudaContext& context, const AttentionArguments<T>& a, std::int64_t sequences) {
    using Work = Prefill<T, width, keyTile, tiles, queriesStay>;
    const dim3 grid(static_cast<unsigned>(a.heads), blocksFor(a.tokensEach, Work::kQueries),
                    static_cast<unsigned>(sequences));
    launchChained(context, prefillKernel<T, width, keyTile, tiles, queriesStay, blocks>, grid, kWarps * 32,
                  sizeof(typename Work::Shared), a);
}

}  // namespace

template <class T>
void attendPrefill(const CudaContext& context, const AttentionArguments<T>& a, std::int64_t sequences) {
    // As measured on an H100: 2,048 tokens of Llama-2-7B's heads take 146 us with 32 queries a warp, where two blocks have room, and 155
    // to 173 with 16.
    constexpr bool stay = true;
    if (a.headSize <= 32) launch<T, 32, 64, 1, stay, 4>(context, a, sequences);
    else if (a.headSize <= 64) launch<T, 64, 64, 1, stay, 3>(context, a, sequences);
    else if (a.headSize <= 96) launch<T, 96, 64, 1, stay, 3>(context, a, sequences);
    else if (a.headSize > 128) launch<T, 256, 32, 1, stay, 2>(context, a, sequences);
    else if (2 * sizeof(typename Prefill<T, 128, 64, 2, !stay>::Shared) > context.limits().sharedBytes)
        launch<T, 128, 64, 1, stay, 3>(context, a, sequences);
    else launch<T, 128, 64, 2, !stay, 2>(context, a, sequences);
}

template void attendPrefill<Half>(const CudaContext&, const AttentionArguments<Half>&, std::int64_t);
template void attendPrefill<Brain>(const CudaContext&, const AttentionArguments<Brain>&, std::int64_t);

}  // namespace gptq
