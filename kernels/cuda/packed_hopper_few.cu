// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of packed weights and up to 16 tokens on Hopper: y[t, n] = sum over k of x[t, k] (q[n, k] - z[g, n]) s[g, n].
//
// As in packed_hopper.cu weights become the A operand of a warpgroup's product in registers, inputs are its B operand in shared memory;
// here weights are exact, code minus zero, and sums are scaled. Two blocks are a cluster, which makes unit after unit of 64 outputs and
// shares out the columns:
//
//                      block 0               |              block 1
//     columns        the first half          |          the second half
//     unit 0    warpgroup 0  |  warpgroup 1  |   warpgroup 0  |  warpgroup 1        two splits: two warpgroups share out a
//     unit 1    warpgroup 2  |  warpgroup 3  |   warpgroup 2  |  warpgroup 3        block's columns; 1 or 4 are other plans
//
// A warp makes one strip, 16 outputs, of a unit; its words and scales come through a ring of its own, its warpgroup's inputs through
// another, all by the copy engine. The parts of a strip's sums, one for each warpgroup in its line, are written where they are added up:
// to shared memory of the block that owns the strip, every other one, whose barrier counts their bytes. So warps wait for each other
// only there, after a batch of units, and a warpgroup's for the inputs.
//
// Bound: memory, rows * columns * bits / 8 bytes; measured (docs/benchmarks.md) 70 to 74 % of a copy's bandwidth
// at large shapes.
#include "kernels/cuda/packed_hopper_few.cuh"

#include <algorithm>
#include <optional>

#include "kernels/cuda/hopper_few_inputs.cuh"
#include "kernels/cuda/hopper_few_strip.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/partial_sums.cuh"
#include "kernels/cuda/tensor_map.h"

namespace gptq {
namespace {

constexpr int kRanks = 2;       // blocks of a cluster
constexpr int kUnitStrips = 4;  // a warp of a warpgroup each
constexpr int kSlots = 2;       // of a warp's ring; more pieces of weights in flight keep inputs waiting behind them
constexpr int kMeetings = 4;    // barriers of the block; and those for inputs
constexpr int kBlockBarriers = kMeetings + kInputBarriers;

// How work is shared out, and shared memory used.
struct Plan {
    int splitBits;  // warpgroups that share out a block's columns, two to the power of it
    int clusters;
    int turns, moreTurns;  // units of a cluster; so many clusters have one more
    int batch;             // units of a cluster between two meetings
};

#ifdef GPTQ_HOPPER_DEVICE

// Whose the strips are. A cluster's `turn`th unit has four; what is finished together, a strip, or the strips of a gate and its up, is
// an item, and items are dealt out to the blocks of the cluster.
struct Units {
    int strips, cluster, clusters;
    int itemBits;  // a unit has so many items, two to the power of it
    bool gated;

    __device__ Units(const PackedArguments& w, const Plan& plan, bool isGated)
        : strips(w.rows / 16), cluster(static_cast<int>(blockIdx.x) / kRanks), clusters(plan.clusters),
          itemBits(isGated ? 1 : 2), gated(isGated) {}

