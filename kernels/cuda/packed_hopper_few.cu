// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of packed weights and up to 16 tokens on Hopper: y[t, n] = sum over k of x[t, k] (q[n, k] - z[g, n]) s[g, n].
//
// As in packed_hopper.cu weights become the A operand of a warpgroup's product in registers, inputs are its B operand in shared memory;
// here weights are exact, code minus zero, and sums are scaled. So few inputs fit into shared memory whole, and are read from L2 only
// once while the outputs pass by. Two blocks are a cluster, which makes unit after unit of 64 outputs and shares out the columns:
//
//                      block 0               |              block 1
//     inputs    columns of the first half    |   columns of the second, rearranged for products
//     unit 0    warpgroup 0  |  warpgroup 1  |   warpgroup 0  |  warpgroup 1        two splits: two warpgroups share out a
//     unit 1    warpgroup 2  |  warpgroup 3  |   warpgroup 2  |  warpgroup 3        block's columns; 1 or 4 are other plans
//
// A warp makes one strip, 16 outputs, of a unit; its words and scales come through a ring of its own, by the copy engine. The parts of
// a strip's sums, one for each warpgroup in its line, are written where they are added up: to shared memory of the block that owns
// the strip, every other one, whose barrier counts their bytes. So warps wait for each other only there, after a batch of units.
// Inputs of so many columns that they do not fit come as they are needed, each warpgroup its own.
//
// float16 with 4 or 8 bits multiplies codes as they stand (dequant.cuh) and takes zeros off by the sums of inputs, one instruction a
// pair of weights instead of two.
//
// Bound: memory, rows * columns * bits / 8 bytes; measured (docs/benchmarks.md) 65 to 73 % of a copy's bandwidth
// at large shapes.
#include "kernels/cuda/packed_hopper_few.cuh"

#include <algorithm>
#include <optional>

#include "kernels/cuda/decode_inputs.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/packed_arguments.cuh"
#include "kernels/cuda/partial_sums.cuh"
#include "kernels/cuda/warpgroup.cuh"

namespace gptq {
namespace {

constexpr int kRanks = 2;   // blocks of a cluster
constexpr int kGroups = 4;  // warpgroups of a block
constexpr int kWarps = 4 * kGroups;
constexpr int kUnitStrips = 4;  // a warp of a warpgroup each
constexpr int kTokens = 16;
constexpr int kTileBytes = kTokens * 128;  // inputs of 64 columns
constexpr int kPairBytes = 2 * kTileBytes;
constexpr int kPiecePairs = 2;  // of tiles, that are copied at once
constexpr int kMeetings = 4;    // barriers of the block
constexpr int kStreamPlaces = 3, kStreamPairs = kGroups * kStreamPlaces * kPiecePairs;  // of inputs that do not fit

// How work is shared out, and shared memory used.
struct Plan {
    int splitBits;  // warpgroups that share out a block's columns, two to the power of it
    int clusters;
    int turns, moreTurns;  // units of a cluster; so many clusters have one more
    int slots;             // of a warp's ring
    int batch;             // units of a cluster between two meetings
    int inputPairs;        // of tiles, that shared memory has room for
};

// Whether codes are multiplied as they stand (dequant.cuh), and zeros taken off by the sums of inputs; where inputs stream, making
// those takes longer than what it saves.
template <int bits, class T, bool streams>
inline constexpr bool multipliesCodes = takesCodes<T> && !streams && (bits == 4 || bits == 8);

// A pair's inputs, and their sums.
constexpr int inputBytes(bool sums, int parts) {
    return kPairBytes + (sums ? parts * kTokens * 4 : 0);
}

// A slot of a ring: a piece's words, then scales and zeros, [pair][scaled part][row].
template <int bits, bool symmetric, int parts>
struct Slot {
    static constexpr int kPairWords = 2 * static_cast<int>(wordsOfTile(bits));
    static constexpr int kWordBytes = kPiecePairs * kPairWords * 4;
    static constexpr int kScaleBytes = kPiecePairs * parts * 32;
    static constexpr int kBytes = kWordBytes + kScaleBytes + (symmetric ? 0 : kScaleBytes / 2);

