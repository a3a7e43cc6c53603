// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which ops chain, and how; for the host alone.
#include "kernels/cuda/chain_plan.h"

#include <algorithm>
#include <utility>

#include "kernels/cuda/with_scheme.cuh"

namespace gptq {
namespace {

// Letters of an op's outputs that all blocks read: a float32 each, or two neighbours.
std::size_t lettersOf(const DecodeProduct& product) {
    return static_cast<std::size_t>(product.out.toFloat ? product.outputs() : product.outputs() / 2);
}
std::size_t lettersOf(const AttentionCall& call) {
    return static_cast<std::size_t>(call.spec.queryWidth() / 2);
}

// Splits of a context, where it is as long as it may be.
int mostSplitsOf(const AttentionCall& call, int blocks) {
    const AttentionSpec& spec = call.spec;
    const std::int64_t seen =
        spec.window > 0 ? std::min(spec.window, call.batch.pastLimit + 1) : call.batch.pastLimit + 1;
    return static_cast<int>(std::min((seen + kWarpPositions - 1) / kWarpPositions, blocks / spec.kvHeads));
}

ChainAttention attentionOf(const AttentionCall& call, int blocks) {
    const AttentionSpec& spec = call.spec;
    return {.past = deviceData<std::int32_t>(call.batch.pastLengths),
            .frequencies = deviceData<float>(call.rotary.frequencies),
            .kvStride = call.cache.keys.rowStride(),
            .magnitude = call.rotary.magnitude,
            .scale = spec.scale * kLog2E,
            .heads = static_cast<int>(spec.heads),
            .kvHeads = static_cast<int>(spec.kvHeads),
            .shared = static_cast<int>(spec.heads / spec.kvHeads),
            .window = static_cast<int>(spec.window),
            .capacity = static_cast<int>(call.cache.capacity),
            .mostSplits = mostSplitsOf(call, blocks)};
}

// A link, and what is largest among all.
struct Largest {
    int pairs = 0, strips = 0, units = 0;
};
ChainLink linkOf(const DecodeProduct& product, int blocks, Largest& largest) {
    ChainLink link{};
    link.w = packedArguments(product.weight);
    link.in = product.in;
    link.out = product.out;
    const int perUnit = product.out.gated ? 2 : 1;
    const int units = link.w.rows / static_cast<int>(kTileRows) / perUnit;
    const QuantScheme& scheme = product.weight.scheme;
    link.pairs = (link.w.tiles + 1) / 2;
    link.units = units / blocks;
    link.moreUnits = units % blocks;
    link.stripBytes = link.pairs * chainPairBytes(scheme.bits, scheme.symmetric, scalesWholePairs(link.w) ? 1 : 4);
    link.perColumn = 1.0f / static_cast<float>(link.w.columns);
    const int unitsOfBlock = (units + blocks - 1) / blocks;
    largest.pairs = std::max(largest.pairs, link.pairs);
    largest.strips = std::max(largest.strips, unitsOfBlock * perUnit);
    largest.units = std::max(largest.units, unitsOfBlock);
    return link;
}
ChainLink linkOf(const AttentionCall& call) {
    ChainLink link{};
    link.in.x = call.qkv.data();
    link.out.y = call.y.data();
    link.keys = call.cache.keys.data();
    link.values = call.cache.values.data();
    return link;
}

// What a block needs of a link's in the ring.
std::size_t ringBytes(const ChainLink& link) {
    const int strips = (link.units + (link.moreUnits > 0 ? 1 : 0)) * (link.out.gated ? 2 : 1);
    return static_cast<std::size_t>(link.attends() ? 0 : strips * link.stripBytes);
}
std::size_t normBytes(const ChainLink& link) {
    return link.in.norm ? static_cast<std::size_t>(link.pairs * kPairColumns) * sizeof(float) : 0;
}
std::size_t aligned(std::size_t bytes) {
    return (bytes + 127) / 128 * 128;
}

// Places in the ring [begin, end), link after link, and which link each takes over from; false where one is too large.
bool placeInRing(std::span<ChainLink> links, std::size_t begin, std::size_t end) {
    struct Place {
        std::size_t begin, end;
    };
    std::vector<Place> places;
    std::size_t at = begin;
    for (std::size_t l = 0; l < links.size(); ++l) {
        ChainLink& link = links[l];
        const std::size_t norm = aligned(normBytes(link)), size = norm + aligned(ringBytes(link));
        if (begin + size > end) return false;
        if (at + size > end) at = begin;
        link.normAt = static_cast<int>(at);
        link.weightsAt = static_cast<int>(at + norm);
        places.push_back({at, at + size});
        link.after = static_cast<int>(l) - kChainAhead;
        // Keys and values are asked for a block of the model ahead, no further: they would not stay in a small L2.
        if (link.attends()) link.after = std::max(link.after, static_cast<int>(l) - 4);
        for (int before = static_cast<int>(l) - 1; before > link.after; --before) {
            const Place& other = places[static_cast<std::size_t>(before)];
            if (size > 0 && other.begin < at + size && at < other.end) link.after = before;
        }
        at += size;
    }
    return true;
}

// The bytes that an op writes where others may read.
struct Written {
    const std::byte *begin, *end;
};
Written writtenBy(const DecodeProduct& product) {
    const auto* const begin = static_cast<const std::byte*>(product.out.y);
    return {begin, begin + product.outputs() * (product.out.toFloat ? 4 : 2)};
}
Written writtenBy(const AttentionCall& call) {
    return {call.y.data(), call.y.data() + call.spec.queryWidth() * 2};
}
bool apart(const ChainedOp& one, const ChainedOp& other) {
    const auto written = [](const ChainedOp& op) {
        return std::visit([](const auto& of) { return writtenBy(of); }, op);
    };
    const Written a = written(one), b = written(other);
    return a.end <= b.begin || b.end <= a.begin;
}
const DecodeProduct* accumulating(const ChainedOp& op) {
    const auto* const product = std::get_if<DecodeProduct>(&op);
    return product && product->out.accumulate ? product : nullptr;
}
// Whether an op writes over what an earlier one wrote, which need not be stored then. What is added to must be of the same warps.
bool writesOver(const ChainedOp& earlier, const ChainedOp& later) {
    return !accumulating(later) && !apart(earlier, later);
}
bool writesInOrder(const ChainedOp& earlier, const ChainedOp& later) {
    if (apart(earlier, later)) return true;
    const DecodeProduct* const adds = accumulating(later);
    if (!adds) return !accumulating(earlier);
    const auto* const to = std::get_if<DecodeProduct>(&earlier);
    return to && to->out.y == adds->out.y && to->outputs() == adds->outputs() && to->out.toFloat && !to->out.gated &&
           !adds->out.gated;
}

// Whether a link can be of this alone, and whether it can stand behind another.
bool takes(const CudaContext&, const DecodeProduct& product) {
    // What SmolLM2-135M has; whether larger ones gain was not measured.
    constexpr std::int64_t kMostWeights = 2 << 20;
    return product.weight.rows * product.weight.columns <= kMostWeights && product.in.tokens == 1 &&
           packedArguments(product.weight).groupColumns % 32 == 0 && (!product.out.accumulate || product.out.toFloat) &&
           !(product.out.gated && product.out.toFloat) && reinterpret_cast<std::uintptr_t>(product.out.y) % 8 == 0;
}
bool takes(const CudaContext& context, const AttentionCall& call) {
    const AttentionSpec& spec = call.spec;
    return call.batch.tokens() == 1 && spec.headSize == kChainHeadSize &&
           spec.heads / spec.kvHeads <= kMostSharedHeads && spec.kvHeads <= context.properties().multiProcessorCount &&
           !call.queryNorm && !call.keyNorm && call.rotary.frequencies.shape().elements() == kChainHeadSize / 2 &&
           readsWholeChunks(call.cache) && readsWhole(call.qkv) && readsWhole(call.y);
}

DType activationsOf(const DecodeProduct& product) {
    return product.activations;
}
DType activationsOf(const AttentionCall& call) {
    return call.qkv.dtype();
}

bool follows(const DecodeProduct& last, const DecodeProduct& next) {
    return next.in.x == last.out.y && next.weight.columns == last.outputs() &&
           (next.in.norm != nullptr) == last.out.toFloat;
}
bool follows(const AttentionCall& last, const DecodeProduct& next) {
    return next.in.x == last.y.data() && next.weight.columns == last.spec.queryWidth() && !next.in.norm;
}
bool follows(const DecodeProduct& last, const AttentionCall& next) {
    return next.qkv.data() == last.out.y && next.spec.qkvWidth() == last.outputs() && !last.out.toFloat;
}
bool follows(const AttentionCall&, const AttentionCall&) {
    return false;
}

// What all of a kind in a chain share.
bool alike(const DecodeProduct& one, const DecodeProduct& other) {
    return one.weight.scheme == other.weight.scheme &&
           scalesWholePairs(packedArguments(one.weight)) == scalesWholePairs(packedArguments(other.weight));
}
bool alike(const AttentionCall& one, const AttentionCall& other) {
    const AttentionSpec &a = one.spec, &b = other.spec;
    return a.heads == b.heads && a.kvHeads == b.kvHeads && a.scale == b.scale && a.window == b.window &&
           one.rotary.frequencies.data() == other.rotary.frequencies.data() &&
           one.rotary.magnitude == other.rotary.magnitude && one.cache.capacity == other.cache.capacity &&
           one.cache.keys.rowStride() == other.cache.keys.rowStride() &&
           one.batch.pastLengths.data() == other.batch.pastLengths.data() &&
           one.batch.pastLimit == other.batch.pastLimit;
}
template <class One, class Other>
bool alike(const One&, const Other&) {
    return true;
}

bool startsWithNorm(const ChainedOp& op) {
    const auto* const product = std::get_if<DecodeProduct>(&op);
    return product && product->in.norm;
}

}  // namespace

bool chains(const CudaContext& context, std::span<const ChainedOp> before, const ChainedOp& next) {
    if (!context.properties().cooperativeLaunch || !context.limits().copiesAsynchronously() ||
        before.size() == kMostChained || !std::visit([&](const auto& op) { return takes(context, op); }, next))
        return false;
    if (before.empty()) {
        if (startsWithNorm(next)) return false;
    } else if (!std::visit([](const auto& last, const auto& op) { return follows(last, op); }, before.back(), next)) {
        return false;
    }
    const bool all = std::all_of(before.begin(), before.end(), [&](const ChainedOp& other) {
        const auto fit = [](const auto& one, const auto& op) {
            return activationsOf(one) == activationsOf(op) && alike(one, op);
        };
        return std::visit(fit, other, next) && writesInOrder(other, next);
    });
    std::vector<ChainedOp> ops(before.begin(), before.end());
    ops.push_back(next);
    return all && chainPlan(context, ops, nullptr).has_value();
}

std::size_t chainLetters(const CudaContext& context, std::span<const ChainedOp> ops) {
    return chainPlan(context, ops, nullptr)->letters;
}

std::optional<ChainPlan> chainPlan(const CudaContext& context, std::span<const ChainedOp> ops, Letter* letters) {
    const int blocks = context.properties().multiProcessorCount;
    ChainPlan plan;
    Chain& chain = plan.chain;
    chain.attention = {.kvHeads = 1, .shared = 1, .capacity = 1, .mostSplits = 1};
    Largest largest;
    bool attends = false;
    std::size_t copyLetters = 0;
    for (const ChainedOp& op : ops) {
        ChainLink& link = chain.links[chain.count++];
        if (const auto* const call = std::get_if<AttentionCall>(&op)) {
            link = linkOf(*call);
            chain.attention = attentionOf(*call, blocks);
            attends = true;
        } else {
            link = linkOf(std::get<DecodeProduct>(op), blocks, largest);
        }
        const auto later = ops.subspan(static_cast<std::size_t>(chain.count));
        link.stores =
            std::none_of(later.begin(), later.end(), [&](const ChainedOp& other) { return writesOver(op, other); });
        copyLetters += std::visit([](const auto& one) { return lettersOf(one); }, op);
    }
    if (largest.units > kChainWarps || largest.strips > kMostChainStrips || largest.pairs > kMostChainPairs) return {};
    plan.sharedBytes = sizeof(ChainSpace);
    if (attends) plan.sharedBytes += static_cast<std::size_t>(chain.attention.shared) * sizeof(ChainSpace::outputs[0]);
    plan.sharedBytes = aligned(plan.sharedBytes);
    const std::size_t limit = context.limits().sharedBytes - 1024;  // less what the kernel declares itself
    const std::span<ChainLink> links(chain.links, ops.size());
    if (plan.sharedBytes > limit || !placeInRing(links, plan.sharedBytes, limit)) return {};
    for (const ChainLink& link : links)
        plan.sharedBytes = std::max(plan.sharedBytes, static_cast<std::size_t>(link.weightsAt) + ringBytes(link));

    chain.copyLetters = static_cast<int>(copyLetters);
    std::size_t outputs = 0;
    plan.letters = copyLetters * kLetterCopies;
    const auto at = [&](std::size_t place) { return letters ? letters + place : nullptr; };
    for (std::size_t l = 0; l < links.size(); ++l) {
        if (l + 1 < links.size()) {
            links[l].to = at(outputs);
            links[l + 1].from = at(outputs);
        }
        outputs += std::visit([](const auto& one) { return lettersOf(one); }, ops[l]);
        if (!links[l].attends()) continue;
        links[l].splits = at(plan.letters);
        plan.letters += static_cast<std::size_t>(chain.attention.heads * chain.attention.mostSplits * kSplitLetters);
    }
    return plan;
}

}  // namespace gptq