    __device__ int unitOf(int turn) const { return cluster + turn * clusters; }
    // The strip of an item, or the second one.
    __device__ int stripOf(int item, int second) const {
        return (unitOf(item >> itemBits) << itemBits) + (item & ((1 << itemBits) - 1)) + second * (strips / 2);
    }
    // Items that there are; the last unit may lack some.
    __device__ int items(int turns) const {
        const int all = gated ? strips / 2 : strips, before = unitOf(turns - 1) << itemBits;
        return ((turns - 1) << itemBits) + min(1 << itemBits, all - before);
    }
    // Of the first `items`, those of a block.
    static __device__ int owned(int items, int rank) { return (items - rank + kRanks - 1) / kRanks; }
};

#endif

template <int bits, class T, bool symmetric, int parts>
__global__ void __launch_bounds__(kWarps * 32, 1)
    packedHopperFewKernel(const PackedArguments w, const __grid_constant__ CUtensorMap x, const int tokens,
                          const ProductOutput out, const Plan plan) {
#ifdef GPTQ_HOPPER_DEVICE
    extern __shared__ __align__(1024) unsigned char shared[];
    using Piece = Slot<bits, symmetric, parts>;
    using Shape = PieceShape<bits>;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp =
        __shfl_sync(kAllLanes, static_cast<int>(threadIdx.x) / 32, 0);  // known to be the same in all lanes
    const int rank = static_cast<int>(rankInCluster());
    const Units units(w, plan, out.gated);
    const int turns = plan.turns + (units.cluster < plan.moreTurns ? 1 : 0);
    const int groups = kGroups >> plan.splitBits, firstTurn = warp / 4 >> plan.splitBits;
    const int pairs = (w.tiles + 1) / 2, shares = kRanks << plan.splitBits;
    const int share = (rank << plan.splitBits) + (warp / 4 & ((1 << plan.splitBits) - 1));
    const int first = pairs * share / kRanks >> plan.splitBits, last = pairs * (share + 1) / kRanks >> plan.splitBits;
    // In shared memory: inputs, rings, barriers, two batches' parts of sums.
    unsigned char* rest = shared + Shape::kInputBytes;
    unsigned char* const ring = rest + warp * kSlots * Piece::kBytes;
    rest += kWarps * kSlots * Piece::kBytes;
    auto* const written = reinterpret_cast<CopyBarrier*>(rest);
    auto* const added = written + 2;
    auto* const ofInputs = written + kMeetings;
    auto* const barriers = written + kBlockBarriers + warp * kSlots;
    rest += (kBlockBarriers + kWarps * kSlots) * 8;
    float* const partial = reinterpret_cast<float*>(rest);

    if (lane < kSlots) beginBarrier(barriers + lane, 1);
    if (threadIdx.x < 2) beginBarrier(written + threadIdx.x, 1);
    else if (threadIdx.x < kMeetings) beginBarrier(written + threadIdx.x, kWarps * kRanks);
    else if (threadIdx.x < kBlockBarriers) beginBarrier(written + threadIdx.x, Shape::kTiles);
    showBarriersToCopies();
    __syncwarp();
    arriveAtCluster();
    // A warp's strip of a turn; of a strip that there is not, another.
    const int warpItem = warp % 4 >> (out.gated ? 1 : 0), warpSecond = out.gated ? warp % 2 : 0;
    const int stripStep = groups * units.clusters << units.itemBits;
    int comingTurn = firstTurn, comingPair = first;
    int comingStrip = units.stripOf((firstTurn << units.itemBits) + warpItem, warpSecond);
    const auto askNext = [&](int slot) {
        if (comingTurn >= turns) return endCopies();
        ask(min(comingStrip, units.strips - 1), comingPair, last, w, Piece{ring + slot * Piece::kBytes},
            barriers + slot, lane);
        comingPair += Shape::kPairs;
        if (comingPair < last) return;
        comingPair = first;
        comingTurn += groups;
        comingStrip += stripStep;
    };
    askNext(0);  // more before the inputs would delay them
    InputStream<Shape> inputs(shared, ofInputs, tokens, warp, lane);
    const int ownTurns = (turns - firstTurn + groups - 1) / groups;  // 0 where there are fewer turns than groups
    int piecesToCome = ownTurns * ((last - first + Shape::kPairs - 1) / Shape::kPairs), comingInput = first;
    const auto askInput = [&] {
        if (piecesToCome == 0) return;
        --piecesToCome;
        inputs.ask(x, comingInput * 2);
        comingInput = comingInput + Shape::kPairs < last ? comingInput + Shape::kPairs : first;
    };
    waitForPrevious();
    letNextStart();
    awaitCluster();
    for (int piece = 0; piece < kInputPlaces; ++piece) askInput();
    for (int slot = 1; slot < kSlots; ++slot) askNext(slot);

    constexpr int kStripFloats = 16 * partialWidth(kTokens);
    const int perItem = out.gated ? 2 : 1, batchItems = plan.batch << units.itemBits,
              ownedOfBatch = batchItems / kRanks;
    const int batches = (turns + plan.batch - 1) / plan.batch, ownedItems = Units::owned(units.items(turns), rank);
    const int batchFloats = ownedOfBatch * perItem * shares * kStripFloats;
    const auto finishBatch = [&](int index) {
        const int before = index * ownedOfBatch;
        finishParts<T, kTokens>(
            partial + index % 2 * batchFloats, shares, out, tokens, before * perItem,
            max(min(ownedOfBatch, ownedItems - before), 0) * perItem,
            [&](int t) { return units.stripOf((t >> (perItem - 1)) * kRanks + rank, t & (perItem - 1)); },
            [&] { awaitBarrier(written + index % 2, index / 2 % 2); });
        if (index + 2 >= batches) return;
        __syncwarp();
        if (lane < kRanks) arriveAt(added + index % 2, lane);
    };
    int slot = 0, turn = firstTurn;
    unsigned parity = 0;
    // Words come by the copy engine, scales and zeros by the warp's own copies, of which every ask ends a group.
    const auto awaitPiece = [&] {
        awaitCopies<kSlots - 1>();
        awaitBarrier(barriers + slot, parity);
        __syncwarp();
    };
    for (int index = 0; index < batches; ++index) {
        if (index >= 2) awaitBarrier(added + index % 2, (index / 2 - 1) % 2);
        const int end = min(turns, (index + 1) * plan.batch);
        if (threadIdx.x == 0) {
            const int items = Units::owned((end - index * plan.batch) << units.itemBits, rank);
            expectBytes(written + index % 2, items * perItem * shares * 16 * kTokens * 4);
        }
        for (; turn < end; turn += groups) {
            StripSums<bits, T, symmetric, parts> strip;
            for (int pair = first; pair < last; pair += Shape::kPairs) {
                const Piece piece{ring + slot * Piece::kBytes};
                inputs.await();
                awaitPiece();
                strip.multiplyPair(piece, 0, inputs.at(0), lane);
                if constexpr (Shape::kPairs == 2) {
                    if (pair + 1 < last) strip.multiplyPair(piece, 1, inputs.at(2), lane);
                }
                __syncwarp();
                askNext(slot);
                if (++slot == kSlots) {
                    slot = 0;
                    parity ^= 1;
                }
                inputs.leave(warp / 4);
                askInput();
            }
            const int item = (turn << units.itemBits) + warpItem - index * batchItems, owner = item % kRanks;
            const int place = (item / kRanks * perItem + warpSecond) * shares + share;
            float* const sums = partial + index % 2 * batchFloats + place * kStripFloats;
            const std::uint32_t to = addressAt(sharedAddress(sums), owner),
                                barrier = addressAt(sharedAddress(written + index % 2), owner);
#pragma unroll
            for (int i = 0; i < 8; i += 2) {
                const int row = lane / 4 + i / 2 % 2 * 8, token = i / 4 * 8 + lane % 4 * 2;
                storeAt(to + (row * partialWidth(kTokens) + token) * 4, strip.totals[i], strip.totals[i + 1], barrier);
            }
        }
        if (index > 0) finishBatch(index - 1);
    }
    finishBatch(batches - 1);
#endif
}

struct PlannedLaunch {
    Plan plan;
    std::size_t sharedBytes;
};

// The plan that takes the least time; none where shared memory is too small.
template <int bits>
std::optional<PlannedLaunch> planned(const CudaContext& context, const PackedArguments& w, std::size_t slotBytes) {
    constexpr int kMostBatch = 8, kFewerBatch = 4;
    constexpr std::size_t kReserve = 1024;  // what the driver keeps of a block's shared memory
    const auto upTo = [](int a, int b) { return (a + b - 1) / b; };
    const int units = upTo(w.rows / 16, kUnitStrips), pairs = (w.tiles + 1) / 2;
    const int clusters = std::min(context.properties().multiProcessorCount / kRanks, units),
              turns = upTo(units, clusters);
    const int batch = turns <= kMostBatch ? turns : kFewerBatch;
    const std::size_t fixed = PieceShape<bits>::kInputBytes + kBlockBarriers * sizeof(CopyBarrier) +
                              kSlots * kWarps * (slotBytes + sizeof(CopyBarrier));
    std::optional<PlannedLaunch> best;
    int least = 0;
    for (int splitBits = 0; 1 << splitBits <= kGroups; ++splitBits) {
        const int shares = kRanks << splitBits;
        if (shares > pairs) break;
        // In pairs of tiles: those of a warp, five for each strip, one for each part of the sums; as measured on an H100.
        const int time = upTo(turns, kGroups >> splitBits) * (upTo(pairs, shares) + 5) + shares;
        if (best && time >= least) continue;
        const std::size_t bytes =
            fixed + partialBytes(shares, batch * kUnitStrips / kRanks, kTokens) * (turns > batch ? 2 : 1);
        if (bytes > context.limits().sharedBytes - kReserve) continue;
        const Plan plan{.splitBits = splitBits,
                        .clusters = clusters,
                        .turns = units / clusters,
                        .moreTurns = units % clusters,
                        .batch = batch};
        best = PlannedLaunch{plan, bytes};
        least = time;
    }
    return best;
}

template <int bits, class T, bool symmetric, int parts>
bool launchFew(const CudaContext& context, const PackedArguments& w, const ProductInput& in, const ProductOutput& out) {
    const auto launch = planned<bits>(context, w, Slot<bits, symmetric, parts>::kBytes);
    if (!launch) return false;
    launchWith({.cluster = kRanks}, context, packedHopperFewKernel<bits, T, symmetric, parts>,
               static_cast<unsigned>(launch->plan.clusters) * kRanks, kWarps * 32, launch->sharedBytes, w,
               inputMap(in.x, in.tokens, w.columns, in.stride, in.tokens), in.tokens, out, launch->plan);
    return true;
}

}  // namespace

bool packedHopperFew(const CudaContext& context, const PackedWeight& weight, const ProductInput& in,
                     const ProductOutput& out, DType activations) {
    const PackedArguments w = packedArguments(weight);
    if (!context.limits().isHopper() || w.groupColumns % 32 != 0 || in.norm || in.tokens > kTokens) return false;
    bool launched = false;
    withScheme(w, weight.scheme, activations, [&]<int bits, class T, bool symmetric, int parts>() {
        launched = launchFew<bits, T, symmetric, parts>(context, w, in, out);
    });
    return launched;
}

}  // namespace gptq
