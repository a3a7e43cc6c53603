// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// From a lane's words of a packed tile (packed_layout.h) to fragments of weights, code minus zero, exact in both types.
//
// A code put into the mantissa of a large power of two M whose last bit counts 1 is the number M + code; put k bits higher it is
// M + 2^k code. So one mask that takes a pair of codes where they stand, and one fused multiply-add,
//
//     (M + 2^k code) 2^-k - (M 2^-k + zero) = code - zero,
//
// make two weights; words are shifted only when k would leave the mantissa (10 bits of float16, 7 of bfloat16).
#pragma once

#include "kernels/cuda/ptx.cuh"
#include "kernels/packed_layout.h"
#include "kernels/with_bits.h"

namespace gptq {

template <class T>
struct Magic;
template <>
struct Magic<Half> {
    static constexpr std::uint32_t kBits = 0x64006400u;  // a pair of 1024
    static constexpr int kValue = 1024;
    static constexpr int kMantissa = 10;
};
template <>
struct Magic<Brain> {
    static constexpr std::uint32_t kBits = 0x43004300u;  // a pair of 128
    static constexpr int kValue = 128;
    static constexpr int kMantissa = 7;
};

template <class T>
__device__ PairOf<T> pairOfValue(float value) {
    if constexpr (sizeof(T) == 2 && Magic<T>::kMantissa == 10) return __float2half2_rn(value);
    else return __float2bfloat162_rn(value);
}

// a - b and a b + c of pairs; sm_75 computes bfloat16 in float32, which is exact for these small integers.
__device__ inline __half2 pairMinus(__half2 a, __half2 b) {
    return __hsub2(a, b);
}
__device__ inline __half2 pairTimesPlus(__half2 a, __half2 b, __half2 c) {
    return __hfma2(a, b, c);
}
__device__ inline __nv_bfloat162 pairMinus(__nv_bfloat162 a, __nv_bfloat162 b) {
#if __CUDA_ARCH__ >= 800
    return __hsub2(a, b);
#else
    return __floats2bfloat162_rn(__low2float(a) - __low2float(b), __high2float(a) - __high2float(b));
#endif
}
__device__ inline __nv_bfloat162 pairTimesPlus(__nv_bfloat162 a, __nv_bfloat162 b, __nv_bfloat162 c) {
#if __CUDA_ARCH__ >= 800
    return __hfma2(a, b, c);
#else
    return __floats2bfloat162_rn(__low2float(a) * __low2float(b) + __low2float(c),
                                 __high2float(a) * __high2float(b) + __high2float(c));
#endif
}

// The words that one lane owns of one tile.
template <int bits>
struct LaneWords {
    static constexpr int kPlane = bits == 3 ? 2 : bits;  // words a lane that lie side by side
    std::uint32_t low[kPlane];
    std::uint32_t high;  // 3 bits: the third word

    __device__ std::uint32_t word(int w) const { return bits == 3 && w == 2 ? high : low[w]; }

    __device__ void load(const std::uint32_t* tile, int lane) {
        if constexpr (kPlane % 4 == 0) {
#pragma unroll
            for (int i = 0; i < kPlane / 4; ++i) {
                const uint4 four = loadStreaming(reinterpret_cast<const uint4*>(tile + lane * kPlane) + i);
                low[4 * i] = four.x;
                low[4 * i + 1] = four.y;
                low[4 * i + 2] = four.z;
                low[4 * i + 3] = four.w;
            }
        } else {
            const uint2 two = loadStreaming(reinterpret_cast<const uint2*>(tile + lane * kPlane));
            low[0] = two.x;
            low[1] = two.y;
        }
        if constexpr (bits == 3) high = loadStreaming(tile + kTileLanes * 2 + lane);
    }