    unsigned char* at;
    __device__ std::uint32_t* words(int pair) const { return reinterpret_cast<std::uint32_t*>(at) + pair * kPairWords; }
    __device__ Half* scales(int pair) const { return reinterpret_cast<Half*>(at + kWordBytes) + pair * parts * 16; }
    __device__ std::uint8_t* zeros(int pair) const { return at + kWordBytes + kScaleBytes + pair * parts * 16; }
};

#ifdef GPTQ_HOPPER_DEVICE

constexpr int kQuads = 4;  // of tokens; a warp brings a quad's inputs of a pair

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

// Starts copying pairs [pair, last) of a strip, a piece at most.
template <int bits, bool symmetric, int parts>
__device__ void ask(int strip, int pair, int last, const PackedArguments& w, const Slot<bits, symmetric, parts>& slot,
                    CopyBarrier* barrier, int lane) {
    constexpr int kTileWords = static_cast<int>(wordsOfTile(bits));
    const int pairs = min(last - pair, kPiecePairs);
    if (lane == 0) {
        const int bytes = min(pairs * 2, w.tiles - pair * 2) * kTileWords * 4;
        expectBytes(barrier, bytes);
        bulkCopy(slot.words(0), w.words + static_cast<std::int64_t>(strip * w.tiles + pair * 2) * kTileWords, bytes,
                 barrier);
    }
    const int part = lane / 2;  // two lanes a part, eight rows each
    static_assert(kPiecePairs * parts * 2 <= 32);
    if (part < pairs * parts) {
        // Behind the last input any scale will do that is a number.
        const int at = w.groupOfHalf(pair * 4 + part * (4 / parts)) * w.rows + strip * 16 + lane % 2 * 8;
        copyAsync<16>(slot.scales(0) + lane * 8, w.scales + at);
        if constexpr (!symmetric) copyAsync<8>(slot.zeros(0) + lane * 8, w.zeros + at);
    }
    arriveAfterCopies(barrier);
}

// A pair's inputs in shared memory, as packed_hopper.cu's arrangeInputsKernel makes them: [64 columns][token][chunk exchanged by
// token % 8]; and behind all pairs' inputs their sums that are offset by, [scaled part][token]. One of several at `first`.
template <class T, int parts, bool withSums>
struct InputPair {
    unsigned char* tiles;
    float* sums;

    __device__ InputPair(unsigned char* first, int count, int index)
        : tiles(first + index * kPairBytes),
          sums(reinterpret_cast<float*>(first + count * kPairBytes) + index * parts * kTokens) {}

    // Four tokens of a pair are one warp's to bring: a lane has eight columns of either tile; zeros where there is no token or column.
    static __device__ void fetch(const ProductInput& in, int columns, int pair, int quad, bool there, int lane,
                                 uint4 (&from)[2]) {
        const int token = quad * 4 + lane / 8, column = pair * kPairColumns + lane % 8 * 8;
        const T* const x = static_cast<const T*>(in.x) + token * in.stride + column;
#pragma unroll
        for (int t = 0; t < 2; ++t) {
            from[t] = {};
            if (there && token < in.tokens && column + t * 64 < columns)
                from[t] = *reinterpret_cast<const uint4*>(x + t * 64);
        }
    }
    __device__ void put(const uint4 (&from)[2], int quad, int lane) const {
        const int token = quad * 4 + lane / 8, half = lane % 8 / 4, q = lane % 4;
        float both = 0;
#pragma unroll
        for (int t = 0; t < 2; ++t) {
            const std::uint32_t words[4] = {from[t].x, from[t].y, from[t].z, from[t].w};
            unsigned char* const row = tiles + t * kTileBytes + token * 128 + q * 4;
            float sum = 0;
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                *reinterpret_cast<std::uint32_t*>(row + ((half * 4 + i) ^ token % 8) * 16) = words[i];
                const auto pair = pairOf<PairOf<T>>(words[i]);
                if constexpr (withSums) sum += asFloat(pair.x) + asFloat(pair.y);
            }
            both += sum;
            if constexpr (withSums && parts == 4) {
                sum = sumOverLanes<4>(sum);
                if (q == 0) sums[(t * 2 + half) * kTokens + token] = sum;
            }
        }
        if constexpr (withSums && parts == 1) {
            both = sumOverLanes<8>(both);
            if (lane % 8 == 0) sums[token] = both;
        }
    }
};

// Inputs of all pairs [first, last), by the block. meanwhile() while the first are on their way.
template <class T, int parts, bool sums, class Meanwhile>
__device__ void stageInputs(const ProductInput& in, int columns, int first, int last, unsigned char* staged, int room,
                            int warp, int lane, const Meanwhile& meanwhile) {
    using Inputs = InputPair<T, parts, sums>;
    constexpr int kAtOnce = 4;
    const int count = (last - first) * kQuads;
    for (int begin = warp; begin == warp || begin < count; begin += kAtOnce * kWarps) {
        uint4 from[kAtOnce][2];
#pragma unroll
        for (int p = 0; p < kAtOnce; ++p) {
            const int piece = begin + p * kWarps;
            Inputs::fetch(in, columns, first + piece / kQuads, piece % kQuads, piece < count, lane, from[p]);
        }
        if (begin == warp) meanwhile();
#pragma unroll
        for (int p = 0; p < kAtOnce; ++p) {
            const int piece = begin + p * kWarps;
            if (piece < count) Inputs(staged, room, piece / kQuads).put(from[p], piece % kQuads, lane);
        }
    }
}

// A warpgroup's inputs, a piece of two pairs at a time, in turns in three places, so that one is free of products when it is written.
template <class T, int parts>
struct InputStream {
    using Inputs = InputPair<T, parts, false>;

