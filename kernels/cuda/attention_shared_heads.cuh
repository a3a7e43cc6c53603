// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A split's positions by tensor cores: three to eight query heads that share keys and values, which are read once for all of them.
//
// A warp takes 16 positions at a time, of four warps every fourth 16 of the split, by mma.m16n8k16; with g = lane / 4 and q = lane % 4 at a
// head size of 128 (four chunks of 32 elements, two halves of 64):
//
//     scores    A  rows 0-7   queries, rounded           B  columns  keys, eight positions a product
//                  rows 8-15  what rounding left            lane reads of position g elements 32 c + 8 q ... + 7, inner columns
//                                                           2 q, 2 q + 1, 2 q + 8, 2 q + 9 of two products, on both sides
//     outputs   A  rows 0-7   weights, rounded           B  columns  values, 16 positions a product
//                  rows 8-15  what rounding left            lane reads of positions 2 q, 2 q + 1, 2 q + 8, 2 q + 9 elements
//                                                           64 h + 8 g ... + 7: column g of tile j is element 8 g + j
//
// So scores are as exact as keys are, weights as values, without shared memory between memory and products. Weights lie below 2^kTop,
// not 1, so that float16 keeps small ones too. What a tile was read into is read into again as soon as it is multiplied. Bound: memory;
// measured 93 % of a copy's bandwidth (Llama-3-8B, 8,000 positions: 11.7 us a block for 33 MB), 61 % at 2,048 positions.
#pragma once

#include "kernels/cuda/attention_splits.cuh"
#include "kernels/cuda/ptx.cuh"

namespace gptq {

template <class T, int chunks, int warps = kSplitWarps>
struct SharedHeads {
    static constexpr int kHeads = 8, kWidth = chunks * 32, kHalves = chunks / 2;
    static constexpr int kPositions = 16;
    static constexpr bool kTakesEntered = false;
    static constexpr int kBlocks = 2;  // a multiprocessor: more splits would take longer to merge
    static constexpr bool kFewRounds = warps > kSplitWarps;  // often one: then the next is not prepared for nothing
    static constexpr float kTop = std::is_same_v<T, Half> ? 14.0f : 0.0f;

    // Of the block's first round, which begins at `begin`, the positions in [from, end).
    __device__ void load(const HeadCache<T>& cache, int begin, int from, int end) {
        const int first = firstOf(begin);
        if (first >= end || first + kPositions <= from) return;  // as a whole, so that no code is fetched for nothing
        readKeys(cache, first, from, end);
        readValues(cache, first, from, end);
    }

    __device__ void attend(const HeadCache<T>& cache, int begin, int end, int heads,
                           const float (&of)[kHeads + 1][kMostHeadSize]) {
        FragmentA queries[2 * chunks];
#pragma unroll
        for (int i = 0; i < 4 * chunks; ++i) {
            const int g = lane() / 4, element = i / 4 * 32 + lane() % 4 * 8 + i % 4 * 2;
            const float low = g < heads ? of[g][element] : 0.0f, high = g < heads ? of[g][element + 1] : 0.0f;
            split(low, high, queries[i / 2].x[i % 2 * 2], queries[i / 2].x[i % 2 * 2 + 1]);
        }
        attend(cache, begin, end, queries);
    }
    // The warp's part, by queries that are split into fragments.
    __device__ void attend(const HeadCache<T>& cache, int begin, int end, const FragmentA (&queries)[2 * chunks]) {
        for (int base = firstOf(begin); base < end; base += warps * kPositions) {
            FragmentC scores[2];
#pragma unroll
            for (int c = 0; c < chunks; ++c) {
#pragma unroll
                for (int n = 0; n < 2; ++n)
                    multiplyAdd(scores[n], queries[2 * c], {{m_keys[n][c].x, m_keys[n][c].y}}, T{});
#pragma unroll
                for (int n = 0; n < 2; ++n)
                    multiplyAdd(scores[n], queries[2 * c + 1], {{m_keys[n][c].z, m_keys[n][c].w}}, T{});
            }
            const int next = base + warps * kPositions;
            if (!kFewRounds || next < end) readKeys(cache, next, begin, end);
            addValues(weightsOf(scores, base, end));
            if (!kFewRounds || next < end) readValues(cache, next, begin, end);
        }
    }

