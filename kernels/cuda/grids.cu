// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Grids of groups as they are, codes on given grids, and the error of a result: what surrounds the solver.
//
//     grid of a group: its least and largest weight, or 0       code = round(w / s) + z       error of a row: sum of (D H)_c D_c, D = w - q
//
//                             grids                      codes and D                        sums, in float64
//     row r, group 0          block (r / 8, 0), warp     block (r, 0): thread 0: 0-7        block r: thread 0: 0, 256, ...
//     row r, group 1          block (r / 8, 1), r % 8    thread 1: 8-15, ...                thread 1: 1, 257, ...
//
// Bound: memory; measured (4096 x 11008, groups of 128) 70, 89, 90 and 99 % of a copy's bandwidth: grids 87 us, of which schedulers issue
// in 72 % of their cycles, codes 85, D 152, sums 122.
#include <vector>

#include "kernels/cuda/chunks.cuh"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kThreads = 256, kWarps = 8;
constexpr int kNeighbours = 8;  // a thread's; groups are whole eights of columns
constexpr int kLaneColumns = 4;

struct DeviceCodes {
    std::uint8_t* codes;
    std::int64_t codesStride;
    float* scales;
    std::int64_t scalesStride;
    float* zeros;
    std::int64_t zerosStride;

    __device__ GridPoint<float> grid(std::int64_t group, std::int64_t row) const {
        return {scales[group * scalesStride + row], zeros[group * zerosStride + row]};
    }
};

DeviceCodes deviceCodes(const CodesView& view) {
    return {deviceData<std::uint8_t>(view.codes), view.codes.rowStride(),
            deviceData<float>(view.scales),       view.scales.rowStride(),
            deviceData<float>(view.zeros),        view.zeros.rowStride()};
}

template <int count>
__global__ void findGridsKernel(const float* weights, std::int64_t stride, int rows, int columns, int groupColumns,
                                GridSpec spec, DeviceCodes out) {
    const int row = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / 32), group = static_cast<int>(blockIdx.y);
    if (row >= rows) return;
    const int end = min((group + 1) * groupColumns, columns);
    float low = 0, high = 0;
    for (int c = group * groupColumns + static_cast<int>(threadIdx.x) % 32 * count; c < end; c += 32 * count) {
        float values[count];
        readChunk(weights + row * stride + c, values);
#pragma unroll
        for (const float value : values) {
            low = fminf(low, value);
            high = fmaxf(high, value);
        }
    }
    low = warpMin(low);
    high = warpMax(high);
    if (threadIdx.x % 32 != 0) return;
    const GridPoint<float> grid = gridOfRange(low, high, spec);
    out.scales[group * out.scalesStride + row] = grid.scale;
    out.zeros[group * out.zerosStride + row] = grid.zero;
}

template <int count>
__global__ void roundKernel(const float* weights, std::int64_t stride, int columns, int groupColumns, float top,
                            DeviceCodes out) {
    const std::int64_t row = blockIdx.x;
    const int column = firstOfChunk<count>();
    if (column >= columns) return;
    const GridPoint<float> grid = out.grid(column / groupColumns, row);
    float values[count];
    readChunk(weights + row * stride + column, values);
#pragma unroll
    for (float& value : values) value = codeOf(value, grid, top);
    writeChunk(values, out.codes + row * out.codesStride + column);
}

template <int count>
__global__ void differenceKernel(const float* weights, std::int64_t stride, int columns, int groupColumns,
                                 DeviceCodes quantized, float* out) {
    const std::int64_t row = blockIdx.x;
    const int column = firstOfChunk<count>();
    if (column >= columns) return;
    const GridPoint<float> grid = quantized.grid(column / groupColumns, row);
    float values[count], codes[count];
    readChunk(weights + row * stride + column, values);
    readChunk(quantized.codes + row * quantized.codesStride + column, codes);
#pragma unroll
    for (int j = 0; j < count; ++j) values[j] -= weightOf(codes[j], grid);
    writeChunk(values, out + row * columns + column);
}

