// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Attention of a few new tokens over a long past: y = softmax(q k^T scale) v, the context split over blocks.
//
// A block is one split of the query heads of a token that share keys and values, taken by teams of lanes or, where heads are many and
// tensor cores there, by those; its warps merge in shared memory, and the last block of a token's heads merges the splits:
//
//     grid x: splits | y: key and value heads, in pieces of heads together | z: tokens
//     [wait for q k v] -> queries, key normed and turned -> tiles of the split -> warps merged -> splits merged by the last
//     ^ angles, the split's first tile asked for
//
// A single token's key and value are written to the cache by the blocks whose split holds its position: one kernel for all between two
// products. The grid is fixed by the longest past a step may have, so that a recorded step serves every length; a shorter past has
// shorter splits, and the blocks beyond them end at once. Bound: memory, keys and values once; measured
// (docs/benchmarks.md, what a context adds to a step) 54 % (Qwen2.5-7B, 8,000 positions: 16 MB a block) to 93 % (Llama-3-8B, 8,000)
// of a copy's bandwidth.
#include <algorithm>

#include "kernels/cuda/attention_shared_heads.cuh"
#include "kernels/cuda/attention_teams.cuh"
#include "kernels/cuda/check.h"

namespace gptq {
namespace {

template <class T, class Method>
__global__ void __launch_bounds__(kSplitThreads, Method::kBlocks) decodeKernel(const DecodeArguments<T> a) {
    constexpr int group = Method::kHeads, width = Method::kWidth;
    __shared__ TokenHeads<T, group> heads;
    __shared__ float2 turns[kMostHeadSize / 2];
    __shared__ Merge<group, width> merge;
    const AttentionArguments<T>& t = a.attention;
    const SplitPlace<group> place(t.heads, t.kvHeads);
    const int sequence = place.token / t.tokensEach, position = t.past[sequence] + place.token % t.tokensEach;
    const Range range = rangeOf(a, position);
    if (place.split >= range.splits) return;

    // Before the kernel before has ended: angles, and keys and values, but those of the last step, which may be that kernel. What
    // ran before it has ended, since it lets no kernel start before it waited itself.
    const std::int64_t firstSlot = sequence * t.capacity,
                       firstElement = firstSlot * t.kvStride + place.kvHead * t.headSize;
    const HeadCache<T> cache{t.keys + firstElement, t.values + firstElement, t.kvStride, t.headSize};
    const int begin = range.begin + place.split * range.each, end = min(range.end, begin + range.each);
    const int there = a.enters ? min(end, min(t.past[sequence] - 1, static_cast<int>(t.capacity))) : begin;
    Method method;
    method.load(cache, begin, begin, there);
    if (a.enters) {
        for (int i = static_cast<int>(threadIdx.x); i < a.transform.half; i += kSplitThreads)
            turns[i] = turnOf(a.transform, i, static_cast<float>(position));
    }
    __syncthreads();
    waitForPrevious();
    letNextStart();
    if (position >= t.capacity) return;  // beyond the cache: nothing there may be written over
    const bool holds = a.enters && place.split == range.splits - 1;
    if constexpr (Method::kTakesEntered) {  // the rest of the cache's is on its way while the token enters
        method.load(cache, begin, there, holds ? position : end);
        enter<true, T, group, width>(a, place, firstSlot + position, holds, turns, heads);
        if (holds) method.load({heads.key, heads.value, 0, t.headSize}, begin, position, end);
    } else {
        enter<false, T, group, width>(a, place, firstSlot + position, holds, turns, heads);
        method.load(cache, begin, there, end);
    }
    method.attend(cache, begin, end, place.heads, heads.queries);
    method.leave(merge);
    mergeWarps(merge, place.heads, t.headSize, [&](int g, float top, float total, int element, const float4& value) {
        const std::int64_t head = place.firstHead + g, part = (place.token * t.heads + head) * a.splits + place.split;
        if (range.splits == 1) {
            putFour(t.y + place.token * t.yStride + head * t.headSize + element, value, 1.0f / total);
            return;
        }
        *reinterpret_cast<float4*>(a.outputs + part * t.headSize + element) = value;
        if (element == 0) a.tops[part] = {top, total};
    });
    if (range.splits == 1) return;
    int* counter = a.counters + place.token * static_cast<int>(gridDim.y) + static_cast<int>(blockIdx.y);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) merge.arrived = atomicAdd(counter, 1);
    __syncthreads();
    if (merge.arrived != range.splits - 1) return;
    __threadfence();
    mergeSplits(a, place, range.splits, merge);
    if (threadIdx.x == 0) *counter = 0;
}

// Query heads that a block takes together, and how many such blocks a multiprocessor is to have.
struct Together {
    int heads, blocks;
};
template <class Method>
constexpr Together kTogetherBy{Method::kHeads, Method::kBlocks};
Together togetherOf(const AttentionSpec& spec, const GpuLimits& limits) {
    const std::int64_t shared = spec.heads / spec.kvHeads;
    if (shared >= 3 && (spec.headSize == 64 || spec.headSize == 128) && limits.multipliesBFloat16())
        return kTogetherBy<SharedHeads<Half, 4>>;
    if (shared == 1) return kTogetherBy<Teams<Half, 16, 1>>;
    return shared == 2 ? kTogetherBy<Teams<Half, 16, 2>> : kTogetherBy<Teams<Half, 16, 4>>;
}

}  // namespace

