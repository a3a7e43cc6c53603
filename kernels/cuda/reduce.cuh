// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Sums and extremes over a warp and a block.
#pragma once

namespace gptq {

inline constexpr unsigned kAllLanes = 0xffffffffu;

template <class T>
__device__ T warpSum(T value) {
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
    return value;
}

__device__ inline float warpMax(float value) {
    for (int step = 16; step > 0; step /= 2) value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, step));
    return value;
}

__device__ inline float warpMin(float value) {
    for (int step = 16; step > 0; step /= 2) value = fminf(value, __shfl_xor_sync(kAllLanes, value, step));
    return value;
}

struct Sum {
    template <class T>
    __device__ T operator()(T a, T b) const {
        return a + b;
    }
};
struct Max {
    __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// Over a block of whole warps, at most 32; every thread gets the result.
template <class T, class Combine>
__device__ T blockReduce(T value, T start, Combine combine) {
    __shared__ T partial[32];
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    for (int step = 16; step > 0; step /= 2) value = combine(value, __shfl_xor_sync(kAllLanes, value, step));
    __syncthreads();  // an earlier result may still be read
    if (lane == 0) partial[warp] = value;
    __syncthreads();
    value = start;
    for (int w = 0; w < static_cast<int>(blockDim.x) / 32; ++w) value = combine(value, partial[w]);
    return value;
}

}  // namespace gptq
