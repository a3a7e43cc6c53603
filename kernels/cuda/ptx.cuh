// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The PTX instructions that are used, each in a wrapper with its reason.
#pragma once

#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/types.cuh"

namespace gptq {

// Fragments of mma.m16n8k16 (PTX ISA, "Matrix Fragments for mma.m16n8k16"): A 16x16, B 16x8, C and D 16x8 in float32.
struct FragmentA {
    std::uint32_t x[4];
};
struct FragmentB {
    std::uint32_t x[2];
};
struct FragmentC {
    float x[4] = {};
};

template <class T>
__device__ std::uint32_t bitsOf(const T& pair) {
    static_assert(sizeof(T) == 4);
    std::uint32_t bits;
    memcpy(&bits, &pair, 4);
    return bits;
}

template <class T>
__device__ T pairOf(std::uint32_t bits) {
    static_assert(sizeof(T) == 4);
    T pair;
    memcpy(&pair, &bits, 4);
    return pair;
}

// c += a b for float16.
__device__ inline void multiplyAdd(FragmentC& c, const FragmentA& a, const FragmentB& b, Half) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c.x[0]), "+f"(c.x[1]), "+f"(c.x[2]), "+f"(c.x[3])
        : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "r"(b.x[0]), "r"(b.x[1]));
#else  // sm_75 has half as deep an instruction; the fragments are this one's halves
    for (int half = 0; half < 2; ++half) {
        asm("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
            : "+f"(c.x[0]), "+f"(c.x[1]), "+f"(c.x[2]), "+f"(c.x[3])
            : "r"(a.x[2 * half]), "r"(a.x[2 * half + 1]), "r"(b.x[half]));
    }
#endif
}

// c += a b for bfloat16.
__device__ inline void multiplyAdd(FragmentC& c, const FragmentA& a, const FragmentB& b, Brain) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c.x[0]), "+f"(c.x[1]), "+f"(c.x[2]), "+f"(c.x[3])
        : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "r"(b.x[0]), "r"(b.x[1]));
#else  // sm_75's tensor cores do not take bfloat16: the lanes exchange their fragments and multiply in float32
    const int lane = static_cast<int>(threadIdx.x) % 32, row = lane / 4, column = lane % 4 * 2;
    for (int quad = 0; quad < 4; ++quad) {
        for (int half = 0; half < 2; ++half) {
            const auto low = pairOf<__nv_bfloat162>(__shfl_sync(kAllLanes, a.x[2 * half], row * 4 + quad));
            const auto high = pairOf<__nv_bfloat162>(__shfl_sync(kAllLanes, a.x[2 * half + 1], row * 4 + quad));
            for (int n = 0; n < 2; ++n) {
                const auto right = pairOf<__nv_bfloat162>(__shfl_sync(kAllLanes, b.x[half], (column + n) * 4 + quad));
                c.x[n] += __low2float(low) * __low2float(right) + __high2float(low) * __high2float(right);
                c.x[2 + n] += __low2float(high) * __low2float(right) + __high2float(high) * __high2float(right);
            }
        }
    }
#endif
}

// Weights are read once a step: past L1, which inputs and scales need.
__device__ inline std::uint32_t loadStreaming(const std::uint32_t* address) {
    std::uint32_t value;
    asm volatile("ld.global.nc.L1::no_allocate.u32 %0, [%1];" : "=r"(value) : "l"(address));
    return value;
}
__device__ inline uint4 loadStreaming(const uint4* address) {
    uint4 value;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
                 : "l"(address));
    return value;
}
__device__ inline uint2 loadStreaming(const uint2* address) {
    uint2 value;
    asm volatile("ld.global.nc.L1::no_allocate.v2.u32 {%0,%1}, [%2];" : "=r"(value.x), "=r"(value.y) : "l"(address));
    return value;
}

}  // namespace gptq
