// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What every way of attending to a long past shares: its splits, the token that enters, and how warps and splits merge.
//
// A method is a block's part between the two; it declares kHeads, the query heads it takes together, kWidth, their elements, and
// kTakesEntered, whether it takes the entering key and value from shared memory instead of the cache; it keeps of each warp a running
// maximum, sum and output (online softmax, Milakov and Gimelshein 2018, arXiv 1805.02867).
#pragma once

#include <algorithm>

#include "kernels/cuda/attention.cuh"

namespace gptq {

inline constexpr int kSplitWarps = 4;
inline constexpr int kSplitThreads = kSplitWarps * 32;
inline constexpr int kMostSplits = 256;
inline constexpr int kSplitStep = 64;    // positions: a split is a multiple of it
inline constexpr int kLeastSplit = 128;  // shorter ones take longer to merge than they save

template <class T>
struct DecodeArguments {
    AttentionArguments<T> attention;
    HeadTransform transform;
    bool enters;
    int splits;
    int* counters;   // (tokens, pieces of heads)
    float* outputs;  // (tokens, heads, splits, headSize): of a split, not yet over its sum
    float2* tops;    // (tokens, heads, splits): its maximum and sum
};

// The keys and values of one head of one sequence, and the elements of a position.
template <class T>
struct HeadCache {
    const T *keys, *values;
    std::int64_t stride;
    int headSize;
};

// Steps of a split, where so many steps have at most so many splits.
__host__ __device__ constexpr int stepsOfSplit(int steps, int splits) {
    return std::max((steps + splits - 1) / splits, kLeastSplit / kSplitStep);
}

// The positions that a token at `position` sees, in splits of as many each: all that the grid has, unless they would be too short.
struct Range {
    int begin, end, each, splits;
};
template <class T>
__device__ Range rangeOf(const DecodeArguments<T>& a, int position) {
    const int begin = a.attention.window > 0 ? max(0, position - a.attention.window + 1) : 0, end = position + 1;
    const int steps = (end - begin + kSplitStep - 1) / kSplitStep, each = stepsOfSplit(steps, a.splits);
    return {begin, end, each * kSplitStep, (steps + each - 1) / each};
}

// The block's place in the grid: a split of a token's positions, and query heads that share a key and value head.
template <int group>
struct SplitPlace {
    int split = static_cast<int>(blockIdx.x), token = static_cast<int>(blockIdx.z);
    int kvHead, firstHead, heads;

    __device__ SplitPlace(int allHeads, int kvHeads) {
        const int shared = allHeads / kvHeads, pieces = (shared + group - 1) / group;
        const int piece = static_cast<int>(blockIdx.y) % pieces;
        kvHead = static_cast<int>(blockIdx.y) / pieces;
        firstHead = kvHead * shared + piece * group;
        heads = min(group, shared - piece * group);
    }
};

// A token's heads in shared memory: its queries and, where the method takes them from there, the key and value that enter the cache.
template <class T, int group>
struct TokenHeads {
    float queries[group + 1][kMostHeadSize];  // the last one's place is the key's, before it is rounded
    alignas(16) T key[kMostHeadSize], value[kMostHeadSize];
};

// Fills it from the products before, and the cache where this block holds the token's position.
template <bool keeps, class T, int group, int width>
__device__ void enter(const DecodeArguments<T>& a, const SplitPlace<group>& place, std::int64_t slot, bool holds,
                      const float2* turns, TokenHeads<T, group>& of) {
    const AttentionArguments<T>& t = a.attention;
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32, size = t.headSize;
    const T* row = t.qkv + place.token * t.qkvStride;
    const int count = place.heads + (holds ? 1 : 0);
    // All that a warp reads is asked for at once.
    constexpr int kRounds = group / kSplitWarps + 1, kEach = width / 32;
    float elements[kRounds][kEach];
    T value[kEach];
#pragma unroll
    for (int i = 0; i < kRounds * kEach; ++i) {
        const int h = warp + i / kEach * kSplitWarps, element = lane + i % kEach * 32;
        const int head = h < place.heads ? place.firstHead + h : t.heads + place.kvHead;
        if (h >= count || element >= size) continue;
        elements[i / kEach][i % kEach] = asFloat(row[head * size + element]);
        if (keeps && h >= place.heads) value[i % kEach] = row[(head + t.kvHeads) * size + element];
    }
#pragma unroll
    for (int i = 0; i < kRounds * kEach; ++i) {
        const int h = warp + i / kEach * kSplitWarps, element = lane + i % kEach * 32;
        if (h >= count || element >= size) continue;
        of.queries[h][element] = elements[i / kEach][i % kEach];
        if (keeps && h >= place.heads) of.value[element] = value[i % kEach];
    }
    __syncwarp();
    for (int h = warp; h < count; h += kSplitWarps) {
        const bool query = h < place.heads;
        if (a.enters)
            transformHead(
                of.queries[h], size, a.transform, query, [&](int i) { return turns[i]; }, lane);
        if (query) {
            for (int i = lane; i < size; i += 32) of.queries[h][i] *= t.scale;
        } else {
            const std::int64_t at = slot * t.kvStride + place.kvHead * size;
            for (int i = lane; i < size; i += 32) {
                const T key = fromFloat<T>(of.queries[h][i]);
                if (keeps) of.key[i] = key;
                t.keys[at + i] = key;
                t.values[at + i] = keeps ? of.value[i] : row[(t.heads + t.kvHeads + place.kvHead) * size + i];
            }
        }
    }
    __syncthreads();
}

// A block's shared memory, after its queries: what warps and splits merge in.
template <int group, int width>
struct Merge {
    float most[group][kSplitWarps], sum[group][kSplitWarps];
    alignas(16) float outputs[group][kSplitWarps][width];
    float weights[group][kMostSplits], totals[group];
    int arrived;

