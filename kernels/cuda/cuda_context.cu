// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cuda/cuda_context.h"

#include <algorithm>

namespace gptq {
namespace {

constexpr std::size_t kCublasWorkspace = 32u << 20;  // what cuBLAS advises for Hopper; enough for older cards

}  // namespace

CudaContext::CudaContext(int device) : m_device(device) {
    enter();
    CUDA_CHECK(cudaGetDeviceProperties(&m_properties, device));
    CUDA_CHECK(cudaStreamCreateWithFlags(&m_stream, cudaStreamNonBlocking));
    CUDA_CHECK(cudaDeviceGetDefaultMemPool(&m_pool, device));
    std::uint64_t keepAll = ~std::uint64_t{0};  // memory that was freed stays with the pool until another needs it
    CUDA_CHECK(cudaMemPoolSetAttribute(m_pool, cudaMemPoolAttrReleaseThreshold, &keepAll));
    CUBLAS_CHECK(cublasCreate(&m_cublas));
    CUBLAS_CHECK(cublasSetStream(m_cublas, m_stream));
    CUDA_CHECK(cudaMalloc(&m_cublasWorkspace, kCublasWorkspace));  // fixed, so that recorded steps may use it
    CUBLAS_CHECK(cublasSetWorkspace(m_cublas, m_cublasWorkspace, kCublasWorkspace));
    CUSOLVER_CHECK(cusolverDnCreate(&m_cusolver));
    CUSOLVER_CHECK(cusolverDnSetStream(m_cusolver, m_stream));
}

CudaContext::~CudaContext() {
    cudaSetDevice(m_device);
    cudaStreamSynchronize(m_stream);
    cusolverDnDestroy(m_cusolver);
    cublasDestroy(m_cublas);
    cudaFree(m_cublasWorkspace);
    cudaMemPoolTrimTo(m_pool, 0);
    cudaStreamDestroy(m_stream);
}

void* CudaContext::allocate(std::size_t bytes) {
    enter();
    void* data = nullptr;
    const cudaError_t status = cudaMallocAsync(&data, std::max<std::size_t>(bytes, 1), m_stream);
    if (status == cudaErrorMemoryAllocation) {
        cudaGetLastError();  // not sticky: the next call starts clean
        const MemoryUse use = memory();
        throw Error("the GPU has no ", bytes >> 20, " MiB of memory left: ", use.used >> 20, " MiB are in use here, ",
                    use.free >> 20, " of ", use.total >> 20,
                    " MiB are free. Close other programs that use the GPU, or use shorter sequences");
    }
    checkCuda(status, "cudaMallocAsync");
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
    MemoryUse use{m_used, m_peak, 0, 0};
    CUDA_CHECK(cudaMemGetInfo(&use.free, &use.total));
    std::uint64_t reserved = 0, inUse = 0;
    CUDA_CHECK(cudaMemPoolGetAttribute(m_pool, cudaMemPoolAttrReservedMemCurrent, &reserved));
    CUDA_CHECK(cudaMemPoolGetAttribute(m_pool, cudaMemPoolAttrUsedMemCurrent, &inUse));
    use.free += reserved - inUse;
    return use;
}

}  // namespace gptq
