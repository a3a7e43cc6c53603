// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A pair of packed tiles, 16 outputs by 128 inputs, times the inputs of one to eight tokens: what decode products consist of.
#pragma once

#include "kernels/cuda/dequant.cuh"
#include "kernels/cuda/with_scheme.cuh"

namespace gptq {

// One token of float16 is multiplied by codes as they stand (dequant.cuh); zeros are taken off by the sum of its inputs:
//
//     sum over a group of (q - z) x = sum of q x - z sum of x.
//
// All sums are then 2^24 times too small, and 2^k too large, k where the rows' codes stand in the first chain.
template <class T>
inline constexpr bool takesCodes = false;
template <>
inline constexpr bool takesCodes<Half> = true;

inline constexpr float kCodeUnit = 1.0f / (1 << 24);

__host__ __device__ constexpr int offsetBytes(int pairs, int parts) {
    return (pairs * parts + 3) / 4 * 16;
}

// What a sum of inputs adds to the products: with the middle code as zero, or still to be multiplied by one.
template <int bits, bool symmetric>
__device__ float offsetOfSum(float sum) {
    return sum * (symmetric ? -kCodeUnit * (1 << (bits - 1)) : -kCodeUnit);
}

__host__ __device__ constexpr float powerOfTwo(int exponent) {
    return exponent >= 0 ? static_cast<float>(1 << exponent) : 1.0f / static_cast<float>(1 << -exponent);
}

// A pair of tiles of `strips` strips times the lane's inputs, added to totals: rows lane / 4 and lane / 4 + 8, of the one token, or
// of tokens 2 (lane % 4) and the next. words, scales and zeros lie in shared memory, scales and zeros [scaled part][row]; from strip
// to strip it is wordStride words and gridStride scales. Strips share the inputs, and their products need not wait for each other.
template <int bits, class T, bool symmetric, int parts, bool single, int strips>
__device__ void multiplyPair(float (*totals)[single ? 2 : 4], const std::uint32_t* words, int wordStride,
                             const Half* scales, const std::uint8_t* zeros, int gridStride, const uint4 (&inputs)[4],
                             const float* offsets, int lane) {
    constexpr bool codes = single && takesCodes<T>;
    constexpr int chains = codes ? codeChains(bits) : 2;  // so that one product need not wait for the other
    constexpr int halves = 4 / parts;                     // of a tile, that are scaled together
    FragmentC sums[strips][chains];
    [[maybe_unused]] PairOf<T> zeroLow[strips], zeroHigh[strips];
    const auto begin = [&](int part) {
#pragma unroll
        for (int s = 0; s < strips; ++s) {
            const auto zero = [&](int row) { return zeros[s * gridStride + part * 16 + lane / 4 + row]; };
#pragma unroll
            for (int c = 0; c < chains; ++c) sums[s][c] = {};
            if constexpr (codes) {
                constexpr float low = powerOfTwo(codePlace(bits, 0).low), high = powerOfTwo(codePlace(bits, 0).high);
                sums[s][0].x[0] = offsets[part] * (symmetric ? low : low * static_cast<float>(zero(0)));
                sums[s][0].x[2] = offsets[part] * (symmetric ? high : high * static_cast<float>(zero(8)));
            } else {
                zeroLow[s] = zeroFor<bits, T>(symmetric ? 1 << (bits - 1) : zero(0));
                zeroHigh[s] = zeroFor<bits, T>(symmetric ? 1 << (bits - 1) : zero(8));
            }
        }
    };
    const auto end = [&](int part) {
#pragma unroll
        for (int s = 0; s < strips; ++s) {
            const Half* scale = scales + s * gridStride + part * 16 + lane / 4;
            const float rowScales[2] = {__half2float(scale[0]), __half2float(scale[8])};
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                if (single && i % 2 == 1) continue;
                float sum = sums[s][0].x[i];
#pragma unroll
                for (int c = 1; c < chains; ++c) sum += sums[s][c].x[i] * (codes ? chainFactor<bits>(c, i / 2) : 1.0f);
                totals[s][single ? i / 2 : i] += sum * rowScales[i / 2];
            }
        }
    };
    const auto step = [&]<int h, int k>(const LaneWords<bits>(&lanes)[strips]) {
        constexpr int inTile = h % 2 * 2 + k;
        const FragmentB input = k == 0 ? FragmentB{{inputs[h].x, inputs[h].y}} : FragmentB{{inputs[h].z, inputs[h].w}};
#pragma unroll
        for (int s = 0; s < strips; ++s) {
            if constexpr (codes)
                multiplyAdd(sums[s][codePlace(bits, inTile).chain], codeFragment<bits, inTile>(lanes[s]), input, T{});
            else
                multiplyAdd(sums[s][k], weightFragment<bits, inTile, T>(lanes[s], zeroLow[s], zeroHigh[s]), input, T{});
        }
    };
    const auto half = [&]<int h>(const LaneWords<bits>(&lanes)[strips]) {
        if (h % halves == 0) begin(h / halves);
        step.template operator()<h, 0>(lanes);
        step.template operator()<h, 1>(lanes);
        if ((h + 1) % halves == 0) end(h / halves);
    };
    LaneWords<bits> first[strips], second[strips];
#pragma unroll
    for (int s = 0; s < strips; ++s) {
        first[s].read(words + s * wordStride, lane);
        second[s].read(words + s * wordStride + wordsOfTile(bits), lane);
    }
    half.template operator()<0>(first);
    half.template operator()<1>(first);
    half.template operator()<2>(second);
    half.template operator()<3>(second);
}

// The one token's part of a strip's sums, true to size again; rows: this warp's 16 sums.
template <int bits, class T>
__device__ void putColumn(float* rows, const float (&totals)[2]) {
    const unsigned lane = threadIdx.x % 32;
    if (lane % 4 != 0) return;
    constexpr CodePlace place = codePlace(bits, 0);
    rows[lane / 4] = takesCodes<T> ? totals[0] * (powerOfTwo(-place.low) / kCodeUnit) : totals[0];
    rows[lane / 4 + 8] = takesCodes<T> ? totals[1] * (powerOfTwo(-place.high) / kCodeUnit) : totals[1];
}

}  // namespace gptq