DecodeSplits decodeSplits(const AttentionCall& call, int multiprocessors, const GpuLimits& limits) {
    // As many blocks as run at once, where the past is as long as it may be.
    const AttentionSpec& spec = call.spec;
    const Together together = togetherOf(spec, limits);
    const std::int64_t shared = spec.heads / spec.kvHeads, pieces = (shared + together.heads - 1) / together.heads;
    const std::int64_t positions = call.batch.pastLimit + call.batch.tokensEach, tokens = call.batch.tokens();
    const std::int64_t columns = tokens * spec.kvHeads * pieces, blocks = together.blocks * multiprocessors;
    const std::int64_t count = std::clamp<std::int64_t>(blocks / columns, 1, kMostSplits);
    const auto steps = static_cast<int>((positions + kSplitStep - 1) / kSplitStep);
    const int each = stepsOfSplit(steps, static_cast<int>(count));
    DecodeSplits splits{};
    splits.count = (steps + each - 1) / each;
    splits.headsTogether = together.heads;
    splits.counters = static_cast<std::size_t>(columns);
    splits.partialFloats = static_cast<std::size_t>(tokens * spec.heads * splits.count * (spec.headSize + 2));
    return splits;
}

template <class T>
void attendDecode(const CudaContext& context, const AttentionArguments<T>& arguments, const HeadTransform& transform,
                  bool enters, std::int64_t sequences, const DecodeSplits& splits, int* counters, float* partials) {
    const std::int64_t tokens = sequences * arguments.tokensEach;
    const std::int64_t outputs = tokens * arguments.heads * splits.count * arguments.headSize;
    const DecodeArguments<T> a{
        arguments, transform, enters, splits.count, counters, partials, reinterpret_cast<float2*>(partials + outputs)};
    const int shared = arguments.heads / arguments.kvHeads;
    const auto launch = [&]<class Method>() {
        const int pieces = (shared + Method::kHeads - 1) / Method::kHeads;
        const dim3 grid(static_cast<unsigned>(splits.count), static_cast<unsigned>(arguments.kvHeads * pieces),
                        static_cast<unsigned>(tokens));
        launchChained(context, decodeKernel<T, Method>, grid, kSplitThreads, 0, a);
    };
    const auto launchTeams = [&]<int lanes>() {
        if (splits.headsTogether == 1) launch.template operator()<Teams<T, lanes, 1>>();
        else if (splits.headsTogether == 2) launch.template operator()<Teams<T, lanes, 2>>();
        else launch.template operator()<Teams<T, lanes, 4>>();
    };
    if (splits.headsTogether == SharedHeads<T, 4>::kHeads) {
        if (arguments.headSize == 64) launch.template operator()<SharedHeads<T, 2>>();
        else launch.template operator()<SharedHeads<T, 4>>();
    } else if (arguments.headSize <= 64) {
        launchTeams.template operator()<8>();
    } else if (arguments.headSize <= 128) {
        launchTeams.template operator()<16>();
    } else {
        launchTeams.template operator()<32>();
    }
}

template void attendDecode<Half>(const CudaContext&, const AttentionArguments<Half>&, const HeadTransform&, bool,
                                 std::int64_t, const DecodeSplits&, int*, float*);
template void attendDecode<Brain>(const CudaContext&, const AttentionArguments<Brain>&, const HeadTransform&, bool,
                                  std::int64_t, const DecodeSplits&, int*, float*);

}  // namespace gptq
