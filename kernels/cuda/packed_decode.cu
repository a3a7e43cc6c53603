// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Decode products of packed weights: y[t, n] = sum over k of x[t, k] (q[n, k] - z[g, n]) s[g, n], 1 to 8 tokens.
//
// Weights are the A operand of mma.m16n8k16 (16 outputs by 16 inputs), tokens are B's eight columns, sums are float32
// (decode_pair.cuh). One block stays on every multiprocessor, two for several tokens, and makes strip after strip of 16 outputs. Its
// warps share out the inputs, and so the pairs of tiles, 128 inputs each, that a strip consists of:
//
//     strip of 16 rows   | pair pair pair | pair pair pair | pair pair pair |     1 KB a pair at 4 bits,
//                            warp 0           warp 1           warp 2             a strip lies in one piece
//
// A warp takes its pairs of all the block's strips as one stream, in pieces of a few pairs with their scales, through a ring in its
// part of shared memory. Hopper's copy engine fills it (`bulk`), or the warp's own asynchronous copies; each way is a kernel of its own,
// since code of the other takes registers. Warps meet once, when all strips are done and their sums are added up. Sums are scaled when
// a pair ends (where groups are multiples of 128) or a half tile (multiples of 32); other groups have a kernel of their own. One token's
// inputs are staged in shared memory once; those of several tokens are read where they lie, a pair of tiles at a time, and change from
// rows to fragments through the warp's place there.
//
// One token: a block takes half of a multiprocessor's threads, and where it can half of its shared memory, and lets the next
// kernel start at once. Half of that one's rings fill while this one ends, so memory does not idle between two kernels; the other half
// is asked for behind the inputs, which would have to wait for it.
//
// Where kernels cannot be chained, memory would idle from the end of a product until the next one's inputs are on their way; instead every
// block asks, when it is done, for a part of that one's weights into the L2 cache.
//
// What bounds a decode kernel beside memory is the issue of instructions: about 30 for a tile of 2 bits, of which 16 take its codes,
// and half as many for what is per piece or strip.
// Bound: memory, rows * columns * bits / 8 bytes; measured (docs/benchmarks.md) for one token 88 to 93 % of a copy's bandwidth at large
// shapes with 4 bits, 78 to 87 % with 3, 68 to 80 % with 2.
#include <algorithm>
#include <optional>

#include "kernels/cuda/decode_inputs.cuh"
#include "kernels/cuda/decode_pair.cuh"
#include "kernels/cuda/lane_columns.cuh"
#include "kernels/cuda/packed_decode.cuh"
#include "kernels/cuda/packed_odd_groups.cuh"
#include "kernels/cuda/packed_piece.cuh"
#include "kernels/cuda/partial_sums.cuh"

namespace gptq {
namespace {

constexpr int kMostTokens = 8;
constexpr int kMostWarps = 16;
constexpr unsigned kLinesAhead = 192;  // of 128 bytes, that a block asks for: 24 KB, as measured on an H100

// Strips that are multiplied at once: of 2 bits two, whose products then have more to do between two waits.
template <int bits, bool single>
inline constexpr int kTogether = single&& bits == 2 ? 2 : 1;

// How shared memory is used, and how often warps meet.
struct Plan {
    int slots;       // of a ring
    int firstSlots;  // that are asked for before the inputs
    int batch;       // strips between two meetings
    bool early;      // large: the next kernel may start at once, rather than when this one has its inputs
    int units;       // of a block: strips, or a gate and its up; so many blocks have one more
    int moreUnits;
    int pairs;  // of a warp in each strip; so many warps have one more
    int morePairs;
    int nextStrip;   // from a block's even turn to its next, odd one, and
    int nextStrips;  // to its next even one
};

// A slot of a ring holds a piece: some pairs of tiles of each of `strips` strips. Words [strip][pair], then scales and zeros
// [strip][pair][scaled part][row].
template <int bits, bool symmetric, int parts, bool single>
struct Slot {
    static constexpr int strips = kTogether<bits, single>;
    static constexpr int kPairs = !single ? 4 : bits == 8 ? 1 : 2;
    static constexpr int kPairWords = 2 * static_cast<int>(wordsOfTile(bits));
    static constexpr int kStripWords = kPairs * kPairWords;
    static constexpr int kStripScales = kPairs * parts * 16;
    static constexpr int kZeros = strips * (kStripWords * 4 + kStripScales * 2);
    static constexpr int kBytes = kZeros + (symmetric ? 0 : strips * kStripScales);

