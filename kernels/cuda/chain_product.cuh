// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a block and a warp of it do for one product of a chain (packed_chain.cu): ask for weights, take inputs from the product before,
// multiply, and hand outputs on.
#pragma once

#include "kernels/cuda/chain.cuh"
#include "kernels/cuda/decode_inputs.cuh"
#include "kernels/cuda/decode_pair.cuh"
#include "kernels/cuda/packed_piece.cuh"

namespace gptq {

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

// One block's and warp's part of a product.
template <int bits, class T, bool symmetric, int parts>
struct ChainProduct : ChainPlace {
    static constexpr int kPairWords = 2 * static_cast<int>(wordsOfTile(bits));

    __device__ int units(const ChainLink& link) const { return link.units + (block < link.moreUnits ? 1 : 0); }
    __device__ int perUnit(const ChainLink& link) const { return link.out.gated ? 2 : 1; }
    // A gate's, or of `of` 1 its up's.
    __device__ int stripOf(const ChainLink& link, int unit, int of) const {
        return block + unit * static_cast<int>(gridDim.x) + of * (link.w.rows / 32);
    }
    __device__ int strips(const ChainLink& link) const { return units(link) * perUnit(link); }
    // Of the block's strips: words [strip][tile], behind them scales and zeros [strip][pair][scaled part][row].
    __device__ std::uint32_t* words(const ChainLink& link, int turn) const {
        return reinterpret_cast<std::uint32_t*>(ring(link.weightsAt)) + turn * link.pairs * kPairWords;
    }
    __device__ Half* scales(const ChainLink& link, int turn) const {
        return reinterpret_cast<Half*>(words(link, strips(link))) + turn * gridsOfStrip(link);
    }
    __device__ std::uint8_t* zeros(const ChainLink& link, int turn) const {
        return reinterpret_cast<std::uint8_t*>(scales(link, strips(link))) + turn * gridsOfStrip(link);
    }
    __device__ int gridsOfStrip(const ChainLink& link) const { return link.pairs * parts * 16; }
    __device__ T* staged(int pair) const { return reinterpret_cast<T*>(space.staged[pair]); }
    __device__ float* offsets(int pair) const { return space.offsets + pair * parts; }
    __device__ float* norm(const ChainLink& link, int pair) const {
        return reinterpret_cast<float*>(ring(link.normAt)) + pair * kPairColumns;
    }

