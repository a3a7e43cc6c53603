// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a block and a warp of it do for one product of a chain (packed_chain.cu): ask for weights, take inputs from the product before,
// multiply, and hand outputs on.
#pragma once

#include "kernels/cuda/decode_inputs.cuh"
#include "kernels/cuda/decode_pair.cuh"
#include "kernels/cuda/mail.cuh"
#include "kernels/cuda/packed_chain.cuh"
#include "kernels/cuda/packed_piece.cuh"

namespace gptq {

inline constexpr int kChainWarps = 12;   // that multiply
inline constexpr int kChainAskers = 4;   // and behind them those that ask for weights
inline constexpr int kLetterCopies = 4;  // of each letter: a warp's lanes have every output four times

struct ChainLink {
    PackedArguments w;
    ProductInput in;
    ProductOutput out;
    const Letter* from;    // null: x lies in memory
    Letter* to;            // null: nobody waits for the outputs
    int pairs;             // of tiles, that a strip consists of
    int units, moreUnits;  // of a block: strips, or a gate and its up; so many blocks have one more
    int stripBytes;
    int weightsAt;    // where they lie in shared memory
    int normAt;       // and the norm's weights, of all pairs
    float perColumn;  // 1 / columns
};

struct alignas(16) Chain {
    ChainLink links[kMostChained];
    int count;
    int copyLetters;                                              // from copy to copy of the letters
    int stagedAt, offsetsAt, magnitudesAt, partialAt, squaresAt;  // in shared memory
    int partialFloats;                                            // a product's; two take turns
    unsigned* launches;                                           // before this one, of each block
    bool chained;                                                 // to a kernel that may still run
};

// What a strip takes of shared memory.
template <int bits, bool symmetric, int parts>
inline constexpr int kPairBytes = 2 * static_cast<int>(wordsOfTile(bits)) * 4 + parts * 16 * (symmetric ? 2 : 3);

// Of a kernel's arguments, which lie in global memory as well, the i-th 16 bytes.
__device__ inline uint4 readArguments(const Chain& arguments, int i) {
    uint4 part;
    asm volatile("ld.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(part.x), "=r"(part.y), "=r"(part.z), "=r"(part.w)
                 : "l"(reinterpret_cast<const uint4*>(&arguments) + i));
    return part;
}

// number + 1, computed where it is written: anywhere before, a warp would wait for the number there.
__device__ inline unsigned plusOne(unsigned number) {
    unsigned sum;
    asm volatile("add.u32 %0, %1, 1;" : "=r"(sum) : "r"(number));
    return sum;
}

// The warps that multiply meet, without those that ask.
__device__ inline void meet() {
    asm volatile("bar.sync 1, %0;" ::"n"(kChainWarps * 32) : "memory");
}

// The largest magnitude of a warp's numbers, as a power of two that is not above it, or zero.
__device__ inline float magnitudeOf(const float4& v) {
    const float largest = fmaxf(fmaxf(fabsf(v.x), fabsf(v.y)), fmaxf(fabsf(v.z), fabsf(v.w)));
#if __CUDA_ARCH__ >= 800
    const unsigned bits = __reduce_max_sync(kAllLanes, __float_as_uint(largest));
#else
    const unsigned bits = __float_as_uint(warpMax(largest));
#endif
    return __uint_as_float(min(bits, 0x7f000000u) & 0x7f800000u);
}
// Its reciprocal; large where it is zero.
__device__ inline float reciprocalOf(float powerOfTwo) {
    return __uint_as_float(0x7f000000u - __float_as_uint(powerOfTwo));
}

// One block's and warp's part of a chain.
template <int bits, class T, bool symmetric, int parts>
struct ChainPart {
    static constexpr int kPairWords = 2 * static_cast<int>(wordsOfTile(bits));

    const Chain& chain;
    unsigned char* shared;
    CopyBarrier* barriers;
    int lane, warp, block;
    unsigned number;

