// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Ops that touch every element once: y[t, i] of x[t, i]. A thread eight neighbours of a row, 16 bytes of activations; a block a piece
// of a row:
//
//     row t   | block (t, 0): thread 0: 0-7 | thread 1: 8-15 | ... | block (t, 1): 2048-2055 | ...
//
// Bound: memory; measured on 2,048 tokens of Llama-2-7B: the embedding 84 % of a copy's bandwidth (19.8 us), the gate 102 % (44.0 us:
// some of what it writes stays in the L2 cache).
#include "kernels/cuda/chunks.cuh"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/decode_product.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kNeighbours = 8;

template <class T, int count>
__global__ void embedKernel(const std::int32_t* ids, const T* table, std::int64_t tableStride, std::int64_t vocabulary,
                            float* residual, std::int64_t stride, int width) {
    waitForPrevious();
    letNextStart();
    const int i = firstOfChunk<count>();
    if (i >= width) return;
    const std::int32_t id = ids[blockIdx.x];
    float values[count];
    if (id >= 0 && id < vocabulary) {
        readChunk(table + id * tableStride + i, values);
    } else {  // cannot be reported from here: it shows as NaN
        for (float& value : values) value = __int_as_float(0x7fffffff);
    }
    writeChunk(values, residual + blockIdx.x * stride + i);
}

template <class T, int count>
__global__ void siluGateKernel(const T* gateUp, std::int64_t inStride, T* y, std::int64_t outStride, int width) {
    const int i = firstOfChunk<count>();
    if (i >= width) return;
    const T* in = gateUp + blockIdx.x * inStride + i;
    float gates[count], ups[count];
    readChunk(in, gates);
    readChunk(in + width, ups);
#pragma unroll
    for (int j = 0; j < count; ++j) ups[j] = siluGated(gates[j], ups[j]);
    writeChunk(ups, y + blockIdx.x * outStride + i);
}

template <class T, int count>
__global__ void addResidualKernel(const T* x, std::int64_t inStride, float* residual, std::int64_t outStride,
                                  int width) {
    const int i = firstOfChunk<count>();
    if (i >= width) return;
    float* to = residual + blockIdx.x * outStride + i;
    float sums[count], more[count];
    readChunk(x + blockIdx.x * inStride + i, more);
    readChunk(to, sums);
#pragma unroll
    for (int j = 0; j < count; ++j) sums[j] += more[j];
    writeChunk(sums, to);
}

}  // namespace

void CudaBackend::embed(ConstTensorView ids, ConstTensorView table, TensorView residual) {
    enter();
    const std::int64_t tokens = residual.rows(), width = residual.columns();
    requireVector(ids, DType::Int32, tokens, "embed: ids");
    requireMatrix(table, table.dtype(), table.rows(), width, "embed: table");
    requireMatrix(residual, DType::Float32, tokens, width, "embed: residual");
    withActivation(table.dtype(), [&]<class T>() {
        withChunks<kNeighbours>({table, residual}, [&]<int count>() {
            const ChunkGrid blocks = chunkGrid(tokens, width, count);
            launchChained(*m_context, embedKernel<T, count>, blocks.grid, blocks.threads, 0,
                          deviceData<std::int32_t>(ids), deviceData<T>(table), table.rowStride(), table.rows(),
                          deviceData<float>(residual), residual.rowStride(), static_cast<int>(width));
        });
    });
}

void CudaBackend::siluGate(ConstTensorView gateUp, TensorView y) {
    enter();
    const std::int64_t tokens = y.rows(), width = y.columns();
    requireMatrix(gateUp, y.dtype(), tokens, 2 * width, "silu gate: gate and up");
    requireMatrix(y, gateUp.dtype(), tokens, width, "silu gate: y");
    withActivation(y.dtype(), [&]<class T>() {
        withChunks<kNeighbours>({gateUp, y}, [&]<int count>() {
            const ChunkGrid blocks = chunkGrid(tokens, width, count);
            siluGateKernel<T, count><<<blocks.grid, blocks.threads, 0, stream()>>>(
                deviceData<T>(gateUp), gateUp.rowStride(), deviceData<T>(y), y.rowStride(), static_cast<int>(width));
        });
    });
    CUDA_CHECK_LAUNCH();
}

void CudaBackend::addResidual(ConstTensorView x, TensorView residual) {
    enter();
    const std::int64_t tokens = residual.rows(), width = residual.columns();
    requireMatrix(x, x.dtype(), tokens, width, "add residual: x");
    requireMatrix(residual, DType::Float32, tokens, width, "add residual: residual");
    withActivation(x.dtype(), [&]<class T>() {
        withChunks<kNeighbours>({x, residual}, [&]<int count>() {
            const ChunkGrid blocks = chunkGrid(tokens, width, count);
            addResidualKernel<T, count><<<blocks.grid, blocks.threads, 0, stream()>>>(
                deviceData<T>(x), x.rowStride(), deviceData<float>(residual), residual.rowStride(),
                static_cast<int>(width));
        });
    });
    CUDA_CHECK_LAUNCH();
}

}  // namespace gptq
