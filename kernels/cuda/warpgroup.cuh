// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Hopper's asynchronous products of a warpgroup (PTX ISA, "Asynchronous Warpgroup Level Matrix Multiply-Accumulate Instructions"), for
// sm_90a alone: D (64, n) += A (64, 16) B (16, n), A in registers, B in shared memory, D in float32.
//
// Warp w of the group holds rows 16 w to 16 w + 15 of A and D, as fragments of mma.m16n8k16: A's is FragmentA, D's n / 8 times
// FragmentC's. B lies by columns, 64 elements (128 bytes) a row, eight rows of 128 bytes a piece whose 16-byte chunks are
// exchanged: chunk c of row r lies at chunk c ^ (r % 8).
#pragma once

#include <cuda.h>

#include "kernels/cuda/ptx.cuh"

// Instructions that no other architecture has, not even a later one.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#define GPTQ_HOPPER_DEVICE
#endif

namespace gptq {

#ifdef GPTQ_HOPPER_DEVICE

// Registers of the fragments and sums are in order before the next products read them.
__device__ inline void beginProducts() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ inline void endProducts() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
// Returns when all but the newest `groups` of products are done.
template <int groups>
__device__ inline void awaitProducts() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(groups) : "memory");
}

// Of B at an address of shared memory, in the form that is described above.
__device__ inline std::uint64_t matrixDescriptor(std::uint32_t address) {
    constexpr std::uint64_t kSwizzled128 = std::uint64_t{1} << 62, kPieceStride = std::uint64_t{1024 >> 4} << 32,
                            kUnused = std::uint64_t{1} << 16;
    return kSwizzled128 | kPieceStride | kUnused | (address & 0x3ffff) >> 4;
}

#define GPTQ_SUMS_4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define GPTQ_SUMS_8(i) GPTQ_SUMS_4(i), GPTQ_SUMS_4(i + 4)
#define GPTQ_SUMS_16(i) GPTQ_SUMS_8(i), GPTQ_SUMS_8(i + 8)
#define GPTQ_SUMS_32(i) GPTQ_SUMS_16(i), GPTQ_SUMS_16(i + 16)
#define GPTQ_SUMS_64(i) GPTQ_SUMS_32(i), GPTQ_SUMS_32(i + 32)
#define GPTQ_SUMS_128(i) GPTQ_SUMS_64(i), GPTQ_SUMS_64(i + 64)
#define GPTQ_NAMES_16 "%0, %1, %2, %3, %4, %5, %6, %7"
#define GPTQ_NAMES_32 "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
#define GPTQ_NAMES_64                                                        \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define GPTQ_NAMES_128                                                                 \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "           \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define GPTQ_NAMES_256                                                                             \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                       \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "             \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "             \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "             \
    "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "             \
    "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "             \
    "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
    "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
// multiply16 and so on: d += a b, or d = a b where `adds` is 0: d, this thread's sums of tokens [8 i, 8 i + 8) in d[4 i] to
// d[4 i + 3]. a0 to a3, matrix, add: the numbers of the operands that follow d's.
#define GPTQ_MULTIPLY(n, T, type, sums, a0, a1, a2, a3, matrix, add)                                     \
    __device__ inline void multiply##n(float* d, const FragmentA& a, std::uint64_t b, int adds, T) {     \
        asm volatile("{\n.reg .pred added;\nsetp.ne.b32 added, %" add                                    \
                     ", 0;\n"                                                                            \
                     "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32." type "." type " {" GPTQ_NAMES_##n \
                     "}, {%" a0 ", %" a1 ", %" a2 ", %" a3 "}, %" matrix ", added, 1, 1, 0;\n}"          \
                     : GPTQ_SUMS_##sums(0)                                                               \
                     : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "l"(b), "r"(adds));           \
    }
#define GPTQ_MULTIPLY_BOTH(n, sums, ...)             \
    GPTQ_MULTIPLY(n, Half, "f16", sums, __VA_ARGS__) \
    GPTQ_MULTIPLY(n, Brain, "bf16", sums, __VA_ARGS__)

GPTQ_MULTIPLY_BOTH(16, 8, "8", "9", "10", "11", "12", "13")
GPTQ_MULTIPLY_BOTH(32, 16, "16", "17", "18", "19", "20", "21")
GPTQ_MULTIPLY_BOTH(64, 32, "32", "33", "34", "35", "36", "37")
GPTQ_MULTIPLY_BOTH(128, 64, "64", "65", "66", "67", "68", "69")
GPTQ_MULTIPLY_BOTH(256, 128, "128", "129", "130", "131", "132", "133")