    __device__ int units(const ChainLink& link) const { return link.units + (block < link.moreUnits ? 1 : 0); }
    __device__ int perUnit(const ChainLink& link) const { return link.out.gated ? 2 : 1; }
    // A gate's, or of `of` 1 its up's.
    __device__ int stripOf(const ChainLink& link, int unit, int of) const {
        return block + unit * static_cast<int>(gridDim.x) + of * (link.w.rows / 32);
    }
    // A strip of the block's: words [tile], scales and zeros [pair][scaled part][row].
    __device__ std::uint32_t* words(const ChainLink& link, int turn) const {
        return reinterpret_cast<std::uint32_t*>(shared + link.weightsAt + turn * link.stripBytes);
    }
    __device__ Half* scales(const ChainLink& link, int turn) const {
        return reinterpret_cast<Half*>(words(link, turn) + link.pairs * kPairWords);
    }
    __device__ std::uint8_t* zeros(const ChainLink& link, int turn) const {
        return reinterpret_cast<std::uint8_t*>(scales(link, turn) + link.pairs * parts * 16);
    }
    __device__ T* staged(int pair) const { return reinterpret_cast<T*>(shared + chain.stagedAt) + pair * kPairColumns; }
    __device__ float* offsets(int pair) const {
        return reinterpret_cast<float*>(shared + chain.offsetsAt) + pair * parts;
    }
    __device__ float& magnitude(int pair) const { return reinterpret_cast<float*>(shared + chain.magnitudesAt)[pair]; }
    __device__ float* norm(const ChainLink& link, int pair) const {
        return reinterpret_cast<float*>(shared + link.normAt) + pair * kPairColumns;
    }
    __device__ float* partial(int nth, int turn, int ofWarp) const {
        return reinterpret_cast<float*>(shared + chain.partialAt) + nth % 2 * chain.partialFloats +
               (turn * kChainWarps + ofWarp) * 16;
    }
    __device__ float* squares(int nth) const {
        return reinterpret_cast<float*>(shared + chain.squaresAt) + nth % 2 * kChainWarps * 32;
    }

    // Starts copying all of the block's weights of a link, strip by strip, and its norm's: 16 bytes a thread of those that ask.
    __device__ void ask(const ChainLink& link, CopyBarrier* barrier) const {
        constexpr int kTogether = kChainAskers * 32;
        const int thread = static_cast<int>(threadIdx.x) - kChainWarps * 32;
        const int stripWords = link.w.tiles * static_cast<int>(wordsOfTile(bits)), grids = link.pairs * parts * 2;
        const int strips = units(link) * perUnit(link);
#pragma unroll 1
        for (int turn = 0; turn < strips; ++turn) {
            const int strip = link.out.gated ? stripOf(link, turn / 2, turn % 2) : stripOf(link, turn, 0);
            const std::uint32_t* const from = link.w.words + static_cast<std::int64_t>(strip) * stripWords;
            std::uint32_t* const to = words(link, turn);
#pragma unroll 1
            for (int i = thread * 4; i < stripWords; i += kTogether * 4) copyAsyncOnce(to + i, from + i);
#pragma unroll 1
            for (int i = thread; i < grids; i += kTogether)
                askGrids<symmetric, parts>(link.w, strip, 0, scales(link, turn), zeros(link, turn), i);
        }
        if (link.in.norm && strips > 0) {
#pragma unroll 1
            for (int i = thread * 4; i < link.w.columns; i += kTogether * 4)
                copyAsync<16>(norm(link, 0) + i, link.in.norm + i);
        }
        arriveAfterCopies(barrier);
    }

