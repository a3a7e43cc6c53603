// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Ops that touch every element once: y[t, i] of x[t, i]. A thread an element; bound by memory.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void embedKernel(const std::int32_t* ids, const T* table, std::int64_t tableStride, std::int64_t vocabulary,
                            float* residual, std::int64_t stride, int width) {
    waitForPrevious();
    letNextStart();
    const std::int32_t id = ids[blockIdx.x];
    const bool known = id >= 0 && id < vocabulary;
    for (int i = static_cast<int>(threadIdx.x); i < width; i += kThreads) {
        // An id out of range cannot be reported from here: it shows as NaN.
        residual[blockIdx.x * stride + i] = known ? asFloat(table[id * tableStride + i]) : __int_as_float(0x7fffffff);
    }
}

template <class T>
__global__ void siluGateKernel(const T* gateUp, std::int64_t inStride, T* y, std::int64_t outStride, std::int64_t width,
                               std::int64_t elements) {
    const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (at >= elements) return;
    const std::int64_t token = at / width, i = at % width;
    const float gate = asFloat(gateUp[token * inStride + i]), up = asFloat(gateUp[token * inStride + width + i]);
    y[token * outStride + i] = fromFloat<T>(gate / (1.0f + __expf(-gate)) * up);
}

template <class T>
__global__ void addResidualKernel(const T* x, std::int64_t inStride, float* residual, std::int64_t outStride,
                                  std::int64_t width, std::int64_t elements) {
    const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (at >= elements) return;
    residual[at / width * outStride + at % width] += asFloat(x[at / width * inStride + at % width]);
}

}  // namespace

void CudaBackend::embed(ConstTensorView ids, ConstTensorView table, TensorView residual) {
    m_context->enter();
    const std::int64_t tokens = residual.rows(), width = residual.columns();
    requireVector(ids, DType::Int32, tokens, "embed: ids");
    requireMatrix(table, table.dtype(), table.rows(), width, "embed: table");
    requireMatrix(residual, DType::Float32, tokens, width, "embed: residual");
    withActivation(table.dtype(), [&]<class T>() {
        launchChained(*m_context, embedKernel<T>, static_cast<unsigned>(tokens), kThreads, 0,
                      deviceData<std::int32_t>(ids), deviceData<T>(table), table.rowStride(), table.rows(),
                      deviceData<float>(residual), residual.rowStride(), static_cast<int>(width));
    });
}

void CudaBackend::siluGate(ConstTensorView gateUp, TensorView y) {
    m_context->enter();
    const std::int64_t tokens = y.rows(), width = y.columns();
    requireMatrix(gateUp, y.dtype(), tokens, 2 * width, "silu gate: gate and up");
    requireMatrix(y, gateUp.dtype(), tokens, width, "silu gate: y");
    withActivation(y.dtype(), [&]<class T>() {
        siluGateKernel<<<blocksFor(tokens * width, kThreads), kThreads, 0, stream()>>>(
            deviceData<T>(gateUp), gateUp.rowStride(), deviceData<T>(y), y.rowStride(), width, tokens * width);
    });
    CUDA_CHECK_LAUNCH();
}

void CudaBackend::addResidual(ConstTensorView x, TensorView residual) {
    m_context->enter();
    const std::int64_t tokens = residual.rows(), width = residual.columns();
    requireMatrix(x, x.dtype(), tokens, width, "add residual: x");
    requireMatrix(residual, DType::Float32, tokens, width, "add residual: residual");
    withActivation(x.dtype(), [&]<class T>() {
        addResidualKernel<<<blocksFor(tokens * width, kThreads), kThreads, 0, stream()>>>(
            deviceData<T>(x), x.rowStride(), deviceData<float>(residual), residual.rowStride(), width, tokens * width);
    });
    CUDA_CHECK_LAUNCH();
}

}  // namespace gptq
