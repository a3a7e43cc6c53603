// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// From a lane's words of a packed tile (packed_layout.h) to pairs of weights, code minus zero, exact in both types.
#pragma once

#include "kernels/cuda/ptx.cuh"
#include "kernels/packed_layout.h"

namespace gptq {

// The words that one lane owns of one tile.
template <int bits>
struct LaneWords {
    static constexpr int kLow = bits == 3 ? 2 : bits;  // words of the first plane
    std::uint32_t low[kLow];
    std::uint32_t high;  // 3 bits: the plane of high bits

    __device__ void load(const std::uint32_t* tile, int lane) {
        if constexpr (kLow % 4 == 0) {
            for (int i = 0; i < kLow / 4; ++i)
                reinterpret_cast<uint4*>(low)[i] =
                    loadStreaming(reinterpret_cast<const uint4*>(tile + lane * kLow) + i);
        } else {
            reinterpret_cast<uint2*>(low)[0] = loadStreaming(reinterpret_cast<const uint2*>(tile + lane * kLow));
        }
        if constexpr (bits == 3) high = loadStreaming(tile + kTileLanes * 2 + lane);
    }

    // Codes 2 pair and 2 pair + 1 of the lane's 32, in the two halves of a word.
    __device__ std::uint32_t codePair(int pair) const {
        constexpr int planeBits = bits == 3 ? 2 : bits;
        constexpr int pairsOfWord = 16 / planeBits;
        constexpr std::uint32_t mask = ((1u << planeBits) - 1) * 0x00010001u;
        std::uint32_t codes = low[pair / pairsOfWord] >> pair % pairsOfWord * planeBits & mask;
        if constexpr (bits == 3) codes |= (high >> pair & 0x00010001u) << 2;
        return codes;
    }
};

// Small integers to numbers: a code put into the low mantissa bits of 1024 (float16) is 1024 + code, exactly.
template <int bits>
__device__ std::uint32_t weightPair(std::uint32_t codes, int zero, Half) {
    const auto biased = pairOf<__half2>(codes | 0x64006400u);
    const __half2 bias = __half2half2(__int2half_rn(1024 + zero));
    return bitsOf(__hsub2(biased, bias));
}

template <int bits>
__device__ std::uint32_t weightPair(std::uint32_t codes, int zero, Brain) {
    // bfloat16 has 8 significant bits: the difference is exact in float32 and, at most 256 in size, in bfloat16.
    const float low = static_cast<float>(static_cast<int>(codes & 0xffffu) - zero),
                high = static_cast<float>(static_cast<int>(codes >> 16) - zero);
    return bitsOf(__floats2bfloat162_rn(low, high));
}

}  // namespace gptq