    __device__ const Letter* lettersFrom(const ChainLink& link) const {
        return link.from + block % kLetterCopies * chain.copyLetters;
    }
    // Four neighbours a lane of a pair of the link's inputs, of the activation type, where they are letters.
    __device__ uint2 inputs(const ChainLink& link, int column) const {
        const Letter* const from = lettersFrom(link) + column / 2;
        TwoLetters two;
        do two.read(from);
        while (!two.areOf(number));
        return two.contents();
    }
    // The same of a residual stream.
    __device__ float4 residual(const ChainLink& link, int column) const {
        const Letter* const from = lettersFrom(link) + column;
        TwoLetters low, high;
        do {
            low.read(from);
            high.read(from + 2);
        } while (!low.areOf(number) || !high.areOf(number));
        return {__uint_as_float(low.contents().x), __uint_as_float(low.contents().y),
                __uint_as_float(high.contents().x), __uint_as_float(high.contents().y)};
    }

    // The warp's inputs of a link, zeros behind the last. Of a norm's, times its weights, the size is put off until outputs are made: the
    // warp makes its own as large as the activation type likes them, by a power of two, and leaves its share of the squares. early: those
    // that lie in memory.
    __device__ void stage(const ChainLink& link, int l, int nth, const uint2& early) const {
        float sum = 0;
        for (int pair = warp; pair < link.pairs; pair += kChainWarps) {
            const int column = pair * kPairColumns + lane * 4;
            const bool there = column < link.w.columns;
            uint2 words{};
            if (link.in.norm) {
                float4 v{}, g{};
                if (there) v = residual(link, column);
                sum += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
                awaitBarrier(barriers + l, 0);
                if (there) g = *reinterpret_cast<const float4*>(norm(link, pair) + lane * 4);
                const float4 weighted{v.x * g.x, v.y * g.y, v.z * g.z, v.w * g.w};
                __syncwarp();
                const float size = magnitudeOf(weighted), f = reciprocalOf(size);
                if (lane == 0) magnitude(pair) = size;
                words = {packPair<T>(weighted.x * f, weighted.y * f), packPair<T>(weighted.z * f, weighted.w * f)};
            } else if (link.from) {
                if (there) words = inputs(link, column);
            } else if (pair == warp) {
                words = early;
            } else if (there) {
                words = inputsInMemory(link, column);
            }
            __syncwarp();
            putFour<bits, T, symmetric, parts>(words, staged(pair) + lane / 8 * 32, offsets(pair), lane);
        }
        __syncwarp();
        if (link.in.norm) squares(nth)[warp * 32 + lane] = sum;
    }
    // What was put off: 1 / sqrt(mean square + epsilon).
    __device__ float normFactor(const ChainLink& link, int nth) const {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < kChainWarps / 4; ++i) {
            const float4 four = reinterpret_cast<const float4*>(squares(nth))[i * 32 + lane];
            sum += (four.x + four.y) + (four.z + four.w);
        }
        return rsqrtf(warpSum(sum) * link.perColumn + link.in.epsilon);
    }

    // The warp's part of all the block's strips of a link, into its sums.
    __device__ void multiply(const ChainLink& link, int l, int nth) const {
        if (warp >= link.pairs) return;
        awaitBarrier(barriers + l, 0);
        const int strips = units(link) * perUnit(link);
#pragma unroll 1
        for (int turn = 0; turn < strips; ++turn) {
            float totals[2] = {};
#pragma unroll 1
            for (int pair = warp; pair < link.pairs; pair += kChainWarps) {
                const float size = link.in.norm ? magnitude(pair) : 1.0f;
                uint4 x[4];
#pragma unroll
                for (int h = 0; h < 4; ++h)
                    x[h] = *reinterpret_cast<const uint4*>(staged(pair) + h * 32 + lane % 4 * 8);
                float ofPair[1][2] = {};
                multiplyPair<bits, T, symmetric, parts, true, 1>(
                    ofPair, words(link, turn) + pair * kPairWords, 0, scales(link, turn) + pair * parts * 16,
                    zeros(link, turn) + pair * parts * 16, 0, x, offsets(pair), lane);
                totals[0] += ofPair[0][0] * size;
                totals[1] += ofPair[0][1] * size;
            }
            putColumn<bits, T>(partial(nth, turn, warp), totals);
        }
    }

