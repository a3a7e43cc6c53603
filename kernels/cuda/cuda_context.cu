// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cuda/cuda_context.h"

#include <algorithm>
#include <cstdlib>

#include "kernels/cuda/device_memory.h"

namespace gptq {
namespace {

constexpr std::size_t kCublasWorkspace = 32u << 20;  // what cuBLAS advises for Hopper; enough for older cards

// A backend's own: its peak is nobody else's.
cudaMemPool_t makePool(int device) {
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    cudaMemPool_t pool = nullptr;
    CUDA_CHECK(cudaMemPoolCreate(&pool, &properties));
    std::uint64_t keepAll = ~std::uint64_t{0};  // memory that was freed stays with the pool until another needs it
    CUDA_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keepAll));
    return pool;
}

}  // namespace

CudaContext::CudaContext(int device, std::size_t budget) : m_device(device), m_budget(budget) {
    CUDA_CHECK(cudaGetDeviceProperties(&m_properties, device));
    m_limits = limitsAsIf(m_properties.major * 10 + m_properties.minor, std::getenv("GPTQ_STUDIO_SM"));
    const std::size_t before = usedDeviceMemory(m_properties);
    enter();
    CUDA_CHECK(cudaStreamCreateWithFlags(&m_stream, cudaStreamNonBlocking));
    m_pool = makePool(device);
    CUBLAS_CHECK(cublasCreate(&m_cublas));
    CUBLAS_CHECK(cublasSetStream(m_cublas, m_stream));
    CUDA_CHECK(cudaMalloc(&m_cublasWorkspace, kCublasWorkspace));  // fixed, so that recorded steps may use it
    CUBLAS_CHECK(cublasSetWorkspace(m_cublas, m_cublasWorkspace, kCublasWorkspace));
    CUSOLVER_CHECK(cusolverDnCreate(&m_cusolver));
    CUSOLVER_CHECK(cusolverDnSetStream(m_cusolver, m_stream));
    const std::size_t after = usedDeviceMemory(m_properties);
    m_overhead = std::max(kCublasWorkspace, after > before ? after - before : 0);
}

CudaContext::~CudaContext() {
    cudaSetDevice(m_device);
    cudaStreamSynchronize(m_stream);
    cusolverDnDestroy(m_cusolver);
    cublasDestroy(m_cublas);
    cudaFree(m_cublasWorkspace);
    cudaMemPoolDestroy(m_pool);
    cudaStreamDestroy(m_stream);
}

std::size_t CudaContext::poolBytes(cudaMemPoolAttr attribute) const {
    std::uint64_t bytes = 0;
    CUDA_CHECK(cudaMemPoolGetAttribute(m_pool, attribute, &bytes));
    return bytes;
}

// What the pool keeps for later counts as well: it is given back where new memory would pass the budget.
void CudaContext::keepToBudget(std::size_t bytes) {
    if (m_budget == 0) return;
    if (m_used + m_overhead + bytes > m_budget)
        throw Error(
            "the budget of ", m_budget >> 20, " MiB of GPU memory is too small: ", bytes >> 20,
            " MiB more are needed, ", m_used >> 20, " MiB are in use and ", m_overhead >> 20,
            " MiB are taken by CUDA itself. Raise --vram, or use fewer or shorter windows (--samples, --seq-len)");
    if (poolBytes(cudaMemPoolAttrReservedMemCurrent) + m_overhead + bytes <= m_budget) return;
    CUDA_CHECK(cudaStreamSynchronize(m_stream));
    CUDA_CHECK(cudaMemPoolTrimTo(m_pool, 0));
}

// Null where the device has no more.
void* CudaContext::tryToAllocate(std::size_t bytes) {
    void* data = nullptr;
    const cudaError_t status = cudaMallocFromPoolAsync(&data, std::max<std::size_t>(bytes, 1), m_pool, m_stream);
    if (status == cudaErrorMemoryAllocation) {
        cudaGetLastError();  // not sticky: the next call starts clean
        return nullptr;
    }
    checkCuda(status, "cudaMallocFromPoolAsync");
    return data;
}

void* CudaContext::allocate(std::size_t bytes) {
    enter();
    keepToBudget(bytes);
    void* data = tryToAllocate(bytes);
    if (!data) {
        const MemoryUse use = memory();
        throw Error("the GPU has no ", bytes >> 20, " MiB of memory left: ", use.used >> 20, " MiB are in use here, ",
                    use.free >> 20, " of ", use.total >> 20,
                    " MiB are free. Close other programs that use the GPU, or use shorter sequences");
    }
    m_used += bytes;
    m_peak = std::max(m_peak, m_used);
    return data;
}

void CudaContext::release(void* data, std::size_t bytes) noexcept {
    cudaSetDevice(m_device);
    cudaFreeAsync(data, m_stream);
    m_used -= bytes;
}

MemoryUse CudaContext::memory() const {
    enter();
    MemoryUse use;
    use.used = m_used;
    use.peak = m_peak;
    CUDA_CHECK(cudaMemGetInfo(&use.free, &use.total));
    use.free += poolBytes(cudaMemPoolAttrReservedMemCurrent) - poolBytes(cudaMemPoolAttrUsedMemCurrent);
    if (m_budget > 0) use.free = std::min(use.free, m_budget - std::min(m_budget, m_used + m_overhead));
    use.devicePeak = poolBytes(cudaMemPoolAttrReservedMemHigh) + m_overhead;
    return use;
}

}  // namespace gptq