// Returns when all products are done, and with them these sums.
__device__ inline void awaitSums(float (&d)[8]) {
    asm volatile("wgmma.wait_group.sync.aligned 0;" : GPTQ_SUMS_8(0)::"memory");
}

#undef GPTQ_MULTIPLY_BOTH
#undef GPTQ_MULTIPLY

// `tokens` as the number of instructions above.
template <int tokens, class T>
__device__ inline void multiplyWarpgroup(float* d, const FragmentA& a, std::uint64_t b, int adds) {
    if constexpr (tokens == 16) multiply16(d, a, b, adds, T{});
    else if constexpr (tokens == 32) multiply32(d, a, b, adds, T{});
    else if constexpr (tokens == 64) multiply64(d, a, b, adds, T{});
    else if constexpr (tokens == 128) multiply128(d, a, b, adds, T{});
    else multiply256(d, a, b, adds, T{});
}

// The registers that each thread of this warpgroup may use from here on.
template <int registers>
__device__ inline void takeRegisters() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(registers));
}
template <int registers>
__device__ inline void leaveRegisters() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(registers));
}

// awaitBarrier for those who have nothing else to do and leave the others the instructions.
__device__ inline void awaitAsleep(CopyBarrier* barrier, unsigned parity) {
    asm volatile(
        "{\n.reg .pred done;\nagain:\nmbarrier.try_wait.parity.shared.b64 done, [%0], %1;\n@done bra over;\n"
        "nanosleep.u32 40;\nbra again;\nover:\n}" ::"r"(sharedAddress(barrier)),
        "r"(parity)
        : "memory");
}

// One arrival.
__device__ inline void arrive(CopyBarrier* barrier) {
    asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(sharedAddress(barrier)) : "memory");
}

// Blocks of a cluster, which reach each other's shared memory.
__device__ inline unsigned rankInCluster() {
    unsigned rank;
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}
// It says that all are here; barriers that were begun are seen by showBarriersToCopies().
__device__ inline void meetCluster() {
    asm volatile("barrier.cluster.arrive.relaxed.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}
// The same in two steps.
__device__ inline void arriveAtCluster() {
    asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
}
__device__ inline void awaitCluster() {
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}
// An arrival at the barrier that block `rank` of the cluster has at this one's address. It says that something was read; what was
// written would have to be made visible to the cluster first.
__device__ inline void arriveAt(CopyBarrier* barrier, unsigned rank) {
    asm volatile(
        "{\n.reg .b32 there;\nmapa.shared::cluster.u32 there, %0, %1;\n"
        "mbarrier.arrive.shared::cluster.b64 _, [there];\n}" ::"r"(sharedAddress(barrier)),
        "r"(rank)
        : "memory");
}
// The address of block `rank`'s shared memory that is `address` here; two numbers written there, which a barrier there counts as eight
// bytes.
__device__ inline std::uint32_t addressAt(std::uint32_t address, unsigned rank) {
    std::uint32_t there;
    asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(address), "r"(rank));
    return there;
}
__device__ inline void storeAt(std::uint32_t address, float first, float second, std::uint32_t barrier) {
    asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.v2.f32 [%0], {%1, %2}, [%3];" ::"r"(address),
                 "f"(first), "f"(second), "r"(barrier)
                 : "memory");
}
// A box of a matrix (tensor_map.h) from (row, column) on, by one thread; zeros where there is none. To 128 bytes aligned.
__device__ inline void tensorCopy(void* shared, const CUtensorMap& map, int column, int row, CopyBarrier* barrier) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], "
        "[%4];" ::"r"(sharedAddress(shared)),
        "l"(&map), "r"(column), "r"(row), "r"(sharedAddress(barrier))
        : "memory");
}
// The same to this address, and to the barrier there, of every block of the cluster that `blocks` has a bit of.
__device__ inline void tensorCopyToAll(void* shared, const CUtensorMap& map, int column, int row, CopyBarrier* barrier,
                                       std::uint16_t blocks) {
    asm volatile(
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%0], "
        "[%1, {%2, %3}], [%4], %5;" ::"r"(sharedAddress(shared)),
        "l"(&map), "r"(column), "r"(row), "r"(sharedAddress(barrier)), "h"(blocks)
        : "memory");
}

#endif

}  // namespace gptq
