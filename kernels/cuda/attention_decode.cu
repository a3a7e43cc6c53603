// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Attention of a few new tokens over a long past: y = softmax(q k^T scale) v, the context split over blocks.
//
// A block is one split of up to four query heads that share keys and values, for one token. A team of 8, 16 or 32 lanes takes a
// position, 16 bytes of key and value a lane, and keeps a running maximum, sum and output (online softmax, Milakov and
// Gimelshein 2018, arXiv 1805.02867); at a head size of 128:
//
//     warp 0   | lanes 0-15: position 0 | lanes 16-31: position 1 |      warp 1   | position 2 | position 3 |      ...
//
// A warp's teams merge by shuffles, the warps in shared memory, where each head is one, two or four warps'; the last block of a token's
// heads merges the splits. A position that is taken makes room for one of the next round, so four are always on their way. A single
// token's queries and key are normed and turned here, and its key and value written to the cache by the blocks whose split holds its
// position: one kernel for all between two products. The grid is fixed by the longest past a step may have, so that a recorded step
// serves every length; splits beyond the actual length end at once. Bound: memory, keys and values once; measured (docs/benchmarks.md, what
// a context adds to a step) 89 % of a copy's bandwidth with a key for every head (Llama-2-7B, 2,048 positions), 31 % with one for four
// (Llama-3-8B, 8,000).
#include <algorithm>

#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/check.h"

namespace gptq {
namespace {

constexpr int kWarps = 4;
constexpr int kUnrolled = 4;  // positions of a team in flight
constexpr int kMostSplits = 256;

template <class T>
struct DecodeArguments {
    AttentionArguments<T> attention;
    HeadTransform transform;
    bool enters;
    int splitPositions;
    int splits;
    int* counters;    // (tokens, pieces of heads)
    float* partials;  // (tokens, heads, splits, headSize + 2): maximum, sum, output
};

// The positions that a token at `position` sees, and the splits that hold some of them.
struct Range {
    int begin, end;
    int firstSplit, lastSplit;
};
template <class T>
__device__ Range rangeOf(const DecodeArguments<T>& a, int position) {
    const int begin = a.attention.window > 0 ? max(0, position - a.attention.window + 1) : 0;
    return {begin, position + 1, begin / a.splitPositions, position / a.splitPositions};
}

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

// The token's queries into shared memory as float32, and its key and value into the cache where this block holds its position.
template <class T, int group>
__device__ void enter(const DecodeArguments<T>& a, int token, std::int64_t slot, int firstHead, int heads, int kvHead,
                      bool holds, const float2* turns, float (&queries)[group + 1][kMostHeadSize]) {
    const AttentionArguments<T>& t = a.attention;
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32, size = t.headSize;
    const T* row = t.qkv + token * t.qkvStride;
    for (int h = warp; h < heads + (holds ? 1 : 0); h += kWarps) {
        const bool query = h < heads;
        const int head = query ? firstHead + h : t.heads + kvHead;
        for (int i = lane; i < size; i += 32) queries[h][i] = asFloat(row[head * size + i]);
        __syncwarp();
        if (a.enters)
            transformHead(
                queries[h], size, a.transform, query, [&](int i) { return turns[i]; }, lane);
        if (query) {
            for (int i = lane; i < size; i += 32) queries[h][i] *= t.scale;
        } else {
            T* key = t.keys + slot * t.kvStride + kvHead * size;
            T* value = t.values + slot * t.kvStride + kvHead * size;
            for (int i = lane; i < size; i += 32) {
                key[i] = fromFloat<T>(queries[h][i]);
                value[i] = row[(t.heads + t.kvHeads + kvHead) * size + i];
            }
        }
    }
    __syncthreads();
}

// What a team knows of the positions it saw, head by head; this lane's eight elements of the output.
template <int group>
struct Softmax {
    float most[group], sum[group] = {}, output[group][8] = {};
    __device__ Softmax() {
#pragma unroll
        for (float& value : most) value = -INFINITY;
    }
    __device__ void take(int g, float score, const float (&value)[8]) {
        const float next = fmaxf(most[g], score), old = exp2f(most[g] - next), weight = exp2f(score - next);
        sum[g] = sum[g] * old + weight;
        most[g] = next;
#pragma unroll
        for (int i = 0; i < 8; ++i) output[g][i] = output[g][i] * old + weight * value[i];
    }
};

// The keys and values of a few positions of a team.
template <class T, int lanes>
struct Round {
    static constexpr int kTeams = kWarps * 32 / lanes;
    static constexpr int kPositions = kTeams * kUnrolled;  // of a block
    uint4 keys[kUnrolled], values[kUnrolled];

