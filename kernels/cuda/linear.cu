// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of a linear group: dense by cuBLAS, packed by the decode kernel for few tokens and else dequantized for cuBLAS; norm before
// and epilogue after are kernels of their own here.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/packed_gemv.cuh"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void addBiasKernel(T* y, std::int64_t stride, const float* bias, std::int64_t width, std::int64_t elements) {
    const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (at >= elements) return;
    T& out = y[at / width * stride + at % width];
    out = fromFloat<T>(asFloat(out) + bias[at % width]);
}

template <class T>
__global__ void gatherKernel(const T* x, std::int64_t stride, const std::int32_t* order, T* y, std::int64_t columns,
                             std::int64_t elements) {
    const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (at < elements) y[at] = x[at / columns * stride + order[at % columns]];
}

cudaDataType_t cudaTypeOf(DType type) {
    return type == DType::Float32 ? CUDA_R_32F : type == DType::Float16 ? CUDA_R_16F : CUDA_R_16BF;
}

}  // namespace

void CudaBackend::compose(const GroupCall& call, std::int64_t outputs, ConstTensorView bias, const Product& product) {
    const std::int64_t tokens = call.x.rows();
    ConstTensorView x = call.x;
    if (call.in) {
        const TensorView normed = call.normedScratch.rowRange(0, tokens).columnRange(0, x.columns());
        normalize(*call.in, x, normed);
        x = normed;
    }
    const bool gated = call.epilogue == Epilogue::SiluGate;
    const TensorView y = gated ? call.productScratch.rowRange(0, tokens).columnRange(0, outputs) : call.y;
    product(x, y, call.epilogue == Epilogue::AddResidual);
    if (!bias.empty()) {
        withFloating(y.dtype(), [&]<class T>() {
            addBiasKernel<<<blocksFor(tokens * outputs, kThreads), kThreads, 0, stream()>>>(
                deviceData<T>(y), y.rowStride(), deviceData<float>(bias), outputs, tokens * outputs);
        });
        CUDA_CHECK_LAUNCH();
    }
    if (gated) siluGate(y, call.y);
}

void CudaBackend::linear(const DenseWeight& weight, const GroupCall& call) {
    m_context->enter();
    const ConstTensorView w = weight.weight;
    requireMatrix(w, w.dtype(), w.rows(), call.x.columns(), "linear: weight");
    if (!weight.bias.empty()) requireVector(weight.bias, DType::Float32, w.rows(), "linear: bias");
    checkGroupCall(call, w.rows(), w.columns(), w.dtype());
    compose(call, w.rows(), weight.bias,
            [&](ConstTensorView x, TensorView y, bool accumulate) { denseProduct(x, w, y, accumulate); });
}

void CudaBackend::linear(const PackedWeight& weight, const GroupCall& call) {
    m_context->enter();
    checkPackedWeight(weight);
    const DType activations = call.in ? call.normedScratch.dtype() : call.x.dtype();
    checkGroupCall(call, weight.rows, weight.columns, activations);
    compose(call, weight.rows, weight.bias,
            [&](ConstTensorView x, TensorView y, bool accumulate) { packedProduct(weight, x, y, accumulate); });
}

void CudaBackend::packedProduct(const PackedWeight& weight, ConstTensorView x, TensorView y, bool accumulate) {
    const std::int64_t tokens = x.rows();
    if (!weight.columnOrder.empty()) {
        const TensorView gathered(
            static_cast<std::byte*>(scratch(m_inputScratch, static_cast<std::size_t>(tokens * weight.columns) * 2)),
            x.dtype(), Shape{tokens, weight.columns}, device());
        withActivation(x.dtype(), [&]<class T>() {
            gatherKernel<<<blocksFor(tokens * weight.columns, kThreads), kThreads, 0, stream()>>>(
                deviceData<T>(x), x.rowStride(), deviceData<std::int32_t>(weight.columnOrder), deviceData<T>(gathered),
                weight.columns, tokens * weight.columns);
        });
        CUDA_CHECK_LAUNCH();
        x = gathered;
    }
    if (tokens <= kMostGemvTokens && packedGemvTakes(weight)) return packedGemv(weight, x, y, accumulate, stream());
    const TensorView dense(
        static_cast<std::byte*>(scratch(m_weightScratch, static_cast<std::size_t>(weight.rows * weight.columns) * 2)),
        x.dtype(), Shape{weight.rows, weight.columns}, device());
    packedDequantize(weight, dense, stream());
    denseProduct(x, dense, y, accumulate);
}

// Row-major y (m, n) is column-major (n, m): y^T = w x^T.
void CudaBackend::denseProduct(ConstTensorView x, ConstTensorView w, TensorView y, bool accumulate) {
    const float one = 1.0f, beta = accumulate ? 1.0f : 0.0f;
    const int m = static_cast<int>(x.rows()), n = static_cast<int>(w.rows()), k = static_cast<int>(x.columns());
    CUBLAS_CHECK(cublasGemmEx(m_context->cublas(), CUBLAS_OP_T, CUBLAS_OP_N, n, m, k, &one, w.data(),
                              cudaTypeOf(w.dtype()), static_cast<int>(w.rowStride()), x.data(), cudaTypeOf(x.dtype()),
                              static_cast<int>(x.rowStride()), &beta, y.data(), cudaTypeOf(y.dtype()),
                              static_cast<int>(y.rowStride()), CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
}

void CudaBackend::subtractProduct(ConstTensorView a, ConstTensorView b, TensorView y) {
    const float minusOne = -1.0f, one = 1.0f;
    const int m = static_cast<int>(y.rows()), n = static_cast<int>(y.columns()), k = static_cast<int>(a.columns());
    // Plain float32: TF32 would lose what error compensation works with.
    CUBLAS_CHECK(cublasGemmEx(m_context->cublas(), CUBLAS_OP_N, CUBLAS_OP_N, n, m, k, &minusOne, b.data(), CUDA_R_32F,
                              static_cast<int>(b.rowStride()), a.data(), CUDA_R_32F, static_cast<int>(a.rowStride()),
                              &one, y.data(), CUDA_R_32F, static_cast<int>(y.rowStride()), CUBLAS_COMPUTE_32F_PEDANTIC,
                              CUBLAS_GEMM_DEFAULT));
}

}  // namespace gptq
