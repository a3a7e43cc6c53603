// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Cross entropy: loss[t] = log(sum(exp(logits[t]))) - logits[t][target]. A block a token; two passes over its row, the second from
// cache.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kThreads = 512;

__global__ void crossEntropyKernel(const float* logits, std::int64_t stride, const std::int32_t* targets, float* loss,
                                   int vocabulary) {
    const float* row = logits + blockIdx.x * stride;
    float most = -INFINITY;
    for (int i = static_cast<int>(threadIdx.x); i < vocabulary; i += kThreads) most = fmaxf(most, row[i]);
    most = blockReduce(most, -INFINITY, Max{});
    double sum = 0;
    for (int i = static_cast<int>(threadIdx.x); i < vocabulary; i += kThreads) sum += expf(row[i] - most);
    sum = blockReduce(sum, 0.0, Sum{});
    if (threadIdx.x != 0) return;
    const std::int32_t target = targets[blockIdx.x];
    // A target out of range cannot be reported from here: it shows as NaN.
    loss[blockIdx.x] = target < 0 || target >= vocabulary ? __int_as_float(0x7fffffff)
                                                          : static_cast<float>(log(sum) + most - row[target]);
}

}  // namespace

void CudaBackend::crossEntropy(ConstTensorView logits, ConstTensorView targets, TensorView loss) {
    m_context->enter();
    const std::int64_t tokens = logits.rows(), vocabulary = logits.columns();
    requireMatrix(logits, DType::Float32, tokens, vocabulary, "cross entropy: logits");
    requireVector(targets, DType::Int32, tokens, "cross entropy: targets");
    requireVector(loss, DType::Float32, tokens, "cross entropy: loss");
    crossEntropyKernel<<<static_cast<unsigned>(tokens), kThreads, 0, stream()>>>(
        deviceData<float>(logits), logits.rowStride(), deviceData<std::int32_t>(targets), deviceData<float>(loss),
        static_cast<int>(vocabulary));
    CUDA_CHECK_LAUNCH();
}

}  // namespace gptq