    // From shared memory.
    __device__ void read(const std::uint32_t* tile, int lane) {
        if constexpr (kPlane % 4 == 0) {
#pragma unroll
            for (int i = 0; i < kPlane / 4; ++i) {
                const uint4 four = reinterpret_cast<const uint4*>(tile + lane * kPlane)[i];
                low[4 * i] = four.x;
                low[4 * i + 1] = four.y;
                low[4 * i + 2] = four.z;
                low[4 * i + 3] = four.w;
            }
        } else {
            const uint2 two = *reinterpret_cast<const uint2*>(tile + lane * kPlane);
            low[0] = two.x;
            low[1] = two.y;
        }
        if constexpr (bits == 3) high = tile[kTileLanes * 2 + lane];
    }
};

// A pair of zeros as `weightPair` takes it: M + zero.
template <class T>
__device__ PairOf<T> zeroPair(int zero) {
    return pairOf<PairOf<T>>(Magic<T>::kBits + static_cast<std::uint32_t>(zero) * 0x00010001u);
}

// How far a lane's word is shifted for a pair at `bit` to stand within a mantissa, the same for as many pairs as will do.
constexpr int shiftOfPair(int bits, int mantissa, int bit) {
    const int reach = bits > mantissa ? 1 : (mantissa - bits) / bits + 1;  // pairs that one shift brings there
    const int together = (reach < 4 ? reach : 4) * bits;
    return bit / together * together;
}

// The scattered pair of 3-bit codes, at `bit`.
template <int bit>
__device__ std::uint32_t scatteredPair(const LaneWords<3>& words) {
    static_assert(bit <= 13);
    constexpr std::uint32_t mask = 0x00010001u << bit;
    return (words.low[0] >> (15 - bit) & mask) | (words.low[1] >> (14 - bit) & mask << 1) |
           (words.high >> (13 - bit) & mask << 2);
}

// Weights 2 pair and 2 pair + 1 of the lane's 32, in the halves of a word; zero: of their row, from zeroPair.
template <int bits, int pair, class T>
__device__ std::uint32_t weightPair(const LaneWords<bits>& words, PairOf<T> zero) {
    constexpr int mantissa = Magic<T>::kMantissa;
    constexpr PairPlace at = placeOfPair(bits, pair);
    if constexpr (bits > mantissa) {  // 8 bits in bfloat16: two nibbles, 16 high + low
        const auto magic = pairOfValue<T>(Magic<T>::kValue);
        const std::uint32_t code = words.word(at.word) >> at.bit;
        const auto low = pairMinus(pairOf<PairOf<T>>(maskedOr(code, 0x000f000fu, Magic<T>::kBits)), magic);
        const auto high = pairMinus(pairOf<PairOf<T>>(maskedOr(code >> 4, 0x000f000fu, Magic<T>::kBits)), magic);
        return bitsOf(pairMinus(pairTimesPlus(high, pairOfValue<T>(16), low), zero));
    } else if constexpr (isScattered(bits, pair)) {
        const auto code = pairOf<PairOf<T>>(scatteredPair<0>(words) | Magic<T>::kBits);
        return bitsOf(pairMinus(code, zero));
    } else {
        constexpr int shift = shiftOfPair(bits, mantissa, at.bit), k = at.bit - shift;
        constexpr std::uint32_t mask = ((1u << bits) - 1) * 0x00010001u << k;
        const std::uint32_t code = maskedOr(words.word(at.word) >> shift, mask, Magic<T>::kBits);
        constexpr float part = static_cast<float>(Magic<T>::kValue) / static_cast<float>(1 << k);
        const auto offset = pairMinus(pairOfValue<T>(static_cast<float>(Magic<T>::kValue) - part), zero);
        return bitsOf(
            pairTimesPlus(pairOf<PairOf<T>>(code), pairOfValue<T>(1.0f / static_cast<float>(1 << k)), offset));
    }
}

// What `weightPair` subtracts in the end for 8 bits in bfloat16 is the zero itself.
template <int bits, class T>
__device__ PairOf<T> zeroFor(int zero) {
    if constexpr (bits > Magic<T>::kMantissa) return pairOfValue<T>(static_cast<float>(zero));
    else return zeroPair<T>(zero);
}

// Step `step` (0 to 3) of a tile as the A fragment of a product.
template <int bits, int step, class T>
__device__ FragmentA weightFragment(const LaneWords<bits>& words, PairOf<T> zeroLow, PairOf<T> zeroHigh) {
    FragmentA fragment;
    fragment.x[0] = weightPair<bits, step * 4, T>(words, zeroLow);
    fragment.x[1] = weightPair<bits, step * 4 + 1, T>(words, zeroHigh);
    fragment.x[2] = weightPair<bits, step * 4 + 2, T>(words, zeroLow);
    fragment.x[3] = weightPair<bits, step * 4 + 3, T>(words, zeroHigh);
    return fragment;
}

// float16 alone: codes as they stand. Ten bits below the exponent are a subnormal number, a multiple of 2^-24, which tensor cores
// multiply exactly: a code masked out at bit k is code * 2^(k - 24), for one instruction a pair. A fragment's rows t/4 and
// t/4 + 8 may stand at different k, since their sums are apart; steps whose k differ have to be summed apart too, in `chains`.
struct CodePlace {
    int chain;
    int low, high;  // k of rows t/4 and of rows t/4 + 8
};
constexpr CodePlace codePlace(int bits, int step) {
    if (bits == 8) return {step % 2, 0, 0};
    if (bits == 4) return {step % 2, 0, 4};
    if (bits == 2) return {step % 2, step % 2 * 4, step % 2 * 4 + 2};
    return step == 1 ? CodePlace{2, 6, 6} : CodePlace{step == 3 ? 1 : 0, 0, 3};
}
constexpr int codeChains(int bits) {
    return bits == 3 ? 3 : 2;
}

// By what a chain's sums are to be multiplied to be of the first chain's size.
template <int bits>
constexpr float chainFactor(int chain, int high) {
    for (int step = 0; step < 4; ++step) {
        const CodePlace first = codePlace(bits, 0), place = codePlace(bits, step);
        if (place.chain == chain)
            return 1.0f / static_cast<float>(1 << (high ? place.high - first.high : place.low - first.low));
    }
    return 1.0f;
}

template <int bits, int pair>
__device__ std::uint32_t codePair(const LaneWords<bits>& words) {
    constexpr int k = pair % 2 == 0 ? codePlace(bits, pair / 4).low : codePlace(bits, pair / 4).high;
    if constexpr (isScattered(bits, pair)) {
        return scatteredPair<k>(words);
    } else {
        constexpr PairPlace at = placeOfPair(bits, pair);
        constexpr int shift = shiftOfPair(bits, Magic<Half>::kMantissa, at.bit);
        static_assert(at.bit - shift == k && k + bits <= Magic<Half>::kMantissa);
        return words.word(at.word) >> shift & (((1u << bits) - 1) * 0x00010001u << k);
    }
}

template <int bits, int step>
__device__ FragmentA codeFragment(const LaneWords<bits>& words) {
    return {{codePair<bits, step * 4>(words), codePair<bits, step * 4 + 1>(words), codePair<bits, step * 4 + 2>(words),
             codePair<bits, step * 4 + 3>(words)}};
}

}  // namespace gptq
