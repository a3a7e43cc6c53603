// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a block and a warp of it do for one attention of a chain (packed_chain.cu).
//
// A block takes the query heads that share a key, for a split of the context; keys and values of before are on their way while queries
// are still made. Its warps merge in shared memory. One split's outputs are letters to the product behind; of several, the splits' are,
// to the blocks that merge them, each a slice of a head:
//
//     letters -> [q, k turned] -> attend (attention_shared_heads.cuh) -> warps merged -> letters -> [splits merged -> letters] ->
//                                 ^ keys and values of before
//
// What warps leave in shared memory for each other lies there until all have met in the next attention.
#pragma once

#include "kernels/cuda/attention_shared_heads.cuh"
#include "kernels/cuda/chain.cuh"

namespace gptq {

// Where warps' results meet.
struct ChainMerge {
    float (*outputs)[kChainWarps][kChainHeadSize];
    float (*most)[kChainWarps], (*sum)[kChainWarps];
    int heads;

    __device__ bool takes(int head) const { return head < heads; }
};

// The positions that a token sees, in splits of as many each; a short context is one, since merging splits takes longer.
struct ChainRange {
    int position, begin, end, each, splits;

    __device__ explicit ChainRange(const ChainAttention& a) : position(a.past ? __ldcg(a.past) : 0) {
        begin = a.window > 0 ? max(0, position - a.window + 1) : 0;
        end = min(position + 1, a.capacity);
        const int count = end - begin;
        const int least = count <= kAloneRounds * kChainRound ? count : (count + a.mostSplits - 1) / a.mostSplits;
        each = (least + kWarpPositions - 1) / kWarpPositions * kWarpPositions;
        splits = (count + each - 1) / each;
    }
};

// The heads and the split that a block takes; none where the range has no such split.
struct ChainHeads {
    int kvHead, split, begin, end;

    __device__ ChainHeads(const ChainAttention& a, const ChainRange& range, int block)
        : kvHead(block % a.kvHeads), split(block / a.kvHeads), begin(range.begin + split * range.each),
          end(min(range.end, begin + range.each)) {}
};

// Starts bringing keys and values of before to L2, by the warps that ask.
template <class T>
__device__ void askAttention(const ChainAttention& a, const ChainLink& link, const ChainRange& range,
                             const ChainHeads& heads) {
    if (heads.split >= range.splits) return;
    const std::int64_t head = heads.kvHead * kChainHeadSize;
    for (int p = heads.begin + static_cast<int>(threadIdx.x) - kChainWarps * 32; p < min(heads.end, range.position);
         p += kChainAskers * 32) {
        prefetchToL2(static_cast<const T*>(link.keys) + p * a.kvStride + head);
        prefetchToL2(static_cast<const T*>(link.values) + p * a.kvStride + head);
    }
}

template <class T>
struct ChainAttend {
    using Method = SharedHeads<T, kChainHeadSize / 32, kChainWarps>;
    static_assert(Method::kPositions == kWarpPositions);

    const ChainPlace& place;
    ChainRange range;
    ChainHeads heads;
    float2 turns[2];  // sine and cosine of what elements 2 (lane % 16) and the next turn by

    __device__ explicit ChainAttend(const ChainPlace& at)
        : place(at), range(at.space.chain.attention), heads(at.space.chain.attention, range, at.block) {
        const ChainAttention& a = place.space.chain.attention;
        if (!a.past) return;
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            const float angle = static_cast<float>(range.position) * a.frequencies[place.lane % 16 * 2 + i];
            sincosf(angle, &turns[i].x, &turns[i].y);
        }
    }

    __device__ T* entered(bool value) const {
        return reinterpret_cast<T*>(place.space.entered[value ? 1 : 0]);
    }
    __device__ ChainMerge merge() const {
        ChainSpace& space = place.space;
        return {space.outputs, space.most, space.weights, space.chain.attention.shared};
    }
    __device__ Letter* lettersOfSplit(const ChainLink& link, int head, int split) const {
        return link.splits + (head * place.space.chain.attention.mostSplits + split) * kSplitLetters;
    }

