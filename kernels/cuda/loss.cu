// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Cross entropy: loss[t] = log(sum(exp(logits[t]))) - logits[t][target]. A block a token, a thread eight neighbours at a time, its sum
// made smaller whenever it meets a larger logit (online softmax, Milakov and Gimelshein 2018, arXiv 1805.02867):
//
//     row t   | thread 0: 0-7 | thread 1: 8-15 | ... | thread 511: 4088-4095 | thread 0: 4096-4103 | ...
//
// Bound: memory, 4 bytes a logit; measured 65 % of a copy's bandwidth (264 x 32000, two blocks a multiprocessor: 17.3 us)
#include <cfloat>

#include "kernels/cuda/chunks.cuh"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kNeighbours = 8;
constexpr int kThreads = 512;

template <int count>
__global__ void __launch_bounds__(kThreads)
    crossEntropyKernel(const float* logits, std::int64_t stride, const std::int32_t* targets, float* loss,
                       int vocabulary) {
    const float* row = logits + blockIdx.x * stride;
    float most = -FLT_MAX;  // no infinity, which less itself is no number
    double sum = 0;
    for (int i = static_cast<int>(threadIdx.x) * count; i < vocabulary; i += kThreads * count) {
        float values[count], part = 0;
        readChunk(row + i, values);
        float top = most;
        for (const float value : values) top = fmaxf(top, value);
        if (top > most) sum *= expf(most - top);
        most = top;
        for (const float value : values) part += expf(value - most);
        sum += part;
    }
    const float top = blockReduce(most, -FLT_MAX, Max{});
    sum = blockReduce(sum * expf(most - top), 0.0, Sum{});
    if (threadIdx.x != 0) return;
    const std::int32_t target = targets[blockIdx.x];
    // A target out of range cannot be reported from here: it shows as NaN.
    loss[blockIdx.x] = target < 0 || target >= vocabulary ? __int_as_float(0x7fffffff)
                                                          : static_cast<float>(log(sum) + top - row[target]);
}

}  // namespace

void CudaBackend::crossEntropy(ConstTensorView logits, ConstTensorView targets, TensorView loss) {
    enter();
    const std::int64_t tokens = logits.rows(), vocabulary = logits.columns();
    requireMatrix(logits, DType::Float32, tokens, vocabulary, "cross entropy: logits");
    requireVector(targets, DType::Int32, tokens, "cross entropy: targets");
    requireVector(loss, DType::Float32, tokens, "cross entropy: loss");
    withChunks<kNeighbours>({logits}, [&]<int count>() {
        crossEntropyKernel<count><<<static_cast<unsigned>(tokens), kThreads, 0, stream()>>>(
            deviceData<float>(logits), logits.rowStride(), deviceData<std::int32_t>(targets), deviceData<float>(loss),
            static_cast<int>(vocabulary));
    });
    CUDA_CHECK_LAUNCH();
}

}  // namespace gptq
