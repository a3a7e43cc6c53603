// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The PTX instructions that are used, each in a wrapper with its reason.
#pragma once

#include <type_traits>

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

// Two numbers, rounded, in the halves of a word.
template <class T>
__device__ std::uint32_t packPair(float low, float high) {
    if constexpr (std::is_same_v<T, Half>) return bitsOf(__floats2half2_rn(low, high));
    else return bitsOf(__floats2bfloat162_rn(low, high));
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

#if __CUDA_ARCH__ < 800
// sm_75's tensor cores do not take bfloat16: the lanes exchange their fragments and multiply in float32. One function, called:
// a kernel has some hundred places for it, and unrolled there it takes ptxas minutes.
__device__ __noinline__ inline float4 multiplyAddByLanes(float4 c, uint4 a, uint2 b) {
    const int lane = static_cast<int>(threadIdx.x) % 32, row = lane / 4, column = lane % 4 * 2;
    const auto pairAt = [](std::uint32_t bits, int from) {
        return __bfloat1622float2(pairOf<__nv_bfloat162>(__shfl_sync(kAllLanes, bits, from)));
    };
    const auto dot = [](float2 left, float2 right) { return left.x * right.x + left.y * right.y; };
    const std::uint32_t left[2][2] = {{a.x, a.y}, {a.z, a.w}}, right[2] = {b.x, b.y};
    for (int half = 0; half < 2; ++half) {
#pragma unroll 1
        for (int quad = 0; quad < 4; ++quad) {
            const float2 low = pairAt(left[half][0], row * 4 + quad), high = pairAt(left[half][1], row * 4 + quad);
            const float2 first = pairAt(right[half], column * 4 + quad),
                         second = pairAt(right[half], (column + 1) * 4 + quad);
            c.x += dot(low, first);
            c.y += dot(low, second);
            c.z += dot(high, first);
            c.w += dot(high, second);
        }
    }
    return c;
}
#endif

// c += a b for bfloat16.
__device__ inline void multiplyAdd(FragmentC& c, const FragmentA& a, const FragmentB& b, Brain) {
#if __CUDA_ARCH__ >= 800
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c.x[0]), "+f"(c.x[1]), "+f"(c.x[2]), "+f"(c.x[3])
        : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "r"(b.x[0]), "r"(b.x[1]));
#else
    const float4 sums =
        multiplyAddByLanes({c.x[0], c.x[1], c.x[2], c.x[3]}, {a.x[0], a.x[1], a.x[2], a.x[3]}, {b.x[0], b.x[1]});
    c.x[0] = sums.x;
    c.x[1] = sums.y;
    c.x[2] = sums.z;
    c.x[3] = sums.w;
#endif
}

// (word & mask) | bits in one instruction, which the compiler splits where both are constants.
__device__ inline std::uint32_t maskedOr(std::uint32_t word, std::uint32_t mask, std::uint32_t bits) {
    std::uint32_t result;
    asm("lop3.b32 %0, %1, %2, %3, 0xea;" : "=r"(result) : "r"(word), "r"(mask), "r"(bits));
    return result;
}

// Four matrices of eight rows of 16 bytes from shared memory (PTX ISA, "ldmatrix"): lane t names row t % 8 of matrix t / 8, and is given
// of row t / 4 of each the word t % 4.
__device__ inline uint4 loadMatrices(const void* row) {
    uint4 words;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words.x), "=r"(words.y), "=r"(words.z), "=r"(words.w)
                 : "r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(row)))
                 : "memory");
    return words;
}

// The same, each matrix transposed: of eight rows of keys or values, B fragments whose inner index they are.
__device__ inline uint4 loadTransposed(const void* row) {
    uint4 words;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words.x), "=r"(words.y), "=r"(words.z), "=r"(words.w)
                 : "r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(row)))
                 : "memory");
    return words;
}

// 2^x, of two units in the last place; zero where it would be subnormal.
__device__ inline float powerOf2(float x) {
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    return power;
}

// Asks for the 128 bytes around an address of global memory into the L2 cache.
__device__ inline void prefetchToL2(const void* address) {
    asm volatile("prefetch.global.L2 [%0];" ::"l"(address));
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

__device__ inline std::uint32_t sharedAddress(const void* shared) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
}

// Copies from global to shared memory that go on while the thread does other things (PTX ISA, "cp.async"): 4, 8 or 16 bytes,
// aligned so. Copies between two endCopies() are a group; awaitCopies<n>() returns when all but the newest n groups are there.
template <int bytes>
__device__ inline void copyAsync(void* shared, const void* global) {
#if __CUDA_ARCH__ >= 800
    const auto to = static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
    if constexpr (bytes == 16) asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(global));
    else asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(to), "l"(global), "n"(bytes));
#else
    for (int i = 0; i < bytes / 4; ++i)
        static_cast<std::uint32_t*>(shared)[i] = static_cast<const std::uint32_t*>(global)[i];
#endif
}
// The cache policy of what is read once a step: it leaves L2 before what is read again. Not volatile, so that copies share it.
__device__ inline std::uint64_t readOnce() {
    std::uint64_t policy = 0;
#if __CUDA_ARCH__ >= 800
    asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
#endif
    return policy;
}
// 16 bytes that are read once a step.
__device__ inline void copyAsyncOnce(void* shared, const void* global) {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %2;" ::"r"(sharedAddress(shared)),
                 "l"(global), "l"(readOnce()));
#else
    *static_cast<uint4*>(shared) = *static_cast<const uint4*>(global);