    unsigned char* staged;
    int warp, lane;
    int place = 0;
    uint4 from[kPiecePairs][2];

    __device__ Inputs at(int pair) const {
        return {staged, kStreamPairs, (warp / 4 * kStreamPlaces + place) * kPiecePairs + pair};
    }
    __device__ void fetch(const ProductInput& in, int columns, int pair, int last) {
#pragma unroll
        for (int p = 0; p < kPiecePairs; ++p)
            Inputs::fetch(in, columns, pair + p, warp % 4, pair + p < last, lane, from[p]);
    }
    // What was fetched, to the next place; the warpgroup meets here.
    __device__ void put() {
        place = place == kStreamPlaces - 1 ? 0 : place + 1;
#pragma unroll
        for (int p = 0; p < kPiecePairs; ++p) at(p).put(from[p], warp % 4, lane);
        showToProducts();
        asm volatile("bar.sync %0, 128;" ::"r"(1 + warp / 4) : "memory");
    }
};
// Sums of a warp's strip, of one share of the columns: of rows lane / 4 and lane / 4 + 8, as FragmentC, for eight tokens and eight more.
// While products of one step go on, the weights of the next are made; the sums of a scaled part are scaled a step later.
template <int bits, class T, bool symmetric, int parts, bool codes>
struct StripSums {
    static constexpr int kSteps = parts == 1 ? 2 : 4;  // of a pair
    static constexpr int kOfStep = 8 / kSteps;         // products

    const float* partSums[2];  // of codes: the inputs', from this lane's first token on
    float totals[8] = {};
    float sums[2][8];
    float scales[2][2], zeros[2][2];

    template <int which>
    __device__ void scale() {
        receiveSums(sums[which]);
#pragma unroll
        for (int i = 0; i < 8; ++i) totals[i] += sums[which][i] * scales[which][i / 2 % 2];
        if constexpr (codes) {
            const auto low = *reinterpret_cast<const float2*>(partSums[which]),
                       high = *reinterpret_cast<const float2*>(partSums[which] + 8);
            const float inputs[4] = {low.x, low.y, high.x, high.y};
#pragma unroll
            for (int i = 0; i < 8; ++i) totals[i] -= inputs[i / 4 * 2 + i % 2] * zeros[which][i / 2 % 2];
        }
    }

