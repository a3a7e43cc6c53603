// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Grids of groups as they are, codes on given grids, and the error of a result: what surrounds the solver.
//
//     grid of a group: its least and largest weight, or 0       code = round(w / s) + z       error of a row: sum of (D H)_c D_c, D = w - q
//
// A warp a row's group finds its grid, a thread an element rounds it and takes its difference, a block a row adds up. Bound: memory.
#include <vector>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kThreads = 256;

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

// A warp a row and group.
__global__ void findGridsKernel(const float* weights, std::int64_t stride, std::int64_t columns,
                                std::int64_t groupColumns, GridSpec spec, DeviceCodes out) {
    const std::int64_t row = blockIdx.x, group = blockIdx.y;
    const std::int64_t end = min((group + 1) * groupColumns, columns);
    float low = 0, high = 0;
    for (std::int64_t c = group * groupColumns + threadIdx.x; c < end; c += 32) {
        low = fminf(low, weights[row * stride + c]);
        high = fmaxf(high, weights[row * stride + c]);
    }
    low = warpMin(low);
    high = warpMax(high);
    if (threadIdx.x != 0) return;
    const GridPoint<float> grid = gridOfRange(low, high, spec);
    out.scales[group * out.scalesStride + row] = grid.scale;
    out.zeros[group * out.zerosStride + row] = grid.zero;
}

__global__ void roundKernel(const float* weights, std::int64_t stride, std::int64_t columns, std::int64_t elements,
                            std::int64_t groupColumns, float top, DeviceCodes out) {
    const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (at >= elements) return;
    const std::int64_t row = at / columns, column = at % columns;
    out.codes[row * out.codesStride + column] =
        static_cast<std::uint8_t>(codeOf(weights[row * stride + column], out.grid(column / groupColumns, row), top));
}

__global__ void differenceKernel(const float* weights, std::int64_t stride, std::int64_t columns, std::int64_t elements,
                                 std::int64_t groupColumns, DeviceCodes quantized, float* out) {
    const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (at >= elements) return;
    const std::int64_t row = at / columns, column = at % columns;
    const float code = quantized.codes[row * quantized.codesStride + column];
    out[at] = weights[row * stride + column] - weightOf(code, quantized.grid(column / groupColumns, row));
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
    m_context->enter();
    checkFindGrids(weights, groupColumns, out);
    const dim3 blocks(static_cast<unsigned>(weights.rows()), static_cast<unsigned>(out.scales.rows()));
    findGridsKernel<<<blocks, 32, 0, stream()>>>(deviceData<float>(weights), weights.rowStride(), weights.columns(),
                                                 groupColumns, grid, deviceCodes(out));
    CUDA_CHECK_LAUNCH();
}

void CudaBackend::roundToGrids(ConstTensorView weights, const GridSpec& grid, std::int64_t groupColumns,
                               CodesView out) {
    m_context->enter();
    checkRoundToGrids(weights, groupColumns, out);
    const std::int64_t rows = weights.rows(), columns = weights.columns();
    roundKernel<<<blocksFor(rows * columns, kThreads), kThreads, 0, stream()>>>(
        deviceData<float>(weights), weights.rowStride(), columns, rows * columns, groupColumns,
        static_cast<float>((1 << grid.bits) - 1), deviceCodes(out));
    CUDA_CHECK_LAUNCH();
}

std::vector<double> CudaBackend::rowErrors(ConstTensorView weights, const CodesView* quantized,
                                           std::int64_t groupColumns, ConstTensorView hessian) {
    m_context->enter();
    checkRowErrors(weights, quantized, groupColumns, hessian);
    const std::int64_t rows = weights.rows(), columns = weights.columns();
    Tensor difference = allocate(DType::Float32, weights.shape()), product = allocate(DType::Float32, weights.shape());
    if (quantized) {
        differenceKernel<<<blocksFor(rows * columns, kThreads), kThreads, 0, stream()>>>(
            deviceData<float>(weights), weights.rowStride(), columns, rows * columns, groupColumns,
            deviceCodes(*quantized), deviceData<float>(difference.view()));
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