    // Outputs, a warp a unit: lane t has rows 2 (t % 8) and the next of a strip, and of the warps' sums each fourth, or of a gate and its up
    // each second, the up's in the upper lanes.
    __device__ int row(const ChainLink& link) const {
        return stripOf(link, warp, link.out.gated ? lane / 16 : 0) * 16 + lane % 8 * 2;
    }
    // What is there already, where it is added to, and the bias.
    __device__ float2 before(const ChainLink& link) const {
        if (!link.out.accumulate || warp >= units(link)) return {};
        return *reinterpret_cast<const float2*>(static_cast<const float*>(link.out.y) + row(link));
    }
    __device__ float2 bias(const ChainLink& link) const {
        if (!link.out.bias || warp >= units(link)) return {};
        return *reinterpret_cast<const float2*>(link.out.bias + row(link));
    }
    __device__ void finish(const ChainLink& link, int nth, const float2& old, const float2& biases) const {
        if (warp >= units(link)) return;
        const int working = min(kChainWarps, link.pairs), shares = link.out.gated ? 2 : 4,
                  turn = link.out.gated ? warp * 2 + lane / 16 : warp;
        const float* const parted = partial(nth, turn, 0) + lane % 8 * 2;
        float2 sum{};
#pragma unroll
        for (int i = 0; i < kChainWarps / 2; ++i) {
            const int ofWarp = lane / 8 % shares + i * shares;
            if (ofWarp >= working) continue;
            const float2 part = *reinterpret_cast<const float2*>(parted + ofWarp * 16);
            sum.x += part.x;
            sum.y += part.y;
        }
        const float factor = link.in.norm ? normFactor(link, nth) : 1.0f;
        const auto plusOther = [&](int step) {
            sum.x += __shfl_xor_sync(kAllLanes, sum.x, step);
            sum.y += __shfl_xor_sync(kAllLanes, sum.y, step);
        };
        plusOther(8);
        if (!link.out.gated) plusOther(16);
        sum = {sum.x * factor + biases.x, sum.y * factor + biases.y};
        if (link.out.gated) {
            const float2 up{__shfl_xor_sync(kAllLanes, sum.x, 16), __shfl_xor_sync(kAllLanes, sum.y, 16)};
            sum = {siluGated(sum.x, up.x), siluGated(sum.y, up.y)};
        }
        const float2 value{old.x + sum.x, old.y + sum.y};
        // Lanes that have the outputs: all, or of a gate and its up the lower ones.
        const int at = row(link), copies = link.out.gated ? 2 : kLetterCopies;
        const bool has = !link.out.gated || lane < 16;
        if (link.to && has) {
            for (int copy = lane / 8; copy < kLetterCopies; copy += copies) {
                Letter* const to = link.to + copy * chain.copyLetters;
                if (link.out.toFloat) postTwo(to + at, letterOf(value.x, number), letterOf(value.y, number));
                else post(to + at / 2, letterOf(packPair<T>(value.x, value.y), number));
            }
        }
        if (lane >= 8) return;
        if (link.out.toFloat) *reinterpret_cast<float2*>(static_cast<float*>(link.out.y) + at) = value;
        else *reinterpret_cast<std::uint32_t*>(static_cast<T*>(link.out.y) + at) = packPair<T>(value.x, value.y);
    }

    // What the first link's warp takes, and the number of the launch before this one; by the arguments, wherever they are.
    __device__ uint2 readFirst(const Chain& arguments) {
        number = arguments.launches[block];
        const ChainLink& link = arguments.links[0];
        const int column = warp * kPairColumns + lane * 4;
        return column < link.w.columns ? inputsInMemory(link, column) : uint2{};
    }
    __device__ uint2 inputsInMemory(const ChainLink& link, int column) const {
        return *reinterpret_cast<const uint2*>(static_cast<const T*>(link.in.x) + column);
    }
};

}  // namespace gptq