    // pending: the part before this pair has not been scaled yet.
    template <int which>
    __device__ void multiplyPair(const Slot<bits, symmetric, parts>& slot, int pair,
                                 const InputPair<T, parts, codes>& inputs, bool pending, int lane) {
        LaneWords<bits> words[2];
        words[0].read(slot.words(pair), lane);
        words[1].read(slot.words(pair) + wordsOfTile(bits), lane);
        const auto step = [&]<int s>() {
            constexpr bool begins = parts == 4 || s == 0;
            constexpr int part = parts == 4 ? s : 0, at = parts == 4 ? s % 2 : which;
            const Half* const scale = slot.scales(pair) + part * 16 + lane / 4;
            const std::uint8_t* const zero = slot.zeros(pair) + part * 16 + lane / 4;
            [[maybe_unused]] const PairOf<T> zeroLow = zeroFor<bits, T>(symmetric ? 1 << (bits - 1) : zero[0]),
                                             zeroHigh = zeroFor<bits, T>(symmetric ? 1 << (bits - 1) : zero[8]);
            FragmentA weights[kOfStep];
            const auto weigh = [&]<int k>() {
                constexpr int product = s * kOfStep + k;
                if constexpr (codes) weights[k] = codeFragment<bits, product % 4>(words[product / 4]);
                else weights[k] = weightFragment<bits, product % 4, T>(words[product / 4], zeroLow, zeroHigh);
            };
            weigh.template operator()<0>();
            weigh.template operator()<1>();
            if constexpr (kOfStep == 4) {
                weigh.template operator()<2>();
                weigh.template operator()<3>();
            }
            beginProducts();
#pragma unroll
            for (int k = 0; k < kOfStep; ++k) {
                const int product = s * kOfStep + k;
                multiplyWarpgroup<kTokens, T>(
                    sums[at], weights[k],
                    matrixDescriptor(sharedAddress(inputs.tiles) + product / 4 * kTileBytes) + product % 4 * (32 / 16),
                    begins && k == 0 ? 0 : 1);
            }
            endProducts();
            awaitProducts<1>();
            if (begins && (s > 0 || pending)) this->template scale<1 - at>();
            if constexpr (begins) {
                partSums[at] = inputs.sums + part * kTokens + lane % 4 * 2;
#pragma unroll
                for (int row = 0; row < 2; ++row) {
                    scales[at][row] = __half2float(scale[row * 8]);
                    if constexpr (codes) {
                        constexpr CodePlace place = codePlace(bits, 0);
                        zeros[at][row] =
                            scales[at][row] * static_cast<float>(symmetric ? 1 << (bits - 1) : zero[row * 8]);
                        scales[at][row] *= powerOfTwo(24 - (row == 0 ? place.low : place.high));
                    }
                }
            }
        };
        step.template operator()<0>();
        step.template operator()<1>();
        if constexpr (kSteps == 4) {
            step.template operator()<2>();
            step.template operator()<3>();
        }
    }
    // The last part's.
    template <int which>
    __device__ void end() {
        awaitProducts<0>();
        scale<which>();
    }
};

#endif

template <int bits, class T, bool symmetric, int parts, bool streams>
__global__ void __launch_bounds__(kWarps * 32, 1)
    packedHopperFewKernel(const PackedArguments w, const ProductInput in, const ProductOutput out, const Plan plan) {
#ifdef GPTQ_HOPPER_DEVICE
    extern __shared__ __align__(1024) unsigned char shared[];
    using Piece = Slot<bits, symmetric, parts>;
    constexpr bool codes = multipliesCodes<bits, T, streams>;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp =
        __shfl_sync(kAllLanes, static_cast<int>(threadIdx.x) / 32, 0);  // known to be the same in all lanes
    const int rank = static_cast<int>(rankInCluster());
    const Units units(w, plan, out.gated);
    const int turns = plan.turns + (units.cluster < plan.moreTurns ? 1 : 0);
    const int groups = kGroups >> plan.splitBits, firstTurn = warp / 4 >> plan.splitBits;
    const int pairs = (w.tiles + 1) / 2, shares = kRanks << plan.splitBits;
    const int share = (rank << plan.splitBits) + (warp / 4 & ((1 << plan.splitBits) - 1));
    const int blockFirst = pairs * rank / kRanks, blockLast = pairs * (rank + 1) / kRanks;
    const int first = pairs * share / kRanks >> plan.splitBits, last = pairs * (share + 1) / kRanks >> plan.splitBits;
    // In shared memory: inputs, rings, barriers, two batches' parts of sums.
    unsigned char* const staged = shared;
    unsigned char* rest = shared + plan.inputPairs * inputBytes(codes, parts);
    unsigned char* const ring = rest + warp * plan.slots * Piece::kBytes;
    rest += kWarps * plan.slots * Piece::kBytes;
    auto* const written = reinterpret_cast<CopyBarrier*>(rest);
    auto* const added = written + 2;
    auto* const barriers = written + kMeetings + warp * plan.slots;
    rest += (kMeetings + kWarps * plan.slots) * 8;
    float* const partial = reinterpret_cast<float*>(rest);

    if (lane < plan.slots) beginBarrier(barriers + lane, 33);
    if (threadIdx.x < 2) beginBarrier(written + threadIdx.x, 1);
    else if (threadIdx.x < kMeetings) beginBarrier(written + threadIdx.x, kWarps * kRanks);
    showBarriersToCopies();
    __syncwarp();
    arriveAtCluster();
    // A warp's strip of a turn; of a strip that there is not, another.
    const int warpItem = warp % 4 >> (out.gated ? 1 : 0), warpSecond = out.gated ? warp % 2 : 0;
    const int stripStep = groups * units.clusters << units.itemBits;
    int comingTurn = firstTurn, comingPair = first;
    int comingStrip = units.stripOf((firstTurn << units.itemBits) + warpItem, warpSecond);
    const auto askNext = [&](int slot) {
        if (comingTurn >= turns) return;
        ask(min(comingStrip, units.strips - 1), comingPair, last, w, Piece{ring + slot * Piece::kBytes},
            barriers + slot, lane);
        comingPair += kPiecePairs;
        if (comingPair < last) return;
        comingPair = first;
        comingTurn += groups;
        comingStrip += stripStep;
    };
    askNext(0);  // more before the inputs would delay them
    const auto askRest = [&] {
        for (int slot = 1; slot < plan.slots; ++slot) askNext(slot);
    };
    waitForPrevious();
    letNextStart();
    [[maybe_unused]] InputStream<T, parts> stream{staged, warp, lane};
    if constexpr (streams) {
        stream.fetch(in, w.columns, first, last);
        askRest();
        stream.put();
    } else {
        stageInputs<T, parts, codes>(in, w.columns, blockFirst, blockLast, staged, plan.inputPairs, warp, lane,
                                     askRest);
        showToProducts();
    }
    __syncthreads();
    awaitCluster();

    constexpr int kStripFloats = 16 * partialWidth(kTokens);
    const int perItem = out.gated ? 2 : 1, batchItems = plan.batch << units.itemBits,
              ownedOfBatch = batchItems / kRanks;
    const int batches = (turns + plan.batch - 1) / plan.batch, ownedItems = Units::owned(units.items(turns), rank);
    const int batchFloats = ownedOfBatch * perItem * shares * kStripFloats;
    const auto finishBatch = [&](int index) {
        const int before = index * ownedOfBatch;
        finishParts<T, kTokens>(
            partial + index % 2 * batchFloats, shares, out, in.tokens, before * perItem,
            max(min(ownedOfBatch, ownedItems - before), 0) * perItem,
            [&](int t) { return units.stripOf((t >> (perItem - 1)) * kRanks + rank, t & (perItem - 1)); },
            [&] { awaitBarrier(written + index % 2, index / 2 % 2); });
        if (index + 2 >= batches) return;
        __syncwarp();
        if (lane < kRanks) arriveAt(added + index % 2, lane);
    };
    int slot = 0, turn = firstTurn;
    unsigned parity = 0;
    for (int index = 0; index < batches; ++index) {
        if (index >= 2) awaitBarrier(added + index % 2, (index / 2 - 1) % 2);
        const int end = min(turns, (index + 1) * plan.batch);
        if (threadIdx.x == 0) {
            const int items = Units::owned((end - index * plan.batch) << units.itemBits, rank);
            expectBytes(written + index % 2, items * perItem * shares * 16 * kTokens * 4);
        }
        for (; turn < end; turn += groups) {
            StripSums<bits, T, symmetric, parts, codes> strip;
            for (int pair = first; pair < last; pair += kPiecePairs) {
                const Piece piece{ring + slot * Piece::kBytes};
                const auto inputs = [&](int p) {
                    if constexpr (streams) return stream.at(p);
                    else return InputPair<T, parts, codes>(staged, plan.inputPairs, pair - blockFirst + p);
                };
                const bool over = pair + kPiecePairs >= last, again = !over || turn + groups < turns;
                if (streams && again) stream.fetch(in, w.columns, over ? first : pair + kPiecePairs, last);
                awaitBarrier(barriers + slot, parity);
                strip.template multiplyPair<0>(piece, 0, inputs(0), pair > first, lane);
                if (pair + 1 < last) strip.template multiplyPair<1>(piece, 1, inputs(1), true, lane);
                __syncwarp();
                askNext(slot);
                if (++slot == plan.slots) {
                    slot = 0;
                    parity ^= 1;
                }
                if (streams && again) stream.put();
            }
            if (parts == 1 && (last - first) % 2 == 1) strip.template end<0>();
            else strip.template end<1>();
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
    bool streams;
    std::size_t sharedBytes;
};

// The plan that takes the least time; none where shared memory is too small. slotBytes; pairBytes: of inputs that stay, with sums.
std::optional<PlannedLaunch> planned(const CudaContext& context, const PackedArguments& w, std::size_t slotBytes,
                                     std::size_t pairBytes) {
    constexpr int kMostSlots = 3, kStreamSlots = 2, kMostBatch = 8, kFewerBatch = 4;
    constexpr std::size_t kReserve = 1024;  // what the driver keeps of a block's shared memory
    const auto upTo = [](int a, int b) { return (a + b - 1) / b; };
    const int units = upTo(w.rows / 16, kUnitStrips), pairs = (w.tiles + 1) / 2;
    const int clusters = std::min(context.properties().multiProcessorCount / kRanks, units),
              turns = upTo(units, clusters);
    const int batch = turns <= kMostBatch ? turns : kFewerBatch;
    const std::size_t limit = context.limits().sharedBytes - kReserve,
                      ofSlot = kWarps * (slotBytes + sizeof(CopyBarrier));
    std::optional<PlannedLaunch> best;
    int least = 0;
    for (int splitBits = 0; 1 << splitBits <= kGroups; ++splitBits) {
        const int shares = kRanks << splitBits;
        if (shares > pairs) break;
        // In pairs of tiles: those of a warp, five for each strip, one for each part of the sums; as measured on an H100.
        const int time = upTo(turns, kGroups >> splitBits) * (upTo(pairs, shares) + 5) + shares;
        if (best && time >= least) continue;
        const std::size_t rest = kMeetings * sizeof(CopyBarrier) +
                                 partialBytes(shares, batch * kUnitStrips / kRanks, kTokens) * (turns > batch ? 2 : 1);
        const std::size_t staying = upTo(pairs, kRanks) * pairBytes;
        const bool streams = rest + staying + 2 * ofSlot > limit;
        const std::size_t fixed = rest + (streams ? kStreamPairs * inputBytes(false, 0) : staying);
        if (fixed + 2 * ofSlot > limit) continue;
        const int slots = std::min(streams ? kStreamSlots : kMostSlots, static_cast<int>((limit - fixed) / ofSlot));
        const Plan plan{.splitBits = splitBits,
                        .clusters = clusters,
                        .turns = units / clusters,
                        .moreTurns = units % clusters,
                        .slots = slots,
                        .batch = batch,
                        .inputPairs = streams ? kStreamPairs : upTo(pairs, kRanks)};
        best = PlannedLaunch{plan, streams, fixed + slots * ofSlot};
        least = time;
    }
    return best;
}

template <int bits, class T, bool symmetric, int parts>
bool launchFew(const CudaContext& context, const PackedArguments& w, const ProductInput& in, const ProductOutput& out) {
    const auto launch =
        planned(context, w, Slot<bits, symmetric, parts>::kBytes, inputBytes(multipliesCodes<bits, T, false>, parts));
    if (!launch) return false;
    const auto start = [&]<bool streams>() {
        launchClusters(context, packedHopperFewKernel<bits, T, symmetric, parts, streams>, kRanks,
                       static_cast<unsigned>(launch->plan.clusters) * kRanks, kWarps * 32, launch->sharedBytes, w, in,
                       out, launch->plan);
    };
    launch->streams ? start.template operator()<true>() : start.template operator()<false>();
    return true;
}

}  // namespace

bool packedHopperFew(const CudaContext& context, const PackedWeight& weight, const ProductInput& in,
                     const ProductOutput& out, DType activations) {
    const PackedArguments w = packedArguments(weight);
    if (!context.limits().isHopper() || w.groupColumns % 32 != 0 || in.norm || in.tokens > kTokens) return false;
    bool launched = false;
    withActivation(activations, [&]<class T>() {
        withBits(weight.scheme.bits, [&]<int bits>() {
            const bool wholePairs = w.groupColumns % kPairColumns == 0 || w.groupColumns == w.columns;
            const auto launch = [&]<bool symmetric>() {
                launched = wholePairs ? launchFew<bits, T, symmetric, 1>(context, w, in, out)
                                      : launchFew<bits, T, symmetric, 4>(context, w, in, out);
            };
            weight.scheme.symmetric ? launch.template operator()<true>() : launch.template operator()<false>();
        });
    });
    return launched;
}

}  // namespace gptq
