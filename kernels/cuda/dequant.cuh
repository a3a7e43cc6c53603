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
    static constexpr int kPlane = bits == 3 ? 2 : bits;  // bits of the first plane, and words a lane
    std::uint32_t low[kPlane];
    std::uint32_t high;  // 3 bits: the plane of high bits

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

// Shifts right, or left where `by` is negative.
template <int by>
__device__ std::uint32_t shifted(std::uint32_t word) {
    if constexpr (by >= 0) return word >> by;
    else return word << -by;
}

// Weights 2 pair and 2 pair + 1 of the lane's 32, in the halves of a word; zero: of their row, from zeroPair.
template <int bits, int pair, class T>
__device__ std::uint32_t weightPair(const LaneWords<bits>& words, PairOf<T> zero) {
    constexpr int plane = LaneWords<bits>::kPlane, pairsOfWord = 16 / plane, mantissa = Magic<T>::kMantissa;
    const std::uint32_t word = words.low[pair / pairsOfWord];
    if constexpr (bits > mantissa) {  // 8 bits in bfloat16: two nibbles, 16 high + low
        const auto magic = pairOfValue<T>(Magic<T>::kValue);
        const std::uint32_t code = word >> pair % pairsOfWord * plane;
        const auto low = pairMinus(pairOf<PairOf<T>>(maskedOr(code, 0x000f000fu, Magic<T>::kBits)), magic);
        const auto high = pairMinus(pairOf<PairOf<T>>(maskedOr(code >> 4, 0x000f000fu, Magic<T>::kBits)), magic);
        return bitsOf(pairMinus(pairTimesPlus(high, pairOfValue<T>(16), low), zero));
    } else {
        constexpr int reach = (mantissa - bits) / plane + 1;  // pairs that one shift brings into the mantissa
        constexpr int inWord = pair % pairsOfWord, base = inWord / reach * reach, k = (inWord - base) * plane;
        constexpr std::uint32_t mask = ((1u << plane) - 1) * 0x00010001u << k;
        std::uint32_t code = maskedOr(shifted<base * plane>(word), mask, Magic<T>::kBits);
        if constexpr (bits == 3) {  // planeBit(., 1): pair p's bit at 2p, of the second word's pairs at 2p + 1
            constexpr int shift = base * 2 - 2 + (pair >= 8 ? 1 : 0);
            code = maskedOr(shifted<shift>(words.high), 0x00040004u << k, code);
        }
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

}  // namespace gptq