    // From `base` on and before `end`.
    __device__ void load(const AttentionArguments<T>& t, std::int64_t firstSlot, int kvHead, int base, int end) {
#pragma unroll
        for (int u = 0; u < kUnrolled; ++u) {
            keys[u] = values[u] = {};
            read(t, firstSlot, kvHead, base, u, base, end);
        }
    }
    // The same, those that were not there yet.
    __device__ void complete(const AttentionArguments<T>& t, std::int64_t firstSlot, int kvHead, int base, int there,
                             int end) {
#pragma unroll
        for (int u = 0; u < kUnrolled; ++u) read(t, firstSlot, kvHead, base, u, there, end);
    }
    // The team's `u`th position from `base` on, where it lies in [first, end).
    __device__ void read(const AttentionArguments<T>& t, std::int64_t firstSlot, int kvHead, int base, int u, int first,
                         int end) {
        const int position = base + u * kTeams + static_cast<int>(threadIdx.x) / lanes;
        const int element = static_cast<int>(threadIdx.x) % lanes * 8;
        if (position < first || position >= end || element >= t.headSize) return;
        const std::int64_t at = (firstSlot + position) * t.kvStride + kvHead * t.headSize + element;
        keys[u] = *reinterpret_cast<const uint4*>(t.keys + at);
        values[u] = *reinterpret_cast<const uint4*>(t.values + at);
    }
};

template <class T, int lanes, int group>
__device__ void attendSplit(const DecodeArguments<T>& a, std::int64_t firstSlot, int kvHead, int begin, int end,
                            const float (&queries)[group + 1][kMostHeadSize], Round<T, lanes>& round,
                            Softmax<group>& softmax) {
    constexpr int teams = Round<T, lanes>::kTeams;
    const AttentionArguments<T>& t = a.attention;
    const int team = static_cast<int>(threadIdx.x) / lanes, element = static_cast<int>(threadIdx.x) % lanes * 8;
    const bool works = element < t.headSize;
    float query[group][8];
#pragma unroll
    for (int g = 0; g < group; ++g) {
#pragma unroll
        for (int i = 0; i < 8; ++i) query[g][i] = works ? queries[g][element + i] : 0.0f;
    }
    // Whole warps go round together, so that their lanes can add up scores.
    constexpr int kPositions = Round<T, lanes>::kPositions;
    for (int base = begin; base < end; base += kPositions) {
#pragma unroll
        for (int u = 0; u < kUnrolled; ++u) {
            if (base + u * teams >= end) break;
            float scores[group] = {}, key[8], value[8];
            unpackEight<T>(round.keys[u], key);
            unpackEight<T>(round.values[u], value);
            round.read(t, firstSlot, kvHead, base + kPositions, u, begin, end);
#pragma unroll
            for (int g = 0; g < group; ++g) {
#pragma unroll
                for (int i = 0; i < 8; ++i) scores[g] += query[g][i] * key[i];
#pragma unroll
                for (int step = lanes / 2; step > 0; step /= 2)
                    scores[g] += __shfl_xor_sync(kAllLanes, scores[g], step);
            }
            if (base + u * teams + team >= end) continue;
#pragma unroll
            for (int g = 0; g < group; ++g) softmax.take(g, scores[g], value);
        }
    }
}

// A block's shared memory, after its queries: what warps and splits merge in.
template <int lanes, int group>
struct Merge {
    float most[group][kWarps], sum[group][kWarps];
    float outputs[group][kWarps][lanes * 8];
    float weights[kWarps][kMostSplits];
    int arrived;
};

// The head that a warp merges, and its elements: this lane's first and the step to its next.
template <int group>
struct MergedHead {
    static constexpr int kWarpsEach = kWarps / group;
    int warp = static_cast<int>(threadIdx.x) / 32, head = warp / kWarpsEach;
    int first = warp % kWarpsEach * 32 + static_cast<int>(threadIdx.x) % 32;
    static constexpr int kStep = kWarpsEach * 32;
};

// The teams' results, head by head: take(head, maximum, sum, element, output) for every element, output not yet over sum.
template <int lanes, int group, class Take>
__device__ void mergeTeams(const Softmax<group>& softmax, int heads, int headSize, Merge<lanes, group>& merge,
                           const Take& take) {
    const MergedHead<group> own;
    const int lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int g = 0; g < group; ++g) {
        float top = softmax.most[g];
#pragma unroll
        for (int step = lanes; step < 32; step *= 2) top = fmaxf(top, __shfl_xor_sync(kAllLanes, top, step));
        const float factor = softmax.most[g] == -INFINITY ? 0.0f : exp2f(softmax.most[g] - top);
        const auto overTeams = [&](float value) {
            value *= factor;
#pragma unroll
            for (int step = lanes; step < 32; step *= 2) value += __shfl_xor_sync(kAllLanes, value, step);
            return value;
        };
        const float sum = overTeams(softmax.sum[g]);
        float outputs[8];
#pragma unroll
        for (int i = 0; i < 8; ++i) outputs[i] = overTeams(softmax.output[g][i]);
        if (lane == 0) {
            merge.most[g][own.warp] = top;
            merge.sum[g][own.warp] = sum;
        }
        if (lane < lanes) memcpy(&merge.outputs[g][own.warp][lane * 8], outputs, sizeof(outputs));
    }
    __syncthreads();
    if (own.head >= heads) return;
    float top = -INFINITY, total = 0, factors[kWarps];
#pragma unroll
    for (int w = 0; w < kWarps; ++w) top = fmaxf(top, merge.most[own.head][w]);
#pragma unroll
    for (int w = 0; w < kWarps; ++w) {
        const float most = merge.most[own.head][w];
        factors[w] = most == -INFINITY ? 0.0f : exp2f(most - top);
        total += merge.sum[own.head][w] * factors[w];
    }
    for (int e = own.first; e < headSize; e += own.kStep) {
        float value = 0;
#pragma unroll
        for (int w = 0; w < kWarps; ++w) value += merge.outputs[own.head][w][e] * factors[w];
        take(own.head, top, total, e, value);
    }
}

// The splits' results in scratch memory to the outputs; each warp finds its head's shares by itself.
template <class T, int lanes, int group>
__device__ void mergeSplits(const DecodeArguments<T>& a, int token, int firstHead, int heads, const Range& range,
                            Merge<lanes, group>& merge) {
    const MergedHead<group> own;
    if (own.head >= heads) return;
    const AttentionArguments<T>& t = a.attention;
    const int width = t.headSize + 2, count = range.lastSplit - range.firstSplit + 1;
    const int lane = static_cast<int>(threadIdx.x) % 32, head = firstHead + own.head;
    const float* part =
        a.partials + ((static_cast<std::int64_t>(token) * t.heads + head) * a.splits + range.firstSplit) * width;
    float* const weights = merge.weights[own.warp];
    float most = -INFINITY, total = 0;
    for (int s = lane; s < count; s += 32) most = fmaxf(most, __ldcg(part + s * width));
    most = warpMax(most);
    for (int s = lane; s < count; s += 32) {
        weights[s] = exp2f(__ldcg(part + s * width) - most);
        total += weights[s] * __ldcg(part + s * width + 1);
    }
    total = warpSum(total);
    __syncwarp();
    for (int e = own.first; e < t.headSize; e += own.kStep) {
        float value = 0;
#pragma unroll 8
        for (int s = 0; s < count; ++s) value += weights[s] * __ldcg(part + 2 + e + s * width);
        t.y[token * t.yStride + head * t.headSize + e] = fromFloat<T>(value / total);
    }
}

template <class T, int lanes, int group>
__global__ void __launch_bounds__(kWarps * 32) decodeKernel(const DecodeArguments<T> a) {
    __shared__ float queries[group + 1][kMostHeadSize];
    __shared__ float2 turns[kMostHeadSize / 2];
    __shared__ Merge<lanes, group> merge;
    const AttentionArguments<T>& t = a.attention;
    const int split = static_cast<int>(blockIdx.x), token = static_cast<int>(blockIdx.z);
    const int shared = t.heads / t.kvHeads, pieces = (shared + group - 1) / group;
    const int kvHead = static_cast<int>(blockIdx.y) / pieces, piece = static_cast<int>(blockIdx.y) % pieces;
    const int firstHead = kvHead * shared + piece * group, heads = min(group, shared - piece * group);
    const int sequence = token / t.tokensEach, position = t.past[sequence] + token % t.tokensEach;
    const Range range = rangeOf(a, position);
    if (split < range.firstSplit || split > range.lastSplit) return;

    // Before the kernel before has ended: angles, and keys and values, but those of the last step, which may be that kernel. What
    // ran before it has ended, since it lets no kernel start before it waited itself.
    const std::int64_t firstSlot = sequence * t.capacity;
    const int begin = max(range.begin, split * a.splitPositions), end = min(range.end, (split + 1) * a.splitPositions);
    const int there = min(end, min(t.past[sequence] - 1, static_cast<int>(t.capacity)));
    Round<T, lanes> round;
    round.load(t, firstSlot, kvHead, begin, a.enters ? there : begin);
    if (a.enters) {
        for (int i = static_cast<int>(threadIdx.x); i < a.transform.half; i += kWarps * 32)
            turns[i] = turnOf(a.transform, i, static_cast<float>(position));
    }
    __syncthreads();
    waitForPrevious();
    letNextStart();
    if (position >= t.capacity) return;  // beyond the cache: nothing there may be written over
    enter<T, group>(a, token, firstSlot + position, firstHead, heads, kvHead, a.enters && split == range.lastSplit,
                    turns, queries);
    if (!a.enters) round.load(t, firstSlot, kvHead, begin, end);
    else round.complete(t, firstSlot, kvHead, begin, there, end);
    Softmax<group> softmax;
    attendSplit<T, lanes, group>(a, firstSlot, kvHead, begin, end, queries, round, softmax);
    const bool alone = range.firstSplit == range.lastSplit;
    mergeTeams<lanes, group>(softmax, heads, t.headSize, merge, [&](int g, float top, float total, int e, float value) {
        const int head = firstHead + g;
        if (alone) {
            t.y[token * t.yStride + head * t.headSize + e] = fromFloat<T>(value / total);
            return;
        }
        float* part =
            a.partials + ((static_cast<std::int64_t>(token) * t.heads + head) * a.splits + split) * (t.headSize + 2);
        part[2 + e] = value;
        if (e > 0) return;
        part[0] = top;
        part[1] = total;
    });
    if (alone) return;
    int* counter = a.counters + token * static_cast<int>(gridDim.y) + static_cast<int>(blockIdx.y);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) merge.arrived = atomicAdd(counter, 1);
    __syncthreads();
    if (merge.arrived != range.lastSplit - range.firstSplit) return;
    __threadfence();
    mergeSplits<T, lanes, group>(a, token, firstHead, heads, range, merge);
    if (threadIdx.x == 0) *counter = 0;
}

