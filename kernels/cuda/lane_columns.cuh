// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Between memory, where eight neighbours of a row are 16 bytes, and a lane's columns of half a tile (packed_layout.h): of its 16 pairs
// those numbered q, q + 4, q + 8 and q + 12, q = lane % 4.
#pragma once

#include <cstdint>

#include "kernels/cuda/ptx.cuh"

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

// Of token lane / 4 the lane % 4th eight neighbours of each half of a pair of tiles, from `column` on, zeros where there are none: as
// they are read, 16 bytes at once. Four reads of 4 bytes in the products' order keep the load units busy four times as long.
template <class T>
__device__ void readInputs(uint4 (&halves)[4], const T* token, int column, int columns, int lane) {
#pragma unroll
    for (int h = 0; h < 4; ++h) {
        halves[h] = {};
        if (token && column + h * 32 < columns)
            halves[h] = reinterpret_cast<const uint4*>(token + column + h * 32)[lane % 4];
    }
}

// And from there to the lane's own columns, B of two steps a half, by a warp's shared memory: chunks of 16 bytes are exchanged by
// token / 2 % 4, so that neither the rows that are written nor those that are read meet in a bank.
inline constexpr int kExchangeBytes = 2 * 512;
__device__ inline void exchangeInputs(uint4 (&halves)[4], uint4* exchange, int lane) {
    const int row = lane % 8;
#pragma unroll
    for (int h = 0; h < 4; ++h) {
        uint4* const half = exchange + h % 2 * 32;  // the other one may still be read
        half[lane / 4 * 4 + (lane % 4 ^ lane / 8)] = halves[h];
        __syncwarp();
        halves[h] = loadMatrices(half + row * 4 + (lane / 8 ^ row / 2));
    }
}

}  // namespace gptq
