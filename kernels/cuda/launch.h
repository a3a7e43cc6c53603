// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Kernels that follow each other closely: programmatic dependent launch (CUDA Programming Guide, "Programmatic Dependent
// Launch"). A chained kernel may start while the one before it still runs, and read what no kernel writes (weights) before it
// calls waitForPrevious(); it does call it, always, so that its own end means the end of all before it. Where the device
// cannot chain, both calls do nothing and kernels start one after the other.
#pragma once

#include "kernels/cuda/cuda_context.h"
#include "kernels/gpu_limits.h"

namespace gptq {

inline constexpr std::size_t kPlainShared = kStaticShared - 1024;  // less what kernels declare themselves

// With whatever of these attributes is asked for, and chained where the device can.
struct LaunchAttributes {
    unsigned cluster = 1;  // blocks, which the grid is a multiple of; more than 1 only on sm_90 and later
    bool atOnce = false;   // all blocks run at the same time, or the launch fails
};
template <class... Parameters, class... Arguments>
void launchWith(const LaunchAttributes& wanted, const CudaContext& context, void (*kernel)(Parameters...), dim3 grid,
                unsigned threads, std::size_t sharedBytes, const Arguments&... arguments) {
    if (sharedBytes > kPlainShared)
        CUDA_CHECK(
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(sharedBytes)));
    cudaLaunchAttribute attributes[3]{};
    cudaLaunchConfig_t config{};
    if (wanted.atOnce) {
        cudaLaunchAttribute& atOnce = attributes[config.numAttrs++];
        atOnce.id = cudaLaunchAttributeCooperative;
        atOnce.val.cooperative = 1;
    }
    if (context.limits().chainsKernels()) {
        cudaLaunchAttribute& chained = attributes[config.numAttrs++];
        chained.id = cudaLaunchAttributeProgrammaticStreamSerialization;
        chained.val.programmaticStreamSerializationAllowed = 1;
    }
    if (wanted.cluster > 1) {
        cudaLaunchAttribute& together = attributes[config.numAttrs++];
        together.id = cudaLaunchAttributeClusterDimension;
        together.val.clusterDim = {wanted.cluster, 1, 1};
    }
    config.gridDim = grid;
    config.blockDim = dim3(threads);
    config.dynamicSmemBytes = sharedBytes;
    config.stream = context.stream();
    config.attrs = attributes;
    CUDA_CHECK(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...));
}

template <class... Parameters, class... Arguments>
void launchChained(const CudaContext& context, void (*kernel)(Parameters...), dim3 grid, unsigned threads,
                   std::size_t sharedBytes, const Arguments&... arguments) {
    launchWith({}, context, kernel, grid, threads, sharedBytes, arguments...);
}

// What kernels before this one wrote may be read after it.
__device__ inline void waitForPrevious() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// The next kernel may start, as soon as every block of this one has called it.
__device__ inline void letNextStart() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

}  // namespace gptq
