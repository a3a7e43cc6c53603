// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Small decode products that follow each other as one kernel: y_l = epilogue(W_l y_(l-1)), one token, each as in packed_decode.cu.
//
// A product of a small model is over sooner than a kernel starts. Here one block stays on every multiprocessor for up to four products,
// whose weights it asks for at once, and what a product puts out goes to the blocks of the next as letters that carry the launch's number
// (mail.cuh): between two products stands neither the end of a kernel nor a barrier of the grid.
//
//     shared memory:   links | warps' inputs | warps' sums | o: strip, pair by pair | gate, up | down | q k v
//
//     x -> [stage] -> multiply -> sums of warps meet -> y_0 -> letters -> [norm, stage] -> multiply -> ... -> y_3
//
// A block makes strips of 16 outputs, a gate and its up together. Four of its warps ask for weights; the others share out the inputs, pairs of
// tiles, 128 of them, so a warp waits for its own inputs alone, and some of them add up the sums of all, a strip or a gate and its up each.
// RMSNorm's factor is not needed before: until then a warp scales its inputs by a power of two. Every letter is posted four times, and a
// fourth of the blocks reads each, since all blocks want the same lines of L2 at the same time.
//
// All blocks must run at once, since they wait for each other: the launch is cooperative. Nothing that a block of the kernel writes is read
// by another but as letters; outputs that a later product adds to are those of the same thread.
//
// Arguments are copied to shared memory at once: read where they are, by a product's index, they take longer.
//
// Bound: memory, rows * columns * bits / 8 bytes; measured (docs/benchmarks.md) about 9 us for the four products of a SmolLM2-135M's block,
// 1.8 MB, 7 % of a copy's bandwidth: what a product takes is its instructions, one after the other, and the way of its outputs to the other
// blocks through L2, a write and a read. A step takes 12 % less than with a kernel a product.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/cuda/chain_part.cuh"

