// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// One device's stream, library handles and memory; shared by a backend and the buffers that outlive it.
#pragma once

#include <cstddef>
#include <memory>

#include "kernels/backend.h"
#include "kernels/cuda/check.h"
#include "kernels/gpu_limits.h"

namespace gptq {

class CudaContext {
public:
    CudaContext(int device, std::size_t budget);  // bytes of the device that may be taken in all; 0: what it has
    ~CudaContext();
    CudaContext(const CudaContext&) = delete;
    CudaContext& operator=(const CudaContext&) = delete;

    void enter() const { CUDA_CHECK(cudaSetDevice(m_device)); }  // every entry of the backend begins so
    int device() const { return m_device; }
    const cudaDeviceProp& properties() const { return m_properties; }
    // What kernels are chosen and launched by: of this card, or of an older one where GPTQ_STUDIO_SM says so.
    const GpuLimits& limits() const { return m_limits; }
    cudaStream_t stream() const { return m_stream; }
    cublasHandle_t cublas() const { return m_cublas; }
    cusolverDnHandle_t cusolver() const { return m_cusolver; }

    void* allocate(std::size_t bytes);  // stream-ordered; throws Error that says what is free and what to do
    void release(void* data, std::size_t bytes) noexcept;
    MemoryUse memory() const;

private:
    std::size_t poolBytes(cudaMemPoolAttr attribute) const;
    void keepToBudget(std::size_t bytes);
    void* tryToAllocate(std::size_t bytes);

    int m_device;
    std::size_t m_budget;
    cudaDeviceProp m_properties{};
    GpuLimits m_limits;
    cudaStream_t m_stream = nullptr;
    cublasHandle_t m_cublas = nullptr;
    cusolverDnHandle_t m_cusolver = nullptr;
    cudaMemPool_t m_pool = nullptr;
    void* m_cublasWorkspace = nullptr;
    std::size_t m_overhead = 0;  // context and libraries
    std::size_t m_used = 0;
    std::size_t m_peak = 0;
};

// Device memory for the length of a scope or longer, on the context's stream.
class DeviceArray {
public:
    DeviceArray() = default;
    DeviceArray(std::shared_ptr<CudaContext> context, std::size_t bytes)
        : m_context(std::move(context)), m_bytes(bytes) {
        m_data = m_context->allocate(bytes);
    }
    ~DeviceArray() {
        if (m_data) m_context->release(m_data, m_bytes);
    }
    DeviceArray(DeviceArray&& other) noexcept { swap(other); }
    DeviceArray& operator=(DeviceArray&& other) noexcept {
        swap(other);
        return *this;
    }

    std::size_t bytes() const { return m_bytes; }
    template <class T>
    T* as() const {
        return static_cast<T*>(m_data);
    }

private:
    void swap(DeviceArray& other) noexcept {
        std::swap(m_context, other.m_context);
        std::swap(m_data, other.m_data);
        std::swap(m_bytes, other.m_bytes);
    }

    std::shared_ptr<CudaContext> m_context;
    void* m_data = nullptr;
    std::size_t m_bytes = 0;
};

}  // namespace gptq
