// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of a linear group, by the number of tokens: the decode kernels take few, with norm and epilogue; between kernels of norm
// and epilogue, packed weights of some tokens have a kernel, of many are dequantized for cuBLAS, which dense ones always take.
//
// Two kernels are here, a thread eight neighbours of a row: a bias added to a product, and inputs gathered in packed order:
//
//     row t   | block (t, 0): thread 0: 0-7 | thread 1: 8-15 | ... | block (t, 1): 2048-2055 | ...     inputs where the order says
//
// Bound: memory; measured on 2,048 tokens the bias of 12,288 outputs 107 % of a copy's bandwidth (47.2 us: some of what it writes stays in
// the L2 cache), 4,096 inputs gathered 78 % (14.4 us).
#include "kernels/cuda/chunks.cuh"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/dense_decode.cuh"
#include "kernels/cuda/packed_dequantize.cuh"
#include "kernels/cuda/packed_hopper.cuh"
#include "kernels/cuda/packed_hopper_few.cuh"
#include "kernels/cuda/packed_middle.cuh"
#include "kernels/cuda/packed_wide.cuh"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kNeighbours = 8;
constexpr std::int64_t kMostDenseInputBytes = static_cast<std::int64_t>(kPlainShared);

// y = product + bias, or += it; rounded once.
template <class T, int count>
__global__ void addBiasKernel(const float* product, const float* bias, T* y, std::int64_t stride, bool accumulate,
                              int width) {
    const int i = firstOfChunk<count>();
    if (i >= width) return;
    T* const to = y + blockIdx.x * stride + i;
    float sums[count], biases[count], before[count] = {};
    readChunk(product + static_cast<std::int64_t>(blockIdx.x) * width + i, sums);
    readChunk(bias + i, biases);
    if (accumulate) readChunk(to, before);
#pragma unroll
    for (int j = 0; j < count; ++j) sums[j] = before[j] + (sums[j] + biases[j]);
    writeChunk(sums, to);
}

template <class T, int count>
__global__ void gatherKernel(const T* x, std::int64_t stride, const std::int32_t* order, T* y, int columns) {
    const int i = firstOfChunk<count>();
    if (i >= columns) return;
    const T* from = x + blockIdx.x * stride;
    float values[count];
    using Part = ChunkPart<std::int32_t, count>;
#pragma unroll
    for (int j = 0; j < count; j += Part::kElements) {
        const Part part = *reinterpret_cast<const Part*>(order + i + j);
#pragma unroll
        for (int k = 0; k < Part::kElements; ++k) values[j + k] = asFloat(from[part.of[k]]);
    }
    writeChunk(values, y + static_cast<std::int64_t>(blockIdx.x) * columns + i);
}

cudaDataType_t cudaTypeOf(DType type) {
    return type == DType::Float32 ? CUDA_R_32F : type == DType::Float16 ? CUDA_R_16F : CUDA_R_16BF;
}

}  // namespace

GroupCall CudaBackend::normed(const GroupCall& call) {
    const TensorView to = call.normedScratch.rowRange(0, call.x.rows()).columnRange(0, call.x.columns());
    normalize(*call.in, call.x, to);
    GroupCall rest = call;
    rest.x = to;
    rest.in.reset();
    return rest;
}

void CudaBackend::compose(const GroupCall& call, std::int64_t outputs, ConstTensorView bias, const Product& product) {
    const std::int64_t tokens = call.x.rows();
    const bool gated = call.epilogue == Epilogue::SiluGate;
    const TensorView y = gated ? call.productScratch.rowRange(0, tokens).columnRange(0, outputs) : call.y;
    const bool accumulate = call.epilogue == Epilogue::AddResidual;
    if (bias.empty()) {
        product(call.x, y, accumulate);
    } else {
        const TensorView sums(
            static_cast<std::byte*>(scratch(m_biasScratch, static_cast<std::size_t>(tokens * outputs) * sizeof(float))),
            DType::Float32, Shape{tokens, outputs}, device());
        product(call.x, sums, false);
        withFloating(y.dtype(), [&]<class T>() {
            withChunks<kNeighbours>({sums, bias, y}, [&]<int count>() {
                const ChunkGrid blocks = chunkGrid(tokens, outputs, count);
                addBiasKernel<T, count><<<blocks.grid, blocks.threads, 0, stream()>>>(
                    deviceData<float>(sums), deviceData<float>(bias), deviceData<T>(y), y.rowStride(), accumulate,
                    static_cast<int>(outputs));
            });
        });
        CUDA_CHECK_LAUNCH();
    }
    if (gated) siluGate(y, call.y);
}

void CudaBackend::linear(const DenseWeight& weight, const GroupCall& call) {
    enter();
    const ConstTensorView w = weight.weight;
    if (w.dtype() != DType::Float16 && w.dtype() != DType::BFloat16)
        throw Error("linear: weight: expected float16 or bfloat16, found ", nameOf(w.dtype()));
    requireMatrix(w, w.dtype(), w.rows(), call.x.columns(), "linear: weight");
    if (!weight.bias.empty()) requireVector(weight.bias, DType::Float32, w.rows(), "linear: bias");
    checkGroupCall(call, w.rows(), w.columns(), w.dtype());
    if (call.x.rows() == 1 && w.contiguous() && w.columns() % 8 == 0 && w.columns() * 4 <= kMostDenseInputBytes &&
        readsWhole(call.x) && readsWhole(w) && takesNorm(call))
        return denseDecode(*m_context, w, productInput(call), productOutput(call, weight.bias));
    if (call.in) return linear(weight, normed(call));
    compose(call, w.rows(), weight.bias,
            [&](ConstTensorView x, TensorView y, bool accumulate) { denseProduct(x, w, y, accumulate); });
}

