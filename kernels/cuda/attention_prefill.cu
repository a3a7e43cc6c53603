// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Attention of many new tokens: y = softmax(q k^T scale) v, causal, tiled, on tensor cores (after FlashAttention-2, Dao 2023, arXiv
// 2307.08691).
//
// A block is 64 queries of one head; each of its four warps holds 16 of them, their output and the running maximum and sum of
// each row in registers. Keys and values pass through shared memory a tile at a time. Scores are a C fragment, which is the A
// fragment of the product with the values after rounding. Rows are padded by 16 bytes, so that a fragment's eight rows lie in
// different banks. Bound: tensor cores, 4 * tokens^2 / 2 * heads * headSize operations.
#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/check.h"
#include "kernels/cuda/ptx.cuh"

namespace gptq {
namespace {

constexpr int kWarps = 4;
constexpr int kQueries = 16 * kWarps;

// Two 8x8 matrices of 16-bit elements, transposed: the B fragment of a tile of values.
__device__ inline void loadTransposed(FragmentB& b, const void* row) {
    const auto address = static_cast<unsigned>(__cvta_generic_to_shared(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(b.x[0]), "=r"(b.x[1])
                 : "r"(address));
}

template <class T, int width, int keyTile>
struct Tiles {
    static constexpr int kStride = width + 8;
    alignas(16) T keys[keyTile][kStride];
    alignas(16) T values[keyTile][kStride];
};

// Positions [first, first + keyTile) of one head; zero beyond `end` and in padding columns.
template <class T, int width, int keyTile>
__device__ void loadTile(Tiles<T, width, keyTile>& tiles, const AttentionArguments<T>& a, std::int64_t base, int first,
                         int end) {
    constexpr int kChunk = 8, chunks = width / kChunk;
    for (int i = static_cast<int>(threadIdx.x); i < keyTile * chunks; i += kWarps * 32) {
        const int row = i / chunks, column = i % chunks * kChunk;
        uint4 key{}, value{};
        if (first + row < end && column < a.headSize) {
            const std::int64_t at = base + (first + row) * a.kvStride + column;
            key = *reinterpret_cast<const uint4*>(a.keys + at);
            value = *reinterpret_cast<const uint4*>(a.values + at);
        }
        *reinterpret_cast<uint4*>(&tiles.keys[row][column]) = key;
        *reinterpret_cast<uint4*>(&tiles.values[row][column]) = value;
    }
}

// What a warp keeps of its 16 queries: lane l has rows l / 4 and l / 4 + 8.
template <int width>
struct RowState {
    FragmentC output[width / 8];
    float most[2] = {-INFINITY, -INFINITY};
    float sum[2] = {};
};

template <class T, int width, int keyTile>
__device__ void addTile(const Tiles<T, width, keyTile>& tiles, const AttentionArguments<T>& a,
                        const FragmentA (&queries)[width / 16], RowState<width>& state, const int (&positions)[2],
                        int first, int lane) {
    FragmentC scores[keyTile / 8];
#pragma unroll
    for (int n = 0; n < keyTile / 8; ++n) {
#pragma unroll
        for (int k = 0; k < width / 16; ++k) {
            const T* row = &tiles.keys[n * 8 + lane / 4][k * 16 + lane % 4 * 2];
            FragmentB keys;
            keys.x[0] = *reinterpret_cast<const std::uint32_t*>(row);
            keys.x[1] = *reinterpret_cast<const std::uint32_t*>(row + 8);
            multiplyAdd(scores[n], queries[k], keys, T{});
        }
    }
    float next[2] = {state.most[0], state.most[1]};
#pragma unroll
    for (int n = 0; n < keyTile / 8; ++n) {
        for (int i = 0; i < 4; ++i) {
            const int key = first + n * 8 + lane % 4 * 2 + i % 2, query = positions[i / 2];
            const bool seen = key <= query && (a.window == 0 || key > query - a.window);
            scores[n].x[i] = seen ? scores[n].x[i] * a.scale : -INFINITY;
            next[i / 2] = fmaxf(next[i / 2], scores[n].x[i]);
        }
    }
    float keep[2];
    for (int r = 0; r < 2; ++r) {
        for (int step = 1; step < 4; step *= 2) next[r] = fmaxf(next[r], __shfl_xor_sync(kAllLanes, next[r], step));
        keep[r] = next[r] == -INFINITY ? 1.0f : exp2f(state.most[r] - next[r]);  // a row that has seen nothing yet
        state.most[r] = next[r];
        state.sum[r] *= keep[r];
    }
#pragma unroll
    for (int n = 0; n < keyTile / 8; ++n) {
        for (int i = 0; i < 4; ++i) {
            scores[n].x[i] = next[i / 2] == -INFINITY ? 0.0f : exp2f(scores[n].x[i] - next[i / 2]);
            state.sum[i / 2] += scores[n].x[i];
        }
    }
#pragma unroll
    for (int d = 0; d < width / 8; ++d) {
        for (int i = 0; i < 4; ++i) state.output[d].x[i] *= keep[i / 2];
    }
#pragma unroll
    for (int k = 0; k < keyTile / 16; ++k) {
        const FragmentC &low = scores[2 * k], &high = scores[2 * k + 1];
        const FragmentA weights{{packPair<T>(low.x[0], low.x[1]), packPair<T>(low.x[2], low.x[3]),
                                 packPair<T>(high.x[0], high.x[1]), packPair<T>(high.x[2], high.x[3])}};
#pragma unroll
        for (int d = 0; d < width / 8; ++d) {
            FragmentB values;
            loadTransposed(values, &tiles.values[k * 16 + lane % 16][d * 8]);
            multiplyAdd(state.output[d], weights, values, T{});
        }
    }
}

template <class T, int width, int keyTile>
__global__ void __launch_bounds__(kWarps * 32) prefillKernel(AttentionArguments<T> a) {
    __shared__ Tiles<T, width, keyTile> tiles;
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int sequence = static_cast<int>(blockIdx.z), head = static_cast<int>(blockIdx.y),
              firstQuery = static_cast<int>(blockIdx.x) * kQueries;
    const int past = a.past[sequence];
    const std::int64_t base = sequence * a.capacity * a.kvStride + head / (a.heads / a.kvHeads) * a.headSize;
    const int rows[2] = {firstQuery + warp * 16 + lane / 4, firstQuery + warp * 16 + lane / 4 + 8};
    const int positions[2] = {past + rows[0], past + rows[1]};

    FragmentA queries[width / 16];
#pragma unroll
    for (int k = 0; k < width / 16; ++k) {
        for (int i = 0; i < 4; ++i) {
            const int row = rows[i % 2], column = k * 16 + lane % 4 * 2 + i / 2 * 8;
            const bool inside = row < a.tokensEach && column < a.headSize;
            const T* at = a.qkv + (static_cast<std::int64_t>(sequence) * a.tokensEach + row) * a.qkvStride +
                          head * a.headSize + column;
            queries[k].x[i] = inside ? *reinterpret_cast<const std::uint32_t*>(at) : 0u;
        }
    }
    RowState<width> state;
    const int end = past + min(firstQuery + kQueries, a.tokensEach);
    const int begin = a.window > 0 ? max(0, past + firstQuery - a.window + 1) / keyTile * keyTile : 0;
    for (int first = begin; first < end; first += keyTile) {
        __syncthreads();
        loadTile(tiles, a, base, first, end);
        __syncthreads();
        addTile(tiles, a, queries, state, positions, first, lane);
    }
    for (int r = 0; r < 2; ++r) {
        for (int step = 1; step < 4; step *= 2) state.sum[r] += __shfl_xor_sync(kAllLanes, state.sum[r], step);
        if (rows[r] >= a.tokensEach) continue;
        T* out = a.y + (static_cast<std::int64_t>(sequence) * a.tokensEach + rows[r]) * a.yStride + head * a.headSize;
        const float factor = 1.0f / state.sum[r];
#pragma unroll
        for (int d = 0; d < width / 8; ++d) {
            const int column = d * 8 + lane % 4 * 2;
            if (column >= a.headSize) continue;
            out[column] = fromFloat<T>(state.output[d].x[2 * r] * factor);
            out[column + 1] = fromFloat<T>(state.output[d].x[2 * r + 1] * factor);
        }
    }
}

template <class T, int width, int keyTile>
void launch(const AttentionArguments<T>& a, std::int64_t sequences, cudaStream_t stream) {
    const dim3 grid(blocksFor(a.tokensEach, kQueries), static_cast<unsigned>(a.heads),
                    static_cast<unsigned>(sequences));
    prefillKernel<T, width, keyTile><<<grid, kWarps * 32, 0, stream>>>(a);
    CUDA_CHECK_LAUNCH();
}

}  // namespace

template <class T>
void attendPrefill(const AttentionArguments<T>& a, std::int64_t sequences, cudaStream_t stream) {
    if (a.headSize <= 32) launch<T, 32, 64>(a, sequences, stream);
    else if (a.headSize <= 64) launch<T, 64, 64>(a, sequences, stream);
    else if (a.headSize <= 96) launch<T, 96, 64>(a, sequences, stream);
    else if (a.headSize <= 128) launch<T, 128, 64>(a, sequences, stream);
    else launch<T, 256, 32>(a, sequences, stream);
}

template void attendPrefill<Half>(const AttentionArguments<Half>&, std::int64_t, cudaStream_t);
template void attendPrefill<Brain>(const AttentionArguments<Brain>&, std::int64_t, cudaStream_t);

}  // namespace gptq