    // Starts copying all of the block's weights of a link, strip by strip, and its norm's: 16 bytes a thread of those that ask.
    __device__ void ask(const ChainLink& link) const {
        constexpr int kTogether = kChainAskers * 32;
        const int thread = static_cast<int>(threadIdx.x) - kChainWarps * 32;
        const int stripWords = link.w.tiles * static_cast<int>(wordsOfTile(bits)), grids = link.pairs * parts * 2;
        const int count = strips(link);
#pragma unroll 1
        for (int turn = 0; turn < count; ++turn) {
            const int strip = link.out.gated ? stripOf(link, turn / 2, turn % 2) : stripOf(link, turn, 0);
            const std::uint32_t* const from = link.w.words + static_cast<std::int64_t>(strip) * stripWords;
            std::uint32_t* const to = words(link, turn);
#pragma unroll 1
            for (int i = thread * 4; i < stripWords; i += kTogether * 4) copyAsyncOnce(to + i, from + i);
#pragma unroll 1
            for (int i = thread; i < grids; i += kTogether)
                askGrids<symmetric, parts>(link.w, strip, 0, scales(link, turn), zeros(link, turn), i);
        }
        if (link.in.norm && count > 0) {
#pragma unroll 1
            for (int i = thread * 4; i < link.w.columns; i += kTogether * 4)
                copyAsync<16>(norm(link, 0) + i, link.in.norm + i);
        }
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
    // warp makes its own as large as the activation type likes them, by a power of two, and leaves its share of the squares.
    __device__ void stage(const ChainLink& link, int l, int nth) const {
        float sum = 0;
        for (int pair = warp; pair < link.pairs; pair += kChainWarps) {
            const int column = pair * kPairColumns + lane * 4;
            const bool there = column < link.w.columns;
            uint2 words{};
            if (link.in.norm) {
                float4 v{}, g{};
                awaitAsked(l);
                if (there) {
                    g = *reinterpret_cast<const float4*>(norm(link, pair) + lane * 4);
                    v = residual(link, column);
                }
                sum += v.x * v.x + v.y * v.y + v.z * v.z + v.w * v.w;
                const float4 weighted{v.x * g.x, v.y * g.y, v.z * g.z, v.w * g.w};
                __syncwarp();
                const float size = magnitudeOf(weighted), f = reciprocalOf(size);
                if (lane == 0) space.magnitudes[pair] = size;
                words = {packPair<T>(weighted.x * f, weighted.y * f), packPair<T>(weighted.z * f, weighted.w * f)};
            } else if (there) {
                words = link.from ? inputs(link, column)
                                  : *reinterpret_cast<const uint2*>(static_cast<const T*>(link.in.x) + column);
            }
            __syncwarp();
            putFour<bits, T, symmetric, parts>(words, staged(pair) + lane / 8 * 32, offsets(pair), lane);
        }
        __syncwarp();
        if (link.in.norm && warp < link.pairs) space.squares[nth % 2][warp][lane] = sum;
    }

    // The warp's part of all the block's strips of a link, into its sums: a gate and its up at once.
    __device__ void multiply(const ChainLink& link, int l, int nth) const {
        const int count = units(link);
        if (warp >= link.pairs) {
            for (int turn = 0; turn < count * perUnit(link); ++turn) {
                if (lane < 16) space.sums[nth % 2][turn][warp][lane] = 0;
            }
            return;
        }
        awaitAsked(l);
#pragma unroll 1
        for (int unit = 0; unit < count; ++unit) {
            if (link.out.gated) multiplyStrips<2>(link, nth, unit * 2);
            else multiplyStrips<1>(link, nth, unit);
        }
    }
    template <int together>
    __device__ void multiplyStrips(const ChainLink& link, int nth, int turn) const {
        float totals[together][2] = {};
#pragma unroll 1
        for (int pair = warp; pair < link.pairs; pair += kChainWarps) {
            const float size = link.in.norm ? space.magnitudes[pair] : 1.0f;
            uint4 x[4];
#pragma unroll
            for (int h = 0; h < 4; ++h) x[h] = *reinterpret_cast<const uint4*>(staged(pair) + h * 32 + lane % 4 * 8);
            float ofPair[together][2] = {};
            multiplyPair<bits, T, symmetric, parts, true, together>(
                ofPair, words(link, turn) + pair * kPairWords, link.pairs * kPairWords,
                scales(link, turn) + pair * parts * 16, zeros(link, turn) + pair * parts * 16, gridsOfStrip(link), x,
                offsets(pair), lane);
#pragma unroll
            for (int s = 0; s < together; ++s) {
                totals[s][0] += ofPair[s][0] * size;
                totals[s][1] += ofPair[s][1] * size;
            }
        }
#pragma unroll
        for (int s = 0; s < together; ++s) putColumn<bits, T>(space.sums[nth % 2][turn + s][warp], totals[s]);
    }

    // Outputs, a warp a unit, the last warps first, since the first have the next link's inputs to take: lane t has rows 2 (t % 8) and the
    // next of a strip, and of the warps' sums each fourth, or of a gate and its up each second, the up's in the upper lanes.
    struct Outputs {
        int row;
        int sums;            // of the warps' sums the first that the lane adds up
        float2 old, bias;    // what is there already, where it is added to
        Letter *to, *again;  // a copy of the letters, and of a gate and its up another
        float factor;
    };
    __device__ int unit() const {
        return kChainWarps - 1 - warp;
    }
    __device__ bool finishes(const ChainLink& link) const {
        return unit() < units(link);
    }
    // As much as can be said before the sums are there: what follows then has nothing beside it to wait for.
    __device__ Outputs outputs(const ChainLink& link, int nth) const {
        if (!finishes(link)) return {};
        const bool gated = link.out.gated;
        Outputs of{};
        of.row = stripOf(link, unit(), gated ? lane / 16 : 0) * 16 + lane % 8 * 2;
        if (link.out.accumulate)
            of.old = *reinterpret_cast<const float2*>(static_cast<const float*>(link.out.y) + of.row);
        if (link.out.bias) of.bias = *reinterpret_cast<const float2*>(link.out.bias + of.row);
        const int turn = gated ? unit() * 2 + lane / 16 : unit(), ofWarp = gated ? lane / 8 % 2 : lane / 8;
        of.sums = (((nth % 2) * kMostChainStrips + turn) * kChainWarps + ofWarp) * 8 + lane % 8;
        if (link.to) {
            of.to = link.to + lane / 8 * space.chain.copyLetters + (link.out.toFloat ? of.row : of.row / 2);
            of.again = of.to + 2 * space.chain.copyLetters;
        }
        of.factor = 1;
        return of;
    }
    // What was put off: 1 / sqrt(mean square + epsilon).
    __device__ void takeNorm(const ChainLink& link, int nth, Outputs& of) const {
        if (!link.in.norm || !finishes(link)) return;
        float4 fours[kChainWarps / 4];
#pragma unroll
        for (int i = 0; i < kChainWarps / 4; ++i) {
            fours[i] = {};
            if (i * 4 + lane / 8 < link.pairs)
                fours[i] = reinterpret_cast<const float4*>(space.squares[nth % 2][i * 4 + lane / 8])[lane % 8];
        }
        float sum = 0;
#pragma unroll
        for (const float4& four : fours) sum += (four.x + four.y) + (four.z + four.w);
        of.factor = rsqrtf(warpSum(sum) * link.perColumn + link.in.epsilon);
    }
    __device__ void finish(const ChainLink& link, const Outputs& of) const {
        if (!finishes(link)) return;
        const bool gated = link.out.gated;
        const int step = (gated ? 2 : 4) * 8;
        const auto part = [&](int i) { return reinterpret_cast<const float2*>(space.sums)[of.sums + i * step]; };
        const auto plus = [](const float2& a, const float2& b) { return float2{a.x + b.x, a.y + b.y}; };
        const auto other = [](const float2& value, int lanes) {
            return float2{__shfl_xor_sync(kAllLanes, value.x, lanes), __shfl_xor_sync(kAllLanes, value.y, lanes)};
        };
        float2 sum = plus(plus(part(0), part(1)), part(2));
        if (gated) sum = plus(sum, plus(plus(part(3), part(4)), part(5)));
        sum = plus(sum, other(sum, 8));
        if (!gated) sum = plus(sum, other(sum, 16));
        sum = {sum.x * of.factor + of.bias.x, sum.y * of.factor + of.bias.y};
        if (gated) {
            const float2 up = other(sum, 16);
            sum = {siluGated(sum.x, up.x), siluGated(sum.y, up.y)};
        }
        const float2 value = plus(of.old, sum);
        if (gated && lane >= 16) return;  // the lower lanes have the outputs, of a strip all
        const std::uint32_t pair = packPair<T>(value.x, value.y);
        if (of.to) {
            if (link.out.toFloat) postTwo(of.to, letterOf(value.x, number), letterOf(value.y, number));
            else post(of.to, letterOf(pair, number));
            if (gated) post(of.again, letterOf(pair, number));
        }
        if (lane >= 8 || !link.stores) return;
        if (link.out.toFloat) *reinterpret_cast<float2*>(static_cast<float*>(link.out.y) + of.row) = value;
        else *reinterpret_cast<std::uint32_t*>(static_cast<T*>(link.out.y) + of.row) = pair;
    }
};

}  // namespace gptq