    unsigned char* at;
    __device__ std::uint32_t* words(int strip) const {
        return reinterpret_cast<std::uint32_t*>(at) + strip * kStripWords;
    }
    __device__ Half* scales(int strip) const {
        return reinterpret_cast<Half*>(at + strips * kStripWords * 4) + strip * kStripScales;
    }
    __device__ std::uint8_t* zeros(int strip) const { return at + kZeros + strip * kStripScales; }
};

// Which strip a block's `turn`th is. A gate and its up follow each other.
__device__ inline int stripOf(int turn, const Plan& plan) {
    return static_cast<int>(blockIdx.x) + (turn & 1) * plan.nextStrip + (turn >> 1) * plan.nextStrips;
}

// Starts copying a piece, from `tile` on, of `count` strips, the one given and the next of the block; `tiles` are left of the warp's.
template <bool bulk, int bits, bool symmetric, int parts, bool single>
__device__ void ask(int strip, int count, int tile, int tiles, const PackedArguments& w, const Plan& plan,
                    const Slot<bits, symmetric, parts, single>& slot, CopyBarrier* barrier, int lane) {
    using Piece = Slot<bits, symmetric, parts, single>;
    constexpr int kTileWords = static_cast<int>(wordsOfTile(bits));
    if constexpr (Piece::strips == 1) count = 1;
    const int words = min(tiles, 2 * Piece::kPairs) * kTileWords;
    const auto wordsOf = [&](int s) {
        return w.words + static_cast<std::int64_t>((strip + s * plan.nextStrip) * w.tiles + tile) * kTileWords;
    };
    if constexpr (bulk) {
        if (isChosenLane()) {
            expectBytes(barrier, count * words * 4);
            bulkCopy(slot.words(0), wordsOf(0), words * 4, barrier);
            if (Piece::strips == 2 && count == 2) bulkCopy(slot.words(1), wordsOf(1), words * 4, barrier);
        }
    } else {
#pragma unroll
        for (int s = 0; s < Piece::strips; ++s) {
            if (s > 0 && count == 1) break;
            copyAsyncOnceByWarp<Piece::kStripWords / 128>(slot.words(s), wordsOf(s), words * 4, lane);
        }
    }
    constexpr int kLanes = Piece::kPairs * parts * 2;  // that bring a strip's scales
    static_assert(Piece::strips <= 2 && Piece::strips * kLanes <= 32);
    const int s = Piece::strips == 2 ? lane / kLanes : 0;
    if (Piece::strips == 2 ? s < count : lane < kLanes)
        askGrids<symmetric, parts>(w, strip + s * plan.nextStrip, tile, slot.scales(s), slot.zeros(s), lane % kLanes);
    arriveAfterCopies(barrier);
}

// This block's part of what is read next, a line a thread.
__device__ inline void askAhead(const ComingWeights& coming) {
    const std::size_t at = (static_cast<std::size_t>(blockIdx.x) * kLinesAhead + threadIdx.x) * 128;
    if (threadIdx.x < kLinesAhead && at < coming.bytes) prefetchToL2(coming.data + at);
}

// One token's warps without the copy engine have a multiprocessor to themselves (an older card's shared memory), and its registers.
template <int bits, class T, bool symmetric, int parts, bool single, bool bulk>
__global__ void __launch_bounds__(kMostWarps * 32, single && !bulk ? 1 : 2)
    packedDecodeKernel(const PackedArguments w, const ProductInput in, const ProductOutput out, const Plan plan,
                       const ComingWeights coming) {
    if constexpr (bulk && !kHasCopyEngine) return;  // is never launched
    extern __shared__ __align__(128) unsigned char shared[];
    using Piece = Slot<bits, symmetric, parts, single>;
    constexpr int together = Piece::strips;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = __shfl_sync(kAllLanes, static_cast<int>(threadIdx.x) / 32, 0);  // known to be the warp's
    const int warps = static_cast<int>(blockDim.x) / 32, block = static_cast<int>(blockIdx.x);
    const int strips = (plan.units + (block < plan.moreUnits ? 1 : 0)) << (out.gated ? 1 : 0);
    const int pairs = (w.tiles + 1) / 2, first = warp * plan.pairs + min(warp, plan.morePairs),
              last = first + plan.pairs + (warp < plan.morePairs ? 1 : 0);
    // In shared memory: barriers, rings, one token's inputs up to a whole pair and their sums, or the warps' places to exchange
    // several tokens' inputs, sums of the warps.
    auto* const barriers = reinterpret_cast<CopyBarrier*>(shared) + warp * plan.slots;
    unsigned char* rest = shared + (warps * plan.slots * 8 + 127) / 128 * 128;
    unsigned char* const ring = rest + warp * plan.slots * Piece::kBytes;
    rest += warps * plan.slots * Piece::kBytes;
    T* const staged = reinterpret_cast<T*>(rest);
    if constexpr (single) rest += pairs * kPairColumns * 2;
    float* const offsets = reinterpret_cast<float*>(rest);
    if constexpr (single) rest += offsetBytes(pairs, parts);
    auto* const exchange = reinterpret_cast<uint4*>(rest + warp * kExchangeBytes);
    if constexpr (!single) rest += warps * kExchangeBytes;
    float* const partial = reinterpret_cast<float*>(rest);

    if (lane < plan.slots) beginBarrier(barriers + lane, bulk ? 33 : 32);
    showBarriersToCopies();
    __syncwarp();
    if (plan.early) letNextStart();
    const int lastTile = min(last * 2, w.tiles);
    int comingTurn = first < last ? 0 : strips, comingStrip = block, comingTile = first * 2;
    const auto askNext = [&](int slot) {
        if (comingTurn >= strips) return;
        ask<bulk>(comingStrip, min(together, strips - comingTurn), comingTile, lastTile - comingTile, w, plan,
                  Piece{ring + slot * Piece::kBytes}, barriers + slot, lane);
        comingTile += 2 * Piece::kPairs;
        if (comingTile < lastTile) return;
        comingTile = first * 2;
        if constexpr (together == 2) comingStrip += plan.nextStrips;
        else comingStrip += comingTurn % 2 == 0 ? plan.nextStrip : plan.nextStrips - plan.nextStrip;
        comingTurn += together;
    };
    for (int slot = 0; slot < plan.firstSlots; ++slot) askNext(slot);
    const auto askOthers = [&] {
        for (int slot = plan.firstSlots; slot < plan.slots; ++slot) askNext(slot);
    };

    const T* x = nullptr;  // of the one token, from this lane's inputs on; or of token lane / 4
    if constexpr (single) {
        x = staged + lane % 4 * 8;
        if (in.norm) {
            NormedInputs inputs;
            inputs.prefetch(in, w.columns, first, last, lane);
            waitForPrevious();
            if (!plan.early) letNextStart();
            inputs.template stage<bits, T, symmetric, parts>(in, w.columns, first, last, lane, staged, offsets,
                                                             askOthers);
        } else {
            waitForPrevious();
            if (!plan.early) letNextStart();
            stageInputs<bits, T, symmetric, parts>(in, w.columns, first, last, lane, staged, offsets, askOthers);
        }
    } else {
        waitForPrevious();
        if (!plan.early) letNextStart();
        askOthers();
        if (lane / 4 < in.tokens) x = static_cast<const T*>(in.x) + lane / 4 * in.stride;
    }

    int slot = 0, batchBegin = 0;
    unsigned parity = 0;
    for (int turn = 0; turn < strips; turn += together) {
        float totals[together][single ? 2 : 4] = {};
        const bool whole = turn + together <= strips;
        for (int begin = first; begin < last; begin += Piece::kPairs) {
            const Piece piece{ring + slot * Piece::kBytes};
            const auto multiply = [&]<int count>(int p) {
                const int column = (begin + p) * kPairColumns;
                uint4 inputs[4];
                if constexpr (single) {
#pragma unroll
                    for (int h = 0; h < 4; ++h) inputs[h] = *reinterpret_cast<const uint4*>(x + column + h * 32);
                } else {
                    readInputs(inputs, x, column, w.columns, lane);
                    exchangeInputs(inputs, exchange, lane);
                }
                multiplyPair<bits, T, symmetric, parts, single, count>(
                    totals, piece.words(0) + p * Piece::kPairWords, Piece::kStripWords,
                    piece.scales(0) + p * parts * 16, piece.zeros(0) + p * parts * 16, Piece::kStripScales, inputs,
                    offsets + (begin + p) * parts, lane);
            };
            const auto multiplyAll = [&]<int count>() {
                if constexpr (single && bits > 2 && Piece::kPairs == 2 && parts == 1) {
                    if (begin + 1 < last) {
                        // Without a branch between them the reads of one pair overlap the products of the other. 2 bits have two
                        // strips for that; parts that are scaled apart have no registers for it. The statement keeps the compiler
                        // from making one code of the first pair of both ways, with the branch behind it again.
                        asm volatile("// two pairs");
                        multiply.template operator()<count>(0);
                        multiply.template operator()<count>(1);
                        return;
                    }
                }
#pragma unroll
                for (int p = 0; p < Piece::kPairs; ++p) {
                    if (p > 0 && begin + p >= last) break;
                    multiply.template operator()<count>(p);
                }
            };
            awaitBarrier(barriers + slot, parity);
            if (whole) multiplyAll.template operator()<together>();
            else multiplyAll.template operator()<1>();
            __syncwarp();
            askNext(slot);
            if (++slot == plan.slots) {
                slot = 0;
                parity ^= 1;
            }
        }
#pragma unroll
        for (int s = 0; s < together; ++s) {
            if (s > 0 && !whole) break;
            if constexpr (single)
                putColumn<bits, T>(partial + ((turn + s - batchBegin) * warps + warp) * 16, totals[s]);
            else putPartial(partial, turn + s - batchBegin, 0, totals[s], in.tokens);
        }
        const int done = min(turn + together, strips);
        if (done - batchBegin < plan.batch && done < strips) continue;
        finish<T, single>(partial, out, in.tokens, batchBegin, done - batchBegin,
                          [&](int t) { return stripOf(t, plan); });
        batchBegin = done;
        if (batchBegin < strips) __syncthreads();
    }
    if constexpr (single && !bulk) askAhead(coming);
}

// A plan for a shape, and the shared memory that it takes; none where that is more than there is.
struct PlannedLaunch {
    Plan plan;
    int blocks;
    std::size_t sharedBytes;
};
// What a slot of a ring holds: pairs of each of so many strips, and the bytes of all.
struct PieceSize {
    int pairs, strips;
    std::size_t bytes;
};
std::optional<PlannedLaunch> planned(const PackedArguments& w, const ProductInput& in, bool gated, int warps,
                                     int mostSlots, int mostBlocks, const PieceSize& piece, int parts,
                                     std::size_t limit) {
    constexpr int kPartialBytes = 24 << 10;
    constexpr std::int64_t kLarge = 2 << 20;  // weights: what takes longer than the start of a kernel
    const int perUnit = gated ? 2 : 1, units = w.rows / 16 / perUnit, perBatch = 2;
    const int blocks = std::min(units, mostBlocks);
    const int mostStrips = (units + blocks - 1) / blocks * perUnit;
    const int fitting = kPartialBytes / static_cast<int>(partialBytes(warps, perBatch, in.tokens)) * perBatch;
    const bool large = static_cast<std::int64_t>(w.rows) * w.columns >= kLarge;
    const int pairs = (w.tiles + 1) / 2;
    const int pieces = ((pairs + warps - 1) / warps + piece.pairs - 1) / piece.pairs *
                       ((mostStrips + piece.strips - 1) / piece.strips);
    const int slots = std::min(mostSlots, pieces);  // of a warp that has all its pieces on their way
    const Plan plan{.slots = slots,
                    .firstSlots = 0,
                    .batch = std::min(std::max(fitting, perBatch), mostStrips),
                    .early = large,
                    .units = units / blocks,
                    .moreUnits = units % blocks,
                    .pairs = pairs / warps,
                    .morePairs = pairs % warps,
                    .nextStrip = gated ? w.rows / 32 : blocks,
                    .nextStrips = gated ? blocks : 2 * blocks};
    const auto rings = static_cast<std::size_t>(warps * slots);
    std::size_t bytes = (rings * sizeof(CopyBarrier) + 127) / 128 * 128 + rings * piece.bytes +
                        partialBytes(warps, plan.batch, in.tokens);
    bytes += in.tokens == 1 ? static_cast<std::size_t>(pairs * kPairColumns * 2 + offsetBytes(pairs, parts))
                            : static_cast<std::size_t>(warps * kExchangeBytes);
    if (bytes > limit || (in.norm && w.columns > warps * kNormPieces * kPairColumns)) return {};
    return PlannedLaunch{plan, blocks, bytes};
}

// How many pieces a warp asks for while it waits for the kernel before. What is asked for before one token's inputs, which all warps
// wait for, comes before them: so not the whole ring, but what comes anyway until then, as measured on an H100.
int firstSlots(int slots, const PackedArguments& w) {
    return std::min(slots, std::max(slots / 2, 1) + (w.columns > w.rows ? 1 : 0));
}

template <int bits, class T, bool symmetric, int parts, bool single>
bool launchDecode(const CudaContext& context, const PackedArguments& w, const ProductInput& in,
                  const ProductOutput& out, const ComingWeights& coming, const DecodeShape& wanted) {
    using Piece = Slot<bits, symmetric, parts, single>;
    constexpr PieceSize kPiece{Piece::kPairs, Piece::strips, Piece::kBytes};
    constexpr std::size_t kReserve = 1024;  // what the driver and reductions keep of a block's shared memory
    for (int warps = wanted.warps; warps > 0; warps /= 2) {
        for (int slots = std::clamp(wanted.ringBytes / Piece::kBytes / wanted.warps, 1, 32); slots > 0; --slots) {
            auto launch = planned(w, in, out.gated, warps, slots, wanted.blocks * wanted.warps / warps, kPiece, parts,
                                  context.limits().sharedBytes - kReserve);
            if (!launch) continue;
            if (context.limits().chainsKernels()) {
                launch->plan.firstSlots =
                    single && launch->plan.early ? firstSlots(launch->plan.slots, w) : launch->plan.slots;
            }
            // Where kernels of different kinds overlap, a multiprocessor that is free early would take two blocks and another
            // none, as half of them are free while a step attends. More than half of the shared memory keeps a kernel's blocks
            // apart, of which a step's products with a norm or a residual ask: a step of 3 bits takes a tenth less so.
            if ((in.norm || out.accumulate) && launch->plan.early && context.limits().chainsKernels())
                launch->sharedBytes = std::max(
                    launch->sharedBytes,
                    std::min(context.properties().sharedMemPerMultiprocessor / 2, context.limits().sharedBytes));
            // A small product is over before memory answers, so nothing is gained behind it.
            const ComingWeights ahead = launch->plan.early ? coming : ComingWeights{};
            const auto launchKernel = [&]<bool bulk>() {
                launchChained(context, packedDecodeKernel<bits, T, symmetric, parts, single, bulk>,
                              static_cast<unsigned>(launch->blocks), static_cast<unsigned>(warps) * 32,
                              launch->sharedBytes, w, in, out, launch->plan, ahead);
            };
            if (context.limits().chainsKernels()) launchKernel.template operator()<true>();
            else launchKernel.template operator()<false>();
            return true;
        }
    }
    return false;
}

DecodeShape decodeShape(std::int64_t rows, std::int64_t columns, std::int64_t tokens, int bits, int multiprocessors) {
    // As measured on an H100. One token: half a multiprocessor's warps and at most half its shared memory, so that the next
    // kernel's weights are asked for meanwhile. Several: two pieces a warp in flight.
    if (tokens > 1) {
        const int warps = tilesAcross(columns) <= 64 ? 8 : kMostWarps;
        return {warps, warps * 2 * (bits + 1) * 1024, multiprocessors * kMostWarps / warps};
    }
    const auto pairs = static_cast<int>((tilesAcross(columns) + 1) / 2);
    // Of 3 bits 80 KB are three pieces a warp, 60 two, which a few strips a block want.
    const std::int64_t strips = rows / kTileRows;
    const bool fewStrips = strips > 2 * multiprocessors && strips <= 8 * multiprocessors;
    const int ringKilobytes = bits == 8 ? 140 : bits == 4 ? 102 : bits == 3 && fewStrips ? 60 : 80;
    return {std::min(pairs, kMostWarps), ringKilobytes << 10, multiprocessors};
}

}  // namespace

bool packedDecode(const CudaContext& context, const DecodeProduct& product) {
    const PackedWeight& weight = product.weight;
    const ProductInput& in = product.in;
    const PackedArguments w = packedArguments(weight);
    if (w.groupColumns % 32 != 0)
        return packedOddGroups(context, w, in, product.out, weight.scheme.bits, product.activations);
    if (in.tokens > kMostTokens) return false;
    const DecodeShape shape = decodeShape(weight.rows, weight.columns, in.tokens, weight.scheme.bits,
                                          context.properties().multiProcessorCount);
    bool launched = true;
    withScheme(w, weight.scheme, product.activations, [&]<int bits, class T, bool symmetric, int parts>() {
        launched =
            in.tokens == 1
                ? launchDecode<bits, T, symmetric, parts, true>(context, w, in, product.out, product.coming, shape)
                : launchDecode<bits, T, symmetric, parts, false>(context, w, in, product.out, product.coming, shape);
    });
    return launched;
}

}  // namespace gptq