    __device__ static constexpr bool takes(int) { return true; }
};

__device__ inline float4 plus(const float4& sum, const float4& part, float factor) {
    return {sum.x + part.x * factor, sum.y + part.y * factor, sum.z + part.z * factor, sum.w + part.w * factor};
}

// The warps' results, which are in shared memory: take(head, maximum, sum, element, four outputs), not yet over the sum.
template <int group, int width, class Take>
__device__ void mergeWarps(const Merge<group, width>& merge, int heads, int headSize, const Take& take) {
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < heads * (width / 4); i += kSplitThreads) {
        const int g = i / (width / 4), element = i % (width / 4) * 4;
        if (element >= headSize) continue;
        float top = -INFINITY, total = 0;
        float4 value{};
#pragma unroll
        for (int w = 0; w < kSplitWarps; ++w) top = fmaxf(top, merge.most[g][w]);
#pragma unroll
        for (int w = 0; w < kSplitWarps; ++w) {
            const float most = merge.most[g][w], factor = most == -INFINITY ? 0.0f : exp2f(most - top);
            const float4 part = *reinterpret_cast<const float4*>(&merge.outputs[g][w][element]);
            total += merge.sum[g][w] * factor;
            value = plus(value, part, factor);
        }
        take(g, top, total, element, value);
    }
}

template <class T>
__device__ void putFour(T* to, const float4& values, float factor) {
    to[0] = fromFloat<T>(values.x * factor);
    to[1] = fromFloat<T>(values.y * factor);
    to[2] = fromFloat<T>(values.z * factor);
    to[3] = fromFloat<T>(values.w * factor);
}

// The splits' results in scratch memory to the outputs, by one block: each warp finds the shares of some heads, then each thread adds up
// some elements.
template <class T, int group, int width>
__device__ void mergeSplits(const DecodeArguments<T>& a, const SplitPlace<group>& place, int count,
                            Merge<group, width>& merge) {
    const AttentionArguments<T>& t = a.attention;
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const std::int64_t first = (static_cast<std::int64_t>(place.token) * t.heads + place.firstHead) * a.splits;
    // Those beyond the last split, to fill up a round, weigh nothing.
    constexpr int kRound = 16;
    const int filled = (count + kRound - 1) / kRound * kRound;
    for (int h = warp; h < place.heads; h += kSplitWarps) {
        float2 tops[kMostSplits / 32];
        float most = -INFINITY, total = 0;
#pragma unroll
        for (int i = 0; i < kMostSplits / 32; ++i) {
            const int s = lane + 32 * i;
            tops[i] = s < count ? __ldcg(a.tops + first + h * a.splits + s) : float2{-INFINITY, 0};
            most = fmaxf(most, tops[i].x);
        }
        most = warpMax(most);
#pragma unroll
        for (int i = 0; i < kMostSplits / 32; ++i) {
            const int s = lane + 32 * i;
            const float weight = exp2f(tops[i].x - most);
            if (s < filled) merge.weights[h][s] = weight;
            total += weight * tops[i].y;
        }
        total = warpSum(total);
        if (lane == 0) merge.totals[h] = total;
    }
    __syncthreads();
    // Four elements a thread, or a few times four; threads that remain take other splits of the same. All reads of a round are asked
    // for at once, without a condition between them.
    const int thread = static_cast<int>(threadIdx.x), items = place.heads * (width / 4);
    auto* const sums = reinterpret_cast<float4*>(merge.outputs);
    const auto put = [&](int item, const float4& values) {
        const int h = item / (width / 4), element = item % (width / 4) * 4;
        if (item < items && element < t.headSize)
            putFour(t.y + place.token * t.yStride + (place.firstHead + h) * t.headSize + element, values,
                    1.0f / merge.totals[h]);
    };
    const auto add = [&]<int pieces>() {
        const int teams = pieces > 1 ? 1 : min(kSplitWarps, kSplitThreads / items),
                  team = pieces > 1 ? 0 : thread / items;
        float4 values[pieces]{};
        const float* parts[pieces];
        const float* weights[pieces];
#pragma unroll
        for (int p = 0; p < pieces; ++p) {
            const int item = min(thread - team * items + p * kSplitThreads, items - 1), h = item / (width / 4);
            parts[p] = a.outputs + (first + h * a.splits) * t.headSize + min(item % (width / 4) * 4, t.headSize - 4);
            weights[p] = merge.weights[h];
        }
        constexpr int kSplits = kRound / pieces;
        for (int from = team * kSplits; team < teams && from < count; from += teams * kSplits) {
#pragma unroll
            for (int i = 0; i < kRound; ++i) {
                const int p = i % pieces, s = from + i / pieces;
                const float4 part = __ldcg(reinterpret_cast<const float4*>(parts[p] + min(s, count - 1) * t.headSize));
                values[p] = plus(values[p], part, weights[p][s]);
            }
        }
        if (teams == 1) {
#pragma unroll
            for (int p = 0; p < pieces; ++p) put(thread + p * kSplitThreads, values[p]);
            return;
        }
        if (team < teams) sums[thread] = values[0];
        __syncthreads();
        if (thread >= items) return;
        for (int other = 1; other < teams; ++other) values[0] = plus(values[0], sums[other * items + thread], 1.0f);
        put(thread, values[0]);
    };
    constexpr int kPieces = (group * width / 4 + kSplitThreads - 1) / kSplitThreads;
    if (items <= kSplitThreads) add.template operator()<1>();
    else add.template operator()<kPieces>();
}

}  // namespace gptq
