// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of packed weights and 9 to 16 tokens: y[t, n] = sum over k of x[t, k] (q[n, k] - z[g, n]) s[g, n].
//
// As packed_decode.cu: weights are the A operand of mma.m16n8k16, tokens two times its eight columns; a block makes strip after
// strip of 16 outputs, its warps share out the inputs, each with a ring of pieces in shared memory. Here two strips are multiplied
// at once, which share the reads of so many inputs, where they lie, and their change to fragments. Weights are code minus zero, exact,
// until their sums are scaled.
//
//     strip 0   | pair pair | pair pair |         a warp's piece: its pairs of both strips, 32 outputs by 128 inputs a pair
//     strip 1   | pair pair | pair pair |
//                 warp 0      warp 1
//
// Bound: memory, rows * columns * bits / 8 bytes, and the inputs' way from L2; measured as an sm_86 on an H100 46 % of a
// copy's bandwidth (16 tokens, 12288 x 4096: 19.5 us). Hopper has a kernel of its own, packed_hopper_few.cu.
#include <algorithm>
#include <optional>

#include "kernels/cuda/dequant.cuh"
#include "kernels/cuda/lane_columns.cuh"
#include "kernels/cuda/packed_decode.cuh"
#include "kernels/cuda/packed_piece.cuh"
#include "kernels/cuda/packed_wide.cuh"
#include "kernels/cuda/partial_sums.cuh"
#include "kernels/cuda/with_scheme.cuh"

namespace gptq {
namespace {

constexpr int kMostWarps = 16;

constexpr int kSlots = 2;  // pieces that a warp has in flight
constexpr int kPieceTiles = 8;

// How shared memory is used, and how often warps meet.
struct Plan {
    int slots;  // of a ring
    int batch;  // strips between two meetings
    bool bulk;  // words come by the copy engine
};

// A slot of a ring: the words of a piece, [strip][pair]; scales and zeros [strip][pair][scaled part of it][row], as many parts as
// are scaled apart.
template <int bits, bool symmetric, int parts, int strips>
struct Slot {
    static constexpr int kPairs = kPieceTiles / 2 / strips;  // of each strip
    static constexpr int kTileWords = static_cast<int>(wordsOfTile(bits));
    static constexpr int kWordBytes = kPieceTiles * kTileWords * 4;
    static constexpr int kScaleBytes = kPieceTiles / 2 * parts * 32;
    static constexpr int kBytes = kWordBytes + kScaleBytes + (symmetric ? 0 : kScaleBytes / 2);

    unsigned char* at;
    __device__ std::uint32_t* words(int strip, int pair) const {
        return reinterpret_cast<std::uint32_t*>(at) + (strip * kPairs + pair) * 2 * kTileWords;
    }
    __device__ Half* scales(int strip, int pair) const {
        return reinterpret_cast<Half*>(at + kWordBytes) + (strip * kPairs + pair) * parts * 16;
    }
    __device__ std::uint8_t* zeros(int strip, int pair) const {
        return at + kWordBytes + kScaleBytes + (strip * kPairs + pair) * parts * 16;
    }
};

// Which strip a block's `turn`th is. Strips that go together, as a gate and its up or as two that are read at once, follow each
// other.
template <int strips>
__device__ int stripOf(int turn, const PackedArguments& w, bool gated) {
    const bool paired = gated || strips == 2;
    const int unit = static_cast<int>(blockIdx.x) + (paired ? turn / 2 : turn) * static_cast<int>(gridDim.x);
    if (gated) return unit + turn % 2 * (w.rows / 32);
    return paired ? unit * 2 + turn % 2 : unit;
}

// A warp's stream: its run of pairs of the block's strips, one or two at a time.
template <int strips>
struct Stream {
    int first, last;  // pairs of the run
    int turn;         // where it stands: the block's strip, the first of two, and pair
    int pair;

