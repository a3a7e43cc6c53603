// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A split's positions by multiply-adds in float32: any head size, any card, up to four query heads of a key.
//
// A team of 8, 16 or 32 lanes takes a position, 16 bytes of key and value a lane; at a head size of 128:
//
//     warp 0   | lanes 0-15: position 0 | lanes 16-31: position 1 |      warp 1   | position 2 | position 3 |      ...
//
// A warp's teams merge by shuffles. A position that is taken makes room for one of the next round, so four are always on their way.
// Bound: memory with a key for every head, of which it reaches 83 % of a copy's bandwidth (Llama-2-7B, 2,048 positions); instructions with
// three or four heads a key, 231 for two positions.
#pragma once

#include "kernels/cuda/attention_splits.cuh"

namespace gptq {

template <class T>
__device__ void unpackEight(const uint4& words, float (&values)[8]) {
    const std::uint32_t all[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        PairOf<T> pair;
        memcpy(&pair, &all[i], 4);
        values[2 * i] = asFloat(pair.x);
        values[2 * i + 1] = asFloat(pair.y);
    }
}

template <class T, int lanes, int group>
struct Teams {
    static constexpr int kHeads = group, kWidth = lanes * 8;
    static constexpr int kBlocks = group == 1 ? 5 : group == 2 ? 4 : 3;  // a multiprocessor has registers for
    static constexpr int kTeams = kSplitThreads / lanes;
    static constexpr int kUnrolled = 4;  // positions of a team in flight
    static constexpr bool kTakesEntered = true;
    static constexpr int kPositions = kTeams * kUnrolled;

    // Of the block's first round, which begins at `begin`, the positions in [from, end).
    __device__ void load(const HeadCache<T>& cache, int begin, int from, int end) {
#pragma unroll
        for (int u = 0; u < kUnrolled; ++u) read(cache, begin, u, from, end);
    }

    __device__ void attend(const HeadCache<T>& cache, int begin, int end, int /*heads*/,
                           const float (&queries)[group + 1][kMostHeadSize]) {
        const int team = static_cast<int>(threadIdx.x) / lanes, element = static_cast<int>(threadIdx.x) % lanes * 8;
        const bool works = element < cache.headSize;
        float query[group][8];
#pragma unroll
        for (int g = 0; g < group; ++g) {
            m_most[g] = -INFINITY;
#pragma unroll
            for (int i = 0; i < 8; ++i) query[g][i] = works ? queries[g][element + i] : 0.0f;
        }
        // Whole warps go round together, so that their lanes can add up scores.
        for (int base = begin; base < end; base += kPositions) {
#pragma unroll
            for (int u = 0; u < kUnrolled; ++u) {
                if (base + u * kTeams >= end) break;
                float scores[group] = {}, key[8], value[8];
                unpackEight<T>(m_keys[u], key);
                unpackEight<T>(m_values[u], value);
                read(cache, base + kPositions, u, begin, end);
#pragma unroll
                for (int g = 0; g < group; ++g) {
#pragma unroll
                    for (int i = 0; i < 8; ++i) scores[g] += query[g][i] * key[i];
#pragma unroll
                    for (int step = lanes / 2; step > 0; step /= 2)
                        scores[g] += __shfl_xor_sync(kAllLanes, scores[g], step);
                }
                if (base + u * kTeams + team >= end) continue;
#pragma unroll
                for (int g = 0; g < group; ++g) take(g, scores[g], value);
            }
        }
    }

    __device__ void leave(Merge<kHeads, kWidth>& merge) const {
        const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
#pragma unroll
        for (int g = 0; g < group; ++g) {
            float top = m_most[g];
#pragma unroll
            for (int step = lanes; step < 32; step *= 2) top = fmaxf(top, __shfl_xor_sync(kAllLanes, top, step));
            const float factor = m_most[g] == -INFINITY ? 0.0f : exp2f(m_most[g] - top);
            const auto overTeams = [&](float value) {
                value *= factor;
#pragma unroll
                for (int step = lanes; step < 32; step *= 2) value += __shfl_xor_sync(kAllLanes, value, step);
                return value;
            };
            const float sum = overTeams(m_sum[g]);
            float outputs[8];
#pragma unroll
            for (int i = 0; i < 8; ++i) outputs[i] = overTeams(m_output[g][i]);
            if (lane == 0) {
                merge.most[g][warp] = top;
                merge.sum[g][warp] = sum;
            }
            if (lane < lanes) memcpy(&merge.outputs[g][warp][lane * 8], outputs, sizeof(outputs));
        }
    }

private:
    // The team's `u`th position from `base` on, where it lies in [first, end).
    __device__ void read(const HeadCache<T>& cache, int base, int u, int first, int end) {
        const int position = base + u * kTeams + static_cast<int>(threadIdx.x) / lanes;
        const int element = static_cast<int>(threadIdx.x) % lanes * 8;
        if (position < first || position >= end || element >= cache.headSize) return;
        const std::int64_t at = position * cache.stride + element;
        m_keys[u] = *reinterpret_cast<const uint4*>(cache.keys + at);
        m_values[u] = *reinterpret_cast<const uint4*>(cache.values + at);
    }
    __device__ void take(int g, float score, const float (&value)[8]) {
        const float next = fmaxf(m_most[g], score), old = exp2f(m_most[g] - next), weight = exp2f(score - next);
        m_sum[g] = m_sum[g] * old + weight;
        m_most[g] = next;
#pragma unroll
        for (int i = 0; i < 8; ++i) m_output[g][i] = m_output[g][i] * old + weight * value[i];
    }

    uint4 m_keys[kUnrolled] = {}, m_values[kUnrolled] = {};
    float m_most[group], m_sum[group] = {}, m_output[group][8] = {};  // this lane's eight elements
};

}  // namespace gptq