// sums[row] = sum of a[row] * b[row].
__global__ void rowDotKernel(const float* a, const float* b, std::int64_t columns, double* sums) {
    double sum = 0;
    for (std::int64_t c = threadIdx.x; c < columns; c += kThreads)
        sum += static_cast<double>(a[blockIdx.x * columns + c]) * b[blockIdx.x * columns + c];
    sum = blockReduce(sum, 0.0, Sum{});
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

}  // namespace

void CudaBackend::findGrids(ConstTensorView weights, const GridSpec& grid, std::int64_t groupColumns, CodesView out) {
    enter();
    checkFindGrids(weights, groupColumns, out);
    const dim3 blocks(blocksFor(weights.rows(), kWarps), static_cast<unsigned>(out.scales.rows()));
    withChunks<kLaneColumns>({weights}, [&]<int count>() {
        findGridsKernel<count><<<blocks, kWarps * 32, 0, stream()>>>(
            deviceData<float>(weights), weights.rowStride(), static_cast<int>(weights.rows()),
            static_cast<int>(weights.columns()), static_cast<int>(groupColumns), grid, deviceCodes(out));
    });
    CUDA_CHECK_LAUNCH();
}

void CudaBackend::roundToGrids(ConstTensorView weights, const GridSpec& grid, std::int64_t groupColumns,
                               CodesView out) {
    enter();
    checkRoundToGrids(weights, groupColumns, out);
    const std::int64_t rows = weights.rows(), columns = weights.columns();
    withChunks<kNeighbours>({weights, out.codes}, [&]<int count>() {
        const ChunkGrid blocks = chunkGrid(rows, columns, count);
        roundKernel<count><<<blocks.grid, blocks.threads, 0, stream()>>>(
            deviceData<float>(weights), weights.rowStride(), static_cast<int>(columns), static_cast<int>(groupColumns),
            static_cast<float>((1 << grid.bits) - 1), deviceCodes(out));
    });
    CUDA_CHECK_LAUNCH();
}

std::vector<double> CudaBackend::rowErrors(ConstTensorView weights, const CodesView* quantized,
                                           std::int64_t groupColumns, ConstTensorView hessian) {
    enter();
    checkRowErrors(weights, quantized, groupColumns, hessian);
    const std::int64_t rows = weights.rows(), columns = weights.columns();
    Tensor difference = allocate(DType::Float32, weights.shape()), product = allocate(DType::Float32, weights.shape());
    if (quantized) {
        withChunks<kNeighbours>({weights, quantized->codes, difference.view()}, [&]<int count>() {
            const ChunkGrid blocks = chunkGrid(rows, columns, count);
            differenceKernel<count><<<blocks.grid, blocks.threads, 0, stream()>>>(
                deviceData<float>(weights), weights.rowStride(), static_cast<int>(columns),
                static_cast<int>(groupColumns), deviceCodes(*quantized), deviceData<float>(difference.view()));
        });
        CUDA_CHECK_LAUNCH();
    } else {
        copy(weights, difference.view());
    }
    fillZero(product.view());
    subtractProduct(difference.view(), hessian, product.view());  // -D H: H is symmetric
    const DeviceArray sums = array(static_cast<std::size_t>(rows) * sizeof(double));
    rowDotKernel<<<static_cast<unsigned>(rows), kThreads, 0, stream()>>>(
        deviceData<float>(difference.view()), deviceData<float>(product.view()), columns, sums.as<double>());
    CUDA_CHECK_LAUNCH();
    std::vector<double> host(static_cast<std::size_t>(rows));
    CUDA_CHECK(cudaMemcpyAsync(host.data(), sums.as<double>(), host.size() * sizeof(double), cudaMemcpyDeviceToHost,
                               stream()));
    CUDA_CHECK(cudaStreamSynchronize(stream()));
    for (double& sum : host) sum = -sum;
    return host;
}

}  // namespace gptq
