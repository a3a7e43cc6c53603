// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Between memory, where eight neighbours of a row are 16 bytes, and a lane's columns of half a tile (packed_layout.h): of its 16 pairs
// those numbered q, q + 4, q + 8 and q + 12, q = lane % 4.
#pragma once

#include <cstdint>

#include "kernels/cuda/reduce.cuh"

namespace gptq {

// Word i of lane q of each four becomes word q of lane i: from a lane's columns to eight neighbours of each lane, and back.
__device__ inline void exchangeColumns(std::uint32_t (&words)[4], int lane) {
    const bool odd = lane % 2 != 0, upper = lane % 4 >= 2;
#pragma unroll
    for (int i = 0; i < 4; i += 2) {
        const std::uint32_t other = __shfl_xor_sync(kAllLanes, odd ? words[i] : words[i + 1], 1);
        words[i] = odd ? other : words[i];
        words[i + 1] = odd ? words[i + 1] : other;
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        const std::uint32_t other = __shfl_xor_sync(kAllLanes, upper ? words[i] : words[i + 2], 2);
        words[i] = upper ? other : words[i];
        words[i + 2] = upper ? words[i + 2] : other;
    }
}

// A lane's inputs of a half, 32 columns at an address: B of two steps, one after the other. All lanes of a warp at once; zeros where
// there are none. One read of 16 bytes and the exchange: four reads of 4 bytes keep the load units busy four times as long.
template <class T>
__device__ uint4 laneInputs(const T* half, bool there, int lane) {
    uint4 eight{};
    if (there) eight = reinterpret_cast<const uint4*>(half)[lane % 4];
    std::uint32_t words[4] = {eight.x, eight.y, eight.z, eight.w};
    exchangeColumns(words, lane);
    return {words[0], words[1], words[2], words[3]};
}

}  // namespace gptq