int headsTogether(int shared) {
    return shared >= 3 ? 4 : shared;
}

int piecesOf(const AttentionSpec& spec) {
    const auto shared = static_cast<int>(spec.heads / spec.kvHeads);
    return (shared + headsTogether(shared) - 1) / headsTogether(shared);
}

}  // namespace

DecodeSplits decodeSplits(const AttentionCall& call, int multiprocessors) {
    // About four blocks a multiprocessor where the past is as long as it may be; a split no shorter than a few rounds of a block.
    const AttentionSpec& spec = call.spec;
    const std::int64_t positions = call.batch.pastLimit + call.batch.tokensEach, tokens = call.batch.tokens();
    const std::int64_t columns = tokens * spec.kvHeads * piecesOf(spec);
    const std::int64_t wanted = (positions * columns / (4 * multiprocessors) + 63) / 64 * 64;
    DecodeSplits splits{};
    const std::int64_t least = std::max<std::int64_t>(64, (positions + kMostSplits - 1) / kMostSplits);
    splits.positions = static_cast<int>(std::clamp<std::int64_t>(wanted, least, std::max<std::int64_t>(512, least)));
    splits.count = static_cast<int>((positions + splits.positions - 1) / splits.positions);
    splits.headsTogether = headsTogether(static_cast<int>(spec.heads / spec.kvHeads));
    splits.counters = static_cast<std::size_t>(columns);
    splits.partialFloats = static_cast<std::size_t>(tokens * spec.heads * splits.count * (spec.headSize + 2));
    return splits;
}