    __device__ void operator()(const ChainLink& link) const {
        if (heads.split < range.splits) ofSplit(link);
        if (range.splits > 1) mergeSplits(link);
    }

private:
    __device__ void ofSplit(const ChainLink& link) const {
        const ChainAttention& a = place.space.chain.attention;
        const std::int64_t first = heads.kvHead * kChainHeadSize;
        const HeadCache<T> cache{static_cast<const T*>(link.keys) + first, static_cast<const T*>(link.values) + first,
                                 a.kvStride, kChainHeadSize};
        Method method;
        method.load(cache, heads.begin, heads.begin, min(heads.end, range.position));
        const bool holds = range.position < heads.end;  // the token's own
        enter(link, holds);
        meet();
        if (holds)
            method.load({entered(false), entered(true), 0, kChainHeadSize}, heads.begin, range.position, heads.end);
        const ChainMerge places = merge();
        if (Method::firstOf(heads.begin) < heads.end) {
            FragmentA fragments[4];
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const int g = place.lane / 4, pair = i / 2 * 16 + place.lane % 4 * 4 + i % 2 * 2;
                uint4 two{};
                if (g < places.heads) two = *reinterpret_cast<const uint4*>(place.space.queries[g] + pair);
                fragments[i] = {{two.x, two.y, two.z, two.w}};
            }
            method.attend(cache, heads.begin, heads.end, fragments);
            method.leave(places);
        }
        meet();
        mergeWarps(link, places);
    }

    // The token's queries and, where it holds them, key and value, a warp each, two neighbours a lane.
    __device__ void enter(const ChainLink& link, bool holds) const {
        const ChainAttention& a = place.space.chain.attention;
        const int shared = a.shared;
        if (place.warp >= shared + (holds ? 2 : 0)) return;
        const bool query = place.warp < shared;
        const bool value = place.warp > shared;
        const int row = query ? heads.kvHead * shared + place.warp : a.heads + heads.kvHead + (value ? a.kvHeads : 0);
        const int pair = row * (kChainHeadSize / 2) + place.lane;
        const std::uint32_t word = link.from ? contentsOf(place.lettersFrom(link) + pair, place.number)
                                             : static_cast<const std::uint32_t*>(link.in.x)[pair];
        std::uint32_t toCache = word;
        if (!value) {
            const auto of = pairOf<PairOf<T>>(word);
            const float x = asFloat(of.x), y = asFloat(of.y);
            const float otherX = __shfl_xor_sync(kAllLanes, x, 16), otherY = __shfl_xor_sync(kAllLanes, y, 16);
            const float sign = place.lane < 16 ? -1.0f : 1.0f;
            float2 turned{(x * turns[0].y + sign * otherX * turns[0].x) * a.magnitude,
                          (y * turns[1].y + sign * otherY * turns[1].x) * a.magnitude};
            if (query) {
                uint2 parts;
                Method::split(turned.x * a.scale, turned.y * a.scale, parts.x, parts.y);
                place.space.queries[place.warp][place.lane] = parts;
                return;
            }
            toCache = packPair<T>(turned.x, turned.y);
        }
        reinterpret_cast<std::uint32_t*>(entered(value))[place.lane] = toCache;
        auto* const to = static_cast<T*>(value ? link.values : link.keys) + range.position * a.kvStride +
                         heads.kvHead * kChainHeadSize;
        reinterpret_cast<std::uint32_t*>(to)[place.lane] = toCache;
    }

    // A head a warp, the last warps first, since the first have the next link's inputs to take; two neighbours a lane.
    __device__ void mergeWarps(const ChainLink& link, const ChainMerge& places) const {
        const bool whole = range.splits == 1;
        const int merged = kChainWarps - 1 - place.warp;
        if (merged >= places.heads) return;
        const int working = min(kChainWarps, (heads.end - heads.begin + kWarpPositions - 1) / kWarpPositions);
        const int mine = place.lane % 16;  // a warp's size
        const float most = mine < working ? places.most[merged][mine] : -INFINITY;
        float2 outputs[kChainWarps];
#pragma unroll
        for (int w = 0; w < kChainWarps; ++w) {
            outputs[w] = {};
            if (w < working) outputs[w] = reinterpret_cast<const float2*>(places.outputs[merged][w])[place.lane];
        }
        float top = most;
#pragma unroll
        for (int step = 8; step > 0; step /= 2) top = fmaxf(top, __shfl_xor_sync(kAllLanes, top, step));
        const float factor = powerOf2(most - top);
        float2 sum{};
#pragma unroll
        for (int w = 0; w < kChainWarps; ++w) {
            const float ofWarp = __shfl_sync(kAllLanes, factor, w);
            sum = {sum.x + outputs[w].x * ofWarp, sum.y + outputs[w].y * ofWarp};
        }
        float total = mine < working ? places.sum[merged][mine] * factor : 0.0f;
#pragma unroll
        for (int step = 8; step > 0; step /= 2) total += __shfl_xor_sync(kAllLanes, total, step);
        const int head = heads.kvHead * places.heads + merged;
        if (whole) {
            put<kLetterCopies>(link, head * (kChainHeadSize / 2) + place.lane, 0, sum, total);
            return;
        }
        Letter* const to = lettersOfSplit(link, head, heads.split);
        postTwo(to + 2 + place.lane * 2, letterOf(sum.x, place.number), letterOf(sum.y, place.number));
        if (place.lane == 0) postTwo(to, letterOf(top, place.number), letterOf(total, place.number));
    }

    // Slices of heads, whose splits the block merges: lane t elements 2 (t % 8) and the next of splits t / 8, t / 8 + 4, ...
    __device__ void mergeSplits(const ChainLink& link) const {
        const int blocks = static_cast<int>(gridDim.x);
        auto& slices = place.space.slices;
        for (int item = blocks - 1 - place.block; item < place.space.chain.attention.heads * kSlices; item += blocks) {
            const int head = item / kSlices, slice = item % kSlices;
            float4 sum{-INFINITY, 0, 0, 0};  // maximum, sum, two outputs
            for (int s = place.warp * 4 + place.lane / 8; s < range.splits; s += kChainWarps * 4) {
                const Letter* const from = lettersOfSplit(link, head, s);
                TwoLetters size, values;
                do {
                    size.read(from);
                    values.read(from + 2 + slice * kSliceElements + place.lane % 8 * 2);
                } while (!size.areOf(place.number) || !values.areOf(place.number));
                sum = joined(sum, {__uint_as_float(size.contents().x), __uint_as_float(size.contents().y),
                                   __uint_as_float(values.contents().x), __uint_as_float(values.contents().y)});
            }
            __syncwarp();
#pragma unroll
            for (int step = 8; step < 32; step *= 2)
                sum = joined(sum, {__shfl_xor_sync(kAllLanes, sum.x, step), __shfl_xor_sync(kAllLanes, sum.y, step),
                                   __shfl_xor_sync(kAllLanes, sum.z, step), __shfl_xor_sync(kAllLanes, sum.w, step)});
            if (place.lane < 8) slices[place.warp][place.lane] = sum;
            meet();
            if (place.warp == 0) {
                float4 ofWarps[kChainWarps];
                float top = -INFINITY;
#pragma unroll
                for (int w = 0; w < kChainWarps; ++w) {
                    ofWarps[w] = slices[w][place.lane % 8];
                    top = fmaxf(top, ofWarps[w].x);
                }
                float total = 0;
                float2 outputs{};
#pragma unroll
                for (const float4& of : ofWarps) {
                    const float factor = powerOf2(of.x - top);
                    total += of.y * factor;
                    outputs = {outputs.x + of.z * factor, outputs.y + of.w * factor};
                }
                put<1>(link, item * kSliceElements / 2 + place.lane % 8, place.lane / 8, outputs, total);
            }
            meet();
        }
    }
    // Of two parts of a context; the first has a maximum or neither.
    static __device__ float4 joined(const float4& a, const float4& b) {
        const float top = fmaxf(a.x, b.x);
        if (top == -INFINITY) return a;
        const float ofA = powerOf2(a.x - top), ofB = powerOf2(b.x - top);
        return {top, a.y * ofA + b.y * ofB, a.z * ofA + b.z * ofB, a.w * ofA + b.w * ofB};
    }

    // Two neighbours of the output, in some of the letters' copies; and once where the output lies.
    template <int copies>
    __device__ void put(const ChainLink& link, int pair, int firstCopy, const float2& sum, float total) const {
        const float factor = __fdividef(1.0f, total);
        const std::uint32_t word = packPair<T>(sum.x * factor, sum.y * factor);
        if (link.to) {
            Letter* const to = link.to + firstCopy * place.space.chain.copyLetters + pair;
#pragma unroll
            for (int copy = 0; copy < copies; ++copy)
                post(to + copy * place.space.chain.copyLetters, letterOf(word, place.number));
        }
        if (firstCopy == 0 && link.stores) static_cast<std::uint32_t*>(link.out.y)[pair] = word;
    }
};

}  // namespace gptq