#endif
}
// The same of a warp: its lanes next to each other, round after round, `rounds` times, as long as there are `bytes`. One address serves
// all rounds, and no branch.
template <int rounds>
__device__ inline void copyAsyncOnceByWarp(void* shared, const void* global, int bytes, int lane) {
    auto* const to = static_cast<unsigned char*>(shared) + lane * 16;
    const auto* const from = static_cast<const unsigned char*>(global) + lane * 16;
    const int left = bytes - lane * 16;
#if __CUDA_ARCH__ >= 800
    // The minimum changes nothing but keeps the address in one register: of an address in two, one of them the warp's, ptxas of CUDA 13.0
    // makes, together with a cache policy, an illegal instruction.
    const std::uint32_t address = min(sharedAddress(to), 0xfffffu);
    const std::uint64_t once = readOnce();
#pragma unroll
    for (int i = 0; i < rounds; ++i)
        asm volatile(
            "{\n.reg .pred there;\nsetp.gt.s32 there, %2, 0;\n"
            "@there cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %3;\n}" ::"r"(address + i * 512),
            "l"(from + i * 512), "r"(left - i * 512), "l"(once));
#else
    for (int i = 0; i < rounds * 512 && i < left; i += 512)
        *reinterpret_cast<uint4*>(to + i) = *reinterpret_cast<const uint4*>(from + i);
#endif
}
// 16 bytes of a line that others are about to read too: all 128 bytes of it come to L2.
__device__ inline void copyAsyncOfLine(void* shared, const void* global) {
#if __CUDA_ARCH__ >= 800
    const auto to = static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(to), "l"(global));
#else
    *static_cast<uint4*>(shared) = *static_cast<const uint4*>(global);
#endif
}
// 16 bytes, of zeros where there is nothing to copy.
__device__ inline void copyAsyncOrZero(void* shared, const void* global, bool there) {
#if __CUDA_ARCH__ >= 800
    const auto to = static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(there ? 16 : 0));
#else
    *static_cast<uint4*>(shared) = there ? *static_cast<const uint4*>(global) : uint4{};
#endif
}
__device__ inline void endCopies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;");
#endif
}
template <int groups>
__device__ inline void awaitCopies() {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory");
#endif
}

// A barrier in shared memory that also counts bytes (PTX ISA, "mbarrier"), and what makes asynchronous copies arrive at it.
using CopyBarrier = std::uint64_t;
__device__ inline void beginBarrier(CopyBarrier* barrier, int arrivals) {
#if __CUDA_ARCH__ >= 800
    asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(arrivals) : "memory");
#endif
}
// Barriers that this thread began are there for bulk copies too.
__device__ inline void showBarriersToCopies() {
#if __CUDA_ARCH__ >= 900
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
}
// One arrival, and so many bytes to come by bulkCopy.
__device__ inline void expectBytes(CopyBarrier* barrier, int bytes) {
#if __CUDA_ARCH__ >= 900
    asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(bytes)
                 : "memory");
#endif
}
// True in one lane of a warp whose lanes all come here. The copy engine's instructions take what is the same in the whole warp; behind
// this condition, unlike `lane == 0`, the compiler knows that one lane asks, and makes no loop over lanes.
__device__ inline bool isChosenLane() {
#if __CUDA_ARCH__ >= 900
    std::uint32_t chosen;
    asm volatile("{\n.reg .pred one;\nelect.sync _|one, 0xffffffff;\nselp.b32 %0, 1, 0, one;\n}" : "=r"(chosen));
    return chosen != 0;
#else
    return threadIdx.x % 32 == 0;
#endif
}
// Whether the device that is compiled for has bulkCopy.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
inline constexpr bool kHasCopyEngine = true;
#else
inline constexpr bool kHasCopyEngine = false;
#endif
// Hopper's copy engine: one thread, 16 bytes aligned, a multiple of 16 of them, of weights: they are read once a step, and leave L2 before
// what is read again. The policy is made here, not by readOnce: shared by copies it took 1.2 % more time (4 bits, 4096 x 11008).
__device__ inline void bulkCopy(void* shared, const void* global, int bytes, CopyBarrier* barrier) {
#if __CUDA_ARCH__ >= 900
    asm volatile(
        "{\n.reg .b64 once;\ncreatepolicy.fractional.L2::evict_first.b64 once, 1.0;\n"
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], once;\n"
        "}" ::"r"(sharedAddress(shared)),
        "l"(global), "r"(bytes), "r"(sharedAddress(barrier))
        : "memory");
#endif
}
// This thread's arrival, when its copies by copyAsync are there.
__device__ inline void arriveAfterCopies(CopyBarrier* barrier) {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(sharedAddress(barrier)) : "memory");
#endif
}
// This thread's arrival, now.
__device__ inline void arriveAt(CopyBarrier* barrier) {
#if __CUDA_ARCH__ >= 800
    asm volatile("{\n.reg .b64 state;\nmbarrier.arrive.shared.b64 state, [%0];\n}" ::"r"(sharedAddress(barrier))
                 : "memory");
#endif
}
// Returns when the barrier's phase `parity` (0, 1, 0, ...) is over.
__device__ inline void awaitBarrier(CopyBarrier* barrier, unsigned parity) {
#if __CUDA_ARCH__ >= 900
    asm volatile(
        "{\n.reg .pred done;\nagain:\nmbarrier.try_wait.parity.shared.b64 done, [%0], %1;\n@!done bra again;\n}" ::"r"(
            sharedAddress(barrier)),
        "r"(parity)
        : "memory");
#elif __CUDA_ARCH__ >= 800
    asm volatile(
        "{\n.reg .pred done;\nagain:\nmbarrier.test_wait.parity.shared.b64 done, [%0], %1;\n@!done bra again;\n}" ::"r"(
            sharedAddress(barrier)),
        "r"(parity)
        : "memory");
#else
    __syncwarp();  // copies were not asynchronous
#endif
}

}  // namespace gptq