template <class T>
void attendDecode(const CudaContext& context, const AttentionArguments<T>& arguments, const HeadTransform& transform,
                  bool enters, std::int64_t sequences, const DecodeSplits& splits, int* counters, float* partials) {
    const DecodeArguments<T> a{arguments, transform, enters, splits.positions, splits.count, counters, partials};
    const int shared = arguments.heads / arguments.kvHeads;
    const auto launch = [&]<int lanes, int group>() {
        const dim3 grid(static_cast<unsigned>(splits.count),
                        static_cast<unsigned>(arguments.kvHeads * ((shared + group - 1) / group)),
                        static_cast<unsigned>(sequences * arguments.tokensEach));
        launchChained(context, decodeKernel<T, lanes, group>, grid, kWarps * 32, 0, a);
    };
    const auto launchGroup = [&]<int lanes>() {
        if (splits.headsTogether == 1) launch.template operator()<lanes, 1>();
        else if (splits.headsTogether == 2) launch.template operator()<lanes, 2>();
        else launch.template operator()<lanes, 4>();
    };
    if (arguments.headSize <= 64) launchGroup.template operator()<8>();
    else if (arguments.headSize <= 128) launchGroup.template operator()<16>();
    else launchGroup.template operator()<32>();
}

template void attendDecode<Half>(const CudaContext&, const AttentionArguments<Half>&, const HeadTransform&, bool,
                                 std::int64_t, const DecodeSplits&, int*, float*);
template void attendDecode<Brain>(const CudaContext&, const AttentionArguments<Brain>&, const HeadTransform&, bool,
                                  std::int64_t, const DecodeSplits&, int*, float*);

}  // namespace gptq