void CudaBackend::linear(const PackedWeight& weight, const GroupCall& call) {
    m_context->enter();
    checkPackedWeight(weight);
    const DType activations = call.in ? call.normedScratch.dtype() : call.x.dtype();
    checkGroupCall(call, weight.rows, weight.columns, activations);
    const bool wholeGroups = weight.scheme.groupColumns(weight.columns) % 32 == 0;
    const bool fuses = weight.columnOrder.empty() && wholeGroups && takesNorm(call);
    if (call.in && !fuses) return linear(weight, normed(call));
    if (!weight.columnOrder.empty()) {
        launchKept();
        GroupCall rest = call;
        rest.x = gathered(call.x, weight.columnOrder);
        PackedWeight ordered = weight;
        ordered.columnOrder = {};
        return linear(ordered, rest);
    }
    const ProductPath path = pathOf(weight, call.x.rows());
    if ((path == ProductPath::Decode || path == ProductPath::Few) && readsWhole(call.x) &&
        (fuses || call.epilogue != Epilogue::SiluGate) && productOfFew(weight, call, activations, path))
        return;
    launchKept();
    if (call.in) return linear(weight, normed(call));
    if (path != ProductPath::Dense && packedHopperTakes(*m_context, weight) && readsWhole(call.x) &&
        readsWhole(call.y) && readsWhole(call.productScratch)) {
        return compose(
            call, weight.rows, {},  // it adds the bias itself
            [&](ConstTensorView x, TensorView y, bool accumulate) { hopperProduct(weight, x, y, accumulate); });
    }
    compose(call, weight.rows, weight.bias,
            [&](ConstTensorView x, TensorView y, bool accumulate) { packedProduct(weight, x, y, accumulate); });
}

bool CudaBackend::productOfFew(const PackedWeight& weight, const GroupCall& call, DType activations, ProductPath path) {
    const ProductInput in = productInput(call);
    const ProductOutput out = productOutput(call, weight.bias);
    if (path == ProductPath::Few) {
        launchKept();
        if (packedHopperFew(*m_context, weight, in, out, activations) ||
            packedWide(*m_context, weight, in, out, activations))
            return true;
    }
    const ComingWeights coming = m_lookahead.pass({weight.words.data(), weight.words.bytes()});
    const DecodeProduct product{weight, in, out, coming, activations};
    return keep(product) || packedDecode(*m_context, product);
}

void CudaBackend::hopperProduct(const PackedWeight& weight, ConstTensorView x, TensorView y, bool accumulate) {
    const ProductInput in{x.data(), x.rowStride(), static_cast<int>(x.rows()), nullptr, 0.0f};
    const ProductOutput out{y.data(),
                            y.rowStride(),
                            weight.bias.empty() ? nullptr : deviceData<float>(weight.bias),
                            y.dtype() == DType::Float32,
                            accumulate,
                            false};
    const HopperShape shape = hopperShape(*m_context, x.rows(), weight);
    packedHopper(*m_context, weight, in, out, x.dtype(), shape,
                 {static_cast<float*>(scratch(m_productScratch, shape.partialBytes)),
                  zeroCounters(m_productCounters, shape.counters)});
}

void CudaBackend::packedProduct(const PackedWeight& weight, ConstTensorView x, TensorView y, bool accumulate) {
    const ProductInput in{x.data(), x.rowStride(), static_cast<int>(x.rows()), nullptr, 0.0f};
    const ProductOutput out{y.data(), y.rowStride(), nullptr, y.dtype() == DType::Float32, accumulate, false};
    const ProductPath path = pathOf(weight, x.rows());
    if (path == ProductPath::Dense || !readsWhole(x) || !packedMiddleTakes(weight))
        return denseProduct(x, dequantized(weight, x.dtype()), y, accumulate);
    const MiddleShape shape = middleShape(*m_context, x.rows(), weight);
    auto* const partials = static_cast<float*>(scratch(m_productScratch, shape.partialFloats * sizeof(float)));
    packedMiddle(*m_context, weight, in, out, x.dtype(), shape, partials,
                 zeroCounters(m_productCounters, shape.counters));
}

ConstTensorView CudaBackend::gathered(ConstTensorView x, ConstTensorView order) {
    const std::int64_t tokens = x.rows(), columns = x.columns();
    const TensorView to(
        static_cast<std::byte*>(scratch(m_inputScratch, static_cast<std::size_t>(tokens * columns) * 2)), x.dtype(),
        Shape{tokens, columns}, device());
    withActivation(x.dtype(), [&]<class T>() {
        withChunks<kNeighbours>({order, to}, [&]<int count>() {
            const ChunkGrid blocks = chunkGrid(tokens, columns, count);
            gatherKernel<T, count><<<blocks.grid, blocks.threads, 0, stream()>>>(
                deviceData<T>(x), x.rowStride(), deviceData<std::int32_t>(order), deviceData<T>(to),
                static_cast<int>(columns));
        });
    });
    CUDA_CHECK_LAUNCH();
    return to;
}

ConstTensorView CudaBackend::dequantized(const PackedWeight& weight, DType type) {
    const TensorView dense(
        static_cast<std::byte*>(scratch(m_weightScratch, static_cast<std::size_t>(weight.rows * weight.columns) * 2)),
        type, Shape{weight.rows, weight.columns}, device());
    packedDequantize(weight, dense, stream());
    return dense;
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