    template <class Place>
    __device__ void leave(Place& merge) const {
        const int g = lane() / 4, q = lane() % 4, warp = static_cast<int>(threadIdx.x) / 32;
        float sum = m_sum;
        sum += __shfl_xor_sync(kAllLanes, sum, 1);
        sum += __shfl_xor_sync(kAllLanes, sum, 2);
        if (!merge.takes(g)) return;
        if (q == 0) {
            merge.most[g][warp] = m_most;
            merge.sum[g][warp] = sum;
        }
#pragma unroll
        for (int j = 0; j < 8 * kHalves; j += 4) {
            const auto put = [&](int column) {
                const auto at = [&](int t) { return m_output[j + t].x[column] + m_output[j + t].x[column + 2]; };
                *reinterpret_cast<float4*>(&merge.outputs[g][warp][j / 8 * 64 + 16 * q + 8 * column + j % 8]) = {
                    at(0), at(1), at(2), at(3)};
            };
            put(0);
            put(1);
        }
    }

    // A pair rounded, and the rest of it.
    static __device__ void split(float low, float high, std::uint32_t& rounded, std::uint32_t& rest) {
        rounded = packPair<T>(low, high);
        const auto pair = pairOf<PairOf<T>>(rounded);
        rest = packPair<T>(low - asFloat(pair.x), high - asFloat(pair.y));
    }
    static __device__ int firstOf(int begin) {
        return begin + static_cast<int>(threadIdx.x / 32) * kPositions;
    }

private:
    static __device__ int lane() {
        return static_cast<int>(threadIdx.x % 32);
    }

    // What is not read is of an earlier position or zero, and weighs nothing.
    __device__ void readKeys(const HeadCache<T>& cache, int base, int from, int end) {
#pragma unroll
        for (int n = 0; n < 2; ++n) {
            const int position = base + 8 * n + lane() / 4;
            const T* at = cache.keys + position * cache.stride + lane() % 4 * 8;
#pragma unroll
            for (int c = 0; c < chunks; ++c) {
                if (position >= from && position < end) m_keys[n][c] = *reinterpret_cast<const uint4*>(at + 32 * c);
            }
        }
    }
    __device__ void readValues(const HeadCache<T>& cache, int base, int from, int end) {
#pragma unroll
        for (int r = 0; r < 4; ++r) {
            const int position = base + lane() % 4 * 2 + r % 2 + r / 2 * 8;
            const T* at = cache.values + position * cache.stride + lane() / 4 * 8;
#pragma unroll
            for (int h = 0; h < kHalves; ++h) {
                if (position >= from && position < end) m_values[r][h] = *reinterpret_cast<const uint4*>(at + 64 * h);
            }
        }
    }

    // Scores to weights; what was known before is brought to the new maximum. One position at least lies before `end`.
    __device__ FragmentA weightsOf(const FragmentC (&scores)[2], int base, int end) {
        float weights[4], top = -INFINITY;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const int position = base + lane() % 4 * 2 + i % 2 + i / 2 * 8;
            weights[i] = position < end ? scores[i / 2].x[i % 2] + scores[i / 2].x[i % 2 + 2] : -INFINITY;
            top = fmaxf(top, weights[i]);
        }
        top = fmaxf(top, __shfl_xor_sync(kAllLanes, top, 1));
        top = fmaxf(top, __shfl_xor_sync(kAllLanes, top, 2)) - kTop;
        if (__any_sync(kAllLanes, top > m_most)) {
            const float next = fmaxf(m_most, top), old = powerOf2(m_most - next);
            m_most = next;
            m_sum *= old;
#pragma unroll
            for (FragmentC& of : m_output) {
#pragma unroll
                for (float& x : of.x) x *= old;
            }
        }
#pragma unroll
        for (float& weight : weights) {
            weight = powerOf2(weight - m_most);
            m_sum += weight;
        }
        FragmentA rows;
        split(weights[0], weights[1], rows.x[0], rows.x[1]);
        split(weights[2], weights[3], rows.x[2], rows.x[3]);
        return rows;
    }

    __device__ void addValues(const FragmentA& weights) {
#pragma unroll
        for (int j = 0; j < 8 * kHalves; ++j) {
            const auto pairAt = [&](int row) {
                const auto wordOf = [&](const uint4& of) {
                    return j % 8 / 2 == 0 ? of.x : j % 8 / 2 == 1 ? of.y : j % 8 / 2 == 2 ? of.z : of.w;
                };
                return __byte_perm(wordOf(m_values[row][j / 8]), wordOf(m_values[row + 1][j / 8]),
                                   j % 2 == 0 ? 0x5410 : 0x7632);
            };
            multiplyAdd(m_output[j], weights, {{pairAt(0), pairAt(2)}}, T{});
        }
    }

    uint4 m_keys[2][chunks] = {}, m_values[4][kHalves] = {};
    FragmentC m_output[8 * kHalves];  // tile j of half h: x[0] + x[2] element 64 h + 16 q + j, x[1] + x[3] eight more
    float m_most = -INFINITY, m_sum = 0;  // of query g; the sum is this lane's share
};

}  // namespace gptq