namespace gptq {
namespace {

constexpr int kThreads = (kChainWarps + kChainAskers) * 32;

template <int bits, class T, bool symmetric, int parts>
__global__ void __launch_bounds__(kThreads, 1) packedChainKernel(const __grid_constant__ Chain arguments) {
    extern __shared__ __align__(128) unsigned char dynamic[];
    __shared__ Chain chain;
    __shared__ CopyBarrier barriers[kMostChained];
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = __shfl_sync(kAllLanes, static_cast<int>(threadIdx.x) / 32, 0);  // known to be the warp's
    const bool asks = warp >= kChainWarps;
    ChainPart<bits, T, symmetric, parts> part{chain, dynamic, barriers, lane, warp, static_cast<int>(blockIdx.x), 0};
    // Arguments come to shared memory by the warps that ask. Where the kernel before has ended, the others ask for the first inputs
    // meanwhile.
    constexpr int kArgumentParts = sizeof(Chain) / 16;
    static_assert(sizeof(Chain) % 16 == 0 && kArgumentParts <= kChainAskers * 32);
    const int asker = static_cast<int>(threadIdx.x) - kChainWarps * 32;
    uint4 ofArguments{};
    uint2 early{};
    if (asks) {
        if (asker < kArgumentParts) ofArguments = readArguments(arguments, asker);
    } else if (!arguments.chained) {
        early = part.readFirst(arguments);
    }
    if (threadIdx.x == 0) {
#pragma unroll
        for (int l = 0; l < static_cast<int>(kMostChained); ++l) beginBarrier(barriers + l, kChainAskers * 32);
    }
    __syncthreads();
    if (asks && asker < kArgumentParts) reinterpret_cast<uint4*>(&chain)[asker] = ofArguments;
    __syncthreads();
    if (asks) {
#pragma unroll 1
        for (int l = 0; l < chain.count; ++l) {
            const ChainLink link = chain.links[l];
            part.ask(link, barriers + l);
        }
    } else {
        if (chain.chained) {
            waitForPrevious();
            early = part.readFirst(chain);
        }
        part.number = plusOne(part.number);
        int nth = 0;  // of the products that this block has a part of
#pragma unroll 1
        for (int l = 0; l < chain.count; ++l) {
            const ChainLink link = chain.links[l];
            if (l == chain.count - 1) letNextStart();
            if (part.units(link) == 0) continue;
            const float2 old = part.before(link), biases = part.bias(link);
            part.stage(link, l, nth, early);
            part.multiply(link, l, nth);
            meet();
            part.finish(link, nth, old, biases);
            ++nth;
        }
    }
    __syncthreads();
    if (threadIdx.x == 0) chain.launches[blockIdx.x] = part.number;
}

// Of a product's outputs: a float32 each, or two neighbours.
std::size_t lettersOf(const DecodeProduct& product) {
    return static_cast<std::size_t>(product.out.toFloat ? product.outputs() : product.outputs() / 2);
}

// How a chain lies in shared memory, and how much it takes; what it reads and writes for itself is still to be said.
struct Planned {
    Chain chain;
    std::size_t sharedBytes;
};

// None where a block's weights do not fit, or a block has more outputs than its warps finish.
std::optional<Planned> planned(std::span<const DecodeProduct> products, int blocks, int pairBytes, int parts,
                               std::size_t limit) {
    Planned plan{};
    Chain& chain = plan.chain;
    int mostPairs = 0, mostStrips = 0, mostUnits = 0;
    for (const DecodeProduct& product : products) {
        ChainLink& link = chain.links[chain.count++];
        link.w = packedArguments(product.weight);
        link.in = product.in;
        link.out = product.out;
        const int perUnit = product.out.gated ? 2 : 1;
        const int units = link.w.rows / static_cast<int>(kTileRows) / perUnit;
        link.pairs = (link.w.tiles + 1) / 2;
        link.units = units / blocks;
        link.moreUnits = units % blocks;
        link.stripBytes = link.pairs * pairBytes;
        link.perColumn = 1.0f / static_cast<float>(link.w.columns);
        chain.copyLetters += static_cast<int>(lettersOf(product));
        const int unitsOfBlock = (units + blocks - 1) / blocks;
        mostPairs = std::max(mostPairs, link.pairs);
        mostStrips = std::max(mostStrips, unitsOfBlock * perUnit);
        mostUnits = std::max(mostUnits, unitsOfBlock);
    }
    const auto take = [&bytes = plan.sharedBytes](std::size_t count) {
        return static_cast<int>(std::exchange(bytes, bytes + (count + 127) / 128 * 128));
    };
    chain.partialFloats = mostStrips * kChainWarps * 16;
    chain.stagedAt = take(static_cast<std::size_t>(mostPairs * kPairColumns * 2));
    chain.offsetsAt = take(static_cast<std::size_t>(offsetBytes(mostPairs, parts)));
    chain.magnitudesAt = take(static_cast<std::size_t>(mostPairs) * sizeof(float));
    chain.squaresAt = take(2 * kChainWarps * 32 * sizeof(float));
    chain.partialAt = take(static_cast<std::size_t>(2 * chain.partialFloats) * sizeof(float));
    for (ChainLink& link : std::span(chain.links, products.size())) {
        if (link.in.norm) link.normAt = take(static_cast<std::size_t>(link.pairs * kPairColumns) * sizeof(float));
        const int strips = (link.units + (link.moreUnits > 0 ? 1 : 0)) * (link.out.gated ? 2 : 1);
        link.weightsAt = take(static_cast<std::size_t>(strips) * static_cast<std::size_t>(link.stripBytes));
    }
    if (plan.sharedBytes > limit || mostUnits > kChainWarps) return {};
    return plan;
}

// The bytes that a product writes.
struct Written {
    const char *begin, *end;
};
Written writtenBy(const DecodeProduct& product) {
    const auto* const begin = static_cast<const char*>(product.out.y);
    return {begin, begin + product.outputs() * (product.out.toFloat ? 4 : 2)};
}

// Calls function.template operator()<bits, T, symmetric, parts>(plan) where there is one.
template <class Function>
bool withPlan(const CudaContext& context, std::span<const DecodeProduct> products, const Function& function) {
    constexpr std::size_t kReserve = 1024 + sizeof(Chain) + sizeof(CopyBarrier[kMostChained]);
    const DecodeProduct& first = products.front();
    bool there = false;
    withScheme(packedArguments(first.weight), first.weight.scheme, first.activations,
               [&]<int bits, class T, bool symmetric, int parts>() {
                   const auto plan =
                       planned(products, context.properties().multiProcessorCount, kPairBytes<bits, symmetric, parts>,
                               parts, context.limits().sharedBytes - kReserve);
                   there = plan.has_value();
                   if (there) function.template operator()<bits, T, symmetric, parts>(*plan);
               });
    return there;
}

bool fits(const CudaContext& context, std::span<const DecodeProduct> before, const DecodeProduct& next) {
    std::vector<DecodeProduct> all(before.begin(), before.end());
    all.push_back(next);
    return withPlan(context, all, [&]<int bits, class T, bool symmetric, int parts>(const Planned&) {});
}

}  // namespace

bool chains(const CudaContext& context, std::span<const DecodeProduct> before, const DecodeProduct& next) {
    // What SmolLM2-135M has; whether larger ones gain was not measured.
    constexpr std::int64_t kMostWeights = 2 << 20;
    const PackedArguments w = packedArguments(next.weight);
    if (next.weight.rows * next.weight.columns > kMostWeights || next.in.tokens != 1 || w.groupColumns % 32 != 0 ||
        (next.out.accumulate && !next.out.toFloat) || reinterpret_cast<std::uintptr_t>(next.out.y) % 8 != 0 ||
        !context.properties().cooperativeLaunch || !context.limits().copiesAsynchronously() ||
        before.size() == kMostChained || !fits(context, before, next))
        return false;
    if (before.empty()) return !next.in.norm;
    const DecodeProduct& last = before.back();
    if (next.in.x != last.out.y || next.weight.columns != last.outputs() ||
        (next.in.norm != nullptr) != last.out.toFloat || next.activations != last.activations ||
        !(next.weight.scheme == last.weight.scheme) ||
        scalesWholePairs(w) != scalesWholePairs(packedArguments(last.weight)))
        return false;
    const Written written = writtenBy(next);
    return std::all_of(before.begin(), before.end(), [&](const DecodeProduct& other) {
        const Written others = writtenBy(other);
        const bool apart = written.end <= others.begin || others.end <= written.begin;
        const bool same = written.begin == others.begin && written.end == others.end;
        return apart || (same && next.out.accumulate && !next.out.gated && !other.out.gated);
    });
}

std::size_t chainLetters(std::span<const DecodeProduct> products) {
    std::size_t letters = 0;
    for (const DecodeProduct& product : products) letters += lettersOf(product) * kLetterCopies;
    return letters;
}

bool packedChain(const CudaContext& context, std::span<const DecodeProduct> products, Letter* letters,
                 unsigned* launches) {
    return withPlan(context, products, [&]<int bits, class T, bool symmetric, int parts>(const Planned& plan) {
        Chain chain = plan.chain;
        for (std::size_t l = 0; l + 1 < products.size(); ++l) {
            chain.links[l].to = letters;
            chain.links[l + 1].from = letters;
            letters += lettersOf(products[l]);
        }
        chain.launches = launches;
        chain.chained = context.limits().chainsKernels();
        launchWith({.atOnce = true}, context, packedChainKernel<bits, T, symmetric, parts>,
                   static_cast<unsigned>(context.properties().multiProcessorCount), kThreads, plan.sharedBytes, chain);
    });
}

}  // namespace gptq
