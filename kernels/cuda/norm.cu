// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// RMSNorm: y = x / sqrt(mean(x^2) + epsilon) * weight, x (tokens, width) float32, y of the activation type. A block a token; bound by
// memory: 4 bytes in, 2 out an element.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void rmsNormKernel(const float* x, std::int64_t inStride, const float* weight, float epsilon, T* y,
                              std::int64_t outStride, int width) {
    const float* in = x + blockIdx.x * inStride;
    float squares = 0;
    for (int i = static_cast<int>(threadIdx.x); i < width; i += kThreads) squares += in[i] * in[i];
    squares = blockReduce(squares, 0.0f, Sum{});
    const float factor = rsqrtf(squares / static_cast<float>(width) + epsilon);
    for (int i = static_cast<int>(threadIdx.x); i < width; i += kThreads)
        y[blockIdx.x * outStride + i] = fromFloat<T>(in[i] * factor * weight[i]);
}

}  // namespace

void CudaBackend::normalize(const NormSpec& norm, ConstTensorView x, TensorView y) {
    m_context->enter();
    const std::int64_t tokens = x.rows(), width = x.columns();
    requireMatrix(x, DType::Float32, tokens, width, "norm: x");
    requireMatrix(y, y.dtype(), tokens, width, "norm: y");
    requireVector(norm.weight, DType::Float32, width, "norm: weight");
    withActivation(y.dtype(), [&]<class T>() {
        rmsNormKernel<<<static_cast<unsigned>(tokens), kThreads, 0, stream()>>>(
            deviceData<float>(x), x.rowStride(), deviceData<float>(norm.weight), norm.epsilon, deviceData<T>(y),
            y.rowStride(), static_cast<int>(width));
    });
    CUDA_CHECK_LAUNCH();
}

}  // namespace gptq
