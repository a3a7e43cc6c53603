// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Fragments of packed weights as a dequantized matrix would have them: code minus zero, exact, times scale, rounded to the
// activation type.
#pragma once

#include "kernels/cuda/dequant.cuh"

namespace gptq {

__device__ inline std::uint32_t scaled(std::uint32_t pair, Half scale, Half) {
    return bitsOf(__hmul2(pairOf<__half2>(pair), __half2half2(scale)));
}
__device__ inline std::uint32_t scaled(std::uint32_t pair, Half scale, Brain) {
    const float factor = __half2float(scale);
    return bitsOf(
        __floats2bfloat162_rn(__uint_as_float(pair << 16) * factor, __uint_as_float(pair & 0xffff0000u) * factor));
}

// The grids of a lane's two rows of a tile, lane / 4 and eight more, in one half of the tile.
template <int bits, class T>
struct LaneGrids {
    Half scaleLow, scaleHigh;
    PairOf<T> zeroLow, zeroHigh;

    // scales, zeros: of the tile's 16 rows; zeros null: the middle code.
    __device__ LaneGrids(const Half* scales, const std::uint8_t* zeros, int lane)
        : scaleLow(scales[lane / 4]), scaleHigh(scales[lane / 4 + 8]),
          zeroLow(zeroFor<bits, T>(zeros ? zeros[lane / 4] : 1 << (bits - 1))),
          zeroHigh(zeroFor<bits, T>(zeros ? zeros[lane / 4 + 8] : 1 << (bits - 1))) {}
};

template <int bits, int step, class T>
__device__ FragmentA scaledFragment(const LaneWords<bits>& words, const LaneGrids<bits, T>& grids) {
    FragmentA weights = weightFragment<bits, step, T>(words, grids.zeroLow, grids.zeroHigh);
#pragma unroll
    for (int i = 0; i < 4; ++i) weights.x[i] = scaled(weights.x[i], i % 2 ? grids.scaleHigh : grids.scaleLow, T{});
    return weights;
}

}  // namespace gptq
