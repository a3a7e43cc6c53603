// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The scales and zeros of a piece of packed weights, some pairs of tiles of one strip, on their way into shared memory.
#pragma once

#include "kernels/cuda/packed_arguments.cuh"
#include "kernels/cuda/ptx.cuh"

namespace gptq {

// Starts copying what scales the pairs from `tile` on, [scaled part][row]. Two lanes a part bring eight rows each, the part lane / 2;
// who calls leaves out lanes whose part has no place. Behind the last input any scale will do that is a number. Strips that are
// neighbours share a line of 128 bytes, and are multiplied at the same time: it comes to L2 for all of them.
template <bool symmetric, int parts>
__device__ void askGrids(const PackedArguments& w, int strip, int tile, Half* scales, std::uint8_t* zeros, int lane) {
    const int half = tile * 2 + lane / 2 * (4 / parts);
    const int from = w.groupOfHalf<parts == 1>(half) * w.rows + strip * 16 + lane % 2 * 8;
    copyAsyncOfLine(scales + lane * 8, w.scales + from);
    if constexpr (!symmetric) copyAsync<8>(zeros + lane * 8, w.zeros + from);
}

}  // namespace gptq