    __device__ Stream(int warp, int warps, const PackedArguments& w) : turn(0) {
        const int pairs = (w.tiles + 1) / 2;
        first = pair = pairs * warp / warps;
        last = pairs * (warp + 1) / warps;
    }
    __device__ void next(int pairs) {
        pair += pairs;
        if (pair < last) return;
        pair = first;
        turn += strips;
    }
};

// Starts copying the piece at which the stream stands.
template <int bits, bool symmetric, int parts, int strips>
__device__ void ask(const Stream<strips>& at, const PackedArguments& w, bool gated, bool bulk,
                    const Slot<bits, symmetric, parts, strips>& slot, CopyBarrier* barrier, int lane) {
    using Piece = Slot<bits, symmetric, parts, strips>;
    const int pairs = min(Piece::kPairs, at.last - at.pair), tiles = min(pairs * 2, w.tiles - at.pair * 2);
    if (bulk && lane == 0) expectBytes(barrier, strips * tiles * Piece::kTileWords * 4);
#pragma unroll
    for (int s = 0; s < strips; ++s) {
        const int strip = stripOf<strips>(at.turn + s, w, gated);
        const std::uint32_t* words =
            w.words + static_cast<std::int64_t>(strip * w.tiles + at.pair * 2) * Piece::kTileWords;
        if (bulk) {
            if (lane == 0) bulkCopy(slot.words(s, 0), words, tiles * Piece::kTileWords * 4, barrier);
        } else {
#pragma unroll
            for (int i = 0; i < Piece::kPairs * 2 * Piece::kTileWords; i += 128) {
                const int word = i + lane * 4;
                if (word < tiles * Piece::kTileWords) copyAsyncOnce(slot.words(s, 0) + word, words + word);
            }
        }
        if (lane < Piece::kPairs * parts * 2)
            askGrids<symmetric, parts>(w, strip, at.pair * 2, slot.scales(s, 0), slot.zeros(s, 0), lane);
    }
    arriveAfterCopies(barrier);
}

// One pair of tiles times the lane's inputs, added to totals: rows lane / 4 and lane / 4 + 8, tokens 2 (lane % 4) and the next of
// each tile of eight tokens.
template <int bits, class T, bool symmetric, int parts, int tokenTiles>
__device__ void multiplyPair(float (&totals)[tokenTiles][4], const std::uint32_t* words, const Half* scales,
                             const std::uint8_t* zeros, const uint4 (&inputs)[tokenTiles][4], int lane) {
    FragmentC sums[tokenTiles][2];  // two chains, so that one product need not wait for the other
    PairOf<T> zeroLow = zeroFor<bits, T>(1 << (bits - 1)), zeroHigh = zeroLow;
    const auto half = [&]<int h>(const LaneWords<bits>& lanes) {
        if constexpr (!symmetric && h % (4 / parts) == 0) {
            zeroLow = zeroFor<bits, T>(zeros[h / (4 / parts) * 16 + lane / 4]);
            zeroHigh = zeroFor<bits, T>(zeros[h / (4 / parts) * 16 + lane / 4 + 8]);
        }
        const FragmentA first = weightFragment<bits, h % 2 * 2, T>(lanes, zeroLow, zeroHigh),
                        second = weightFragment<bits, h % 2 * 2 + 1, T>(lanes, zeroLow, zeroHigh);
#pragma unroll
        for (int n = 0; n < tokenTiles; ++n) {
            multiplyAdd(sums[n][0], first, FragmentB{{inputs[n][h].x, inputs[n][h].y}}, T{});
            multiplyAdd(sums[n][1], second, FragmentB{{inputs[n][h].z, inputs[n][h].w}}, T{});
        }
        if constexpr ((h + 1) % (4 / parts) == 0) {
            const Half* scale = scales + h / (4 / parts) * 16 + lane / 4;
            const float low = __half2float(scale[0]), high = __half2float(scale[8]);
#pragma unroll
            for (int n = 0; n < tokenTiles; ++n) {
#pragma unroll
                for (int i = 0; i < 4; ++i) totals[n][i] += (sums[n][0].x[i] + sums[n][1].x[i]) * (i < 2 ? low : high);
                sums[n][0] = {};
                sums[n][1] = {};
            }
        }
    };
    LaneWords<bits> first, second;
    first.read(words, lane);
    second.read(words + wordsOfTile(bits), lane);
    half.template operator()<0>(first);
    half.template operator()<1>(first);
    half.template operator()<2>(second);
    half.template operator()<3>(second);
}

template <int bits, class T, bool symmetric, int parts>
__global__ void __launch_bounds__(kMostWarps * 32, 1)
    packedWideKernel(const PackedArguments w, const ProductInput in, const ProductOutput out, const Plan plan) {
    extern __shared__ __align__(128) unsigned char shared[];
    constexpr int together = 2, tokenTiles = 2;
    using Piece = Slot<bits, symmetric, parts, together>;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const int warp = __shfl_sync(kAllLanes, static_cast<int>(threadIdx.x) / 32, 0);  // known to be the warp's
    const int warps = static_cast<int>(blockDim.x) / 32, perUnit = 2;
    const int strips = (w.rows / (16 * perUnit) - static_cast<int>(blockIdx.x) + static_cast<int>(gridDim.x) - 1) /
                       static_cast<int>(gridDim.x) * perUnit;
    // In shared memory: barriers, rings, places to exchange inputs, sums.
    auto* const barriers = reinterpret_cast<CopyBarrier*>(shared) + warp * plan.slots;
    unsigned char* rest = shared + (warps * plan.slots * 8 + 127) / 128 * 128;
    unsigned char* const ring = rest + warp * plan.slots * Piece::kBytes;
    rest += warps * plan.slots * Piece::kBytes;
    auto* const exchange = reinterpret_cast<uint4*>(rest + warp * kExchangeBytes);
    rest += warps * kExchangeBytes;
    float* const partial = reinterpret_cast<float*>(rest);

    if (lane < plan.slots) beginBarrier(barriers + lane, plan.bulk ? 33 : 32);
    showBarriersToCopies();
    __syncwarp();
    Stream<together> coming(warp, warps, w);
    const int first = coming.first, last = coming.last;
    const int toAsk = first < last ? strips : 0;
    const auto askNext = [&](int slot) {
        if (coming.turn >= toAsk) return;
        ask(coming, w, out.gated, plan.bulk, Piece{ring + slot * Piece::kBytes}, barriers + slot, lane);
        coming.next(Piece::kPairs);
    };
    for (int slot = 0; slot < plan.slots; ++slot) askNext(slot);

    waitForPrevious();
    letNextStart();
    const T* x[tokenTiles] = {};  // tokens lane / 4 and 8 more
#pragma unroll
    for (int n = 0; n < tokenTiles; ++n) {
        const int token = n * 8 + lane / 4;
        if (token < in.tokens) x[n] = static_cast<const T*>(in.x) + token * in.stride;
    }

    int slot = 0, batchBegin = 0;
    unsigned parity = 0;
    for (int turn = 0; turn < strips; turn += together) {
        float totals[together][tokenTiles][4] = {};
        for (int begin = first; begin < last; begin += Piece::kPairs) {
            const Piece piece{ring + slot * Piece::kBytes};
            awaitBarrier(barriers + slot, parity);
#pragma unroll
            for (int p = 0; p < Piece::kPairs; ++p) {
                if (begin + p >= last) break;
                const int column = (begin + p) * kPairColumns;
                uint4 inputs[tokenTiles][4];
#pragma unroll
                for (int n = 0; n < tokenTiles; ++n) readInputs(inputs[n], x[n], column, w.columns, lane);
#pragma unroll
                for (int n = 0; n < tokenTiles; ++n) exchangeInputs(inputs[n], exchange, lane);
#pragma unroll
                for (int s = 0; s < together; ++s)
                    multiplyPair<bits, T, symmetric, parts, tokenTiles>(
                        totals[s], piece.words(s, p), piece.scales(s, p), piece.zeros(s, p), inputs, lane);
            }
            __syncwarp();
            askNext(slot);
            if (++slot == plan.slots) {
                slot = 0;
                parity ^= 1;
            }
        }
#pragma unroll
        for (int s = 0; s < together; ++s) {
#pragma unroll
            for (int n = 0; n < tokenTiles; ++n)
                putPartial(partial, turn + s - batchBegin, n * 8, totals[s][n], in.tokens);
        }
        const int done = turn + together;
        if (done - batchBegin < plan.batch && done < strips) continue;
        finish<T, false>(partial, out, in.tokens, batchBegin, done - batchBegin,
                         [&](int t) { return stripOf<together>(t, w, out.gated); });
        batchBegin = done;
        if (batchBegin < strips) __syncthreads();
    }
}

// A plan for a shape, and the shared memory that it takes; none where that is more than there is.
struct PlannedLaunch {
    Plan plan;
    int warps;
    int blocks;
    std::size_t sharedBytes;
};
std::optional<PlannedLaunch> planned(const PackedArguments& w, const ProductInput& in, DecodeShape shape, int slots,
                                     std::size_t slotBytes, std::size_t limit) {
    constexpr int kPartialBytes = 24 << 10;
    const int perUnit = 2, units = w.rows / 16 / perUnit;
    const int blocks = std::min(units, shape.blocks);
    const int mostStrips = (units + blocks - 1) / blocks * perUnit;
    const int fitting = kPartialBytes / static_cast<int>(partialBytes(shape.warps, perUnit, in.tokens)) * perUnit;
    const Plan plan{.slots = slots, .batch = std::clamp(fitting, perUnit, mostStrips), .bulk = false};
    const auto rings = static_cast<std::size_t>(shape.warps * slots);
    const std::size_t bytes = (rings * sizeof(CopyBarrier) + 127) / 128 * 128 + rings * slotBytes +
                              static_cast<std::size_t>(shape.warps * kExchangeBytes) +
                              partialBytes(shape.warps, plan.batch, in.tokens);
    if (bytes > limit) return {};
    return PlannedLaunch{plan, shape.warps, blocks, bytes};
}

template <int bits, class T, bool symmetric, int parts>
bool launchWide(const CudaContext& context, const PackedArguments& w, const ProductInput& in, const ProductOutput& out,
                const DecodeShape& wanted) {
    constexpr std::size_t kSlotBytes = Slot<bits, symmetric, parts, 2>::kBytes;
    constexpr std::size_t kReserve = 1024;  // what the driver and reductions keep of a block's shared memory
    for (int warps = wanted.warps; warps > 0; warps /= 2) {
        for (int slots = kSlots; slots > 0; --slots) {
            auto launch = planned(w, in, {warps, 0, wanted.blocks * wanted.warps / warps}, slots, kSlotBytes,
                                  context.limits().sharedBytes - kReserve);
            if (!launch) continue;
            launch->plan.bulk = context.limits().chainsKernels();
            launchChained(context, packedWideKernel<bits, T, symmetric, parts>, static_cast<unsigned>(launch->blocks),
                          static_cast<unsigned>(warps) * 32, launch->sharedBytes, w, in, out, launch->plan);
            return true;
        }
    }
    return false;
}

}  // namespace

bool packedWide(const CudaContext& context, const PackedWeight& weight, const ProductInput& in,
                const ProductOutput& out, DType activations) {
    const PackedArguments w = packedArguments(weight);
    if (w.groupColumns % 32 != 0 || in.norm || in.tokens > kMostWideTokens) return false;
    // As measured on an H100: long strips want many warps to share out each; of short ones it depends on how many there are.
    const int multiprocessors = context.properties().multiProcessorCount;
    const std::int64_t strips = weight.rows / kTileRows;
    int warps = kMostWarps;
    if (tilesAcross(weight.columns) <= 64)
        warps = strips >= 8 * multiprocessors ? 8 : strips >= 4 * multiprocessors ? 4 : 16;
    const DecodeShape shape{warps, 0, multiprocessors * kMostWarps / warps};
    bool launched = false;
    withScheme(w, weight.scheme, activations, [&]<int bits, class T, bool symmetric, int parts>() {
        launched = launchWide<bits, T, symmetric, parts>(context, w, in, out, shape);
    });
    return launched;
}

}  // namespace gptq
