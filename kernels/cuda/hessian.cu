// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Hessian and factor. H += x^T x: the lower triangle by panels of rows on tensor cores with float32 sums (56 % of a whole product with
// eight panels). U: J H J = L L^T, U = (J L J)^-1, J the reversal, by cuSOLVER's potrf and trtri in float32.
//
// The kernels here only move a matrix, a thread an element, blocks of 8 rows by 32 columns. Bound: memory; measured at n = 4096 reversing
// 69 % of a copy's bandwidth (65 us), the mirroring that finishes H 21 % (154 us: neighbours' columns are rows apart), once a stage.
#include <vector>

#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kPanels = 8;
constexpr std::int64_t kLeastPanel = 128;

__global__ void finishKernel(float* h, std::int64_t stride, std::int64_t n, float factor) {
    const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * 32 + threadIdx.x,
                       row = static_cast<std::int64_t>(blockIdx.y) * 8 + threadIdx.y;
    if (row >= n || column > row) return;
    const float value = h[row * stride + column] * factor;
    h[row * stride + column] = value;
    h[column * stride + row] = value;
}

__global__ void reverseKernel(const float* h, std::int64_t stride, const std::int32_t* order, const float* added,
                              float* out, std::int64_t n) {
    const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * 32 + threadIdx.x,
                       row = static_cast<std::int64_t>(blockIdx.y) * 8 + threadIdx.y;
    if (row >= n || column >= n) return;
    const std::int64_t a = n - 1 - row, b = n - 1 - column;
    out[row * n + column] = h[order[a] * stride + order[b]] + (row == column ? added[a] : 0.0f);
}

// inverse: (n, n) row-major, lower. U[i, j] = inverse[n - 1 - i, n - 1 - j] for j >= i.
__global__ void takeFactorKernel(const float* inverse, float* u, std::int64_t stride, std::int64_t n, int* damaged) {
    const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * 32 + threadIdx.x,
                       row = static_cast<std::int64_t>(blockIdx.y) * 8 + threadIdx.y;
    if (row >= n || column >= n) return;
    const float value = column < row ? 0.0f : inverse[(n - 1 - row) * n + n - 1 - column];
    if (!isfinite(value) || (row == column && !(value > 0))) *damaged = 1;
    u[row * stride + column] = value;
}

template <class T>
__global__ void permuteKernel(const T* from, std::int64_t fromStride, const std::int32_t* order, T* to,
                              std::int64_t toStride, std::int64_t columns, std::int64_t elements) {
    const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (at >= elements) return;
    const std::int64_t row = at / columns, column = at % columns;
    const std::int32_t source = order[column];
    to[row * toStride + column] = source < 0 ? T{} : from[row * fromStride + source];
}

dim3 gridOf(std::int64_t n) {
    return {blocksFor(n, 32), blocksFor(n, 8)};
}
const dim3 kSquare(32, 8);

}  // namespace

void CudaBackend::accumulateHessian(ConstTensorView x, TensorView hessian) {
    enter();
    checkAccumulateHessian(x, x.dtype() == DType::BFloat16 ? DType::BFloat16 : DType::Float16, hessian);
    const std::int64_t k = x.columns(), tokens = x.rows();
    const cudaDataType_t type = x.dtype() == DType::Float16 ? CUDA_R_16F : CUDA_R_16BF;
    const std::size_t size = bytesOf(x.dtype());
    const float one = 1.0f;
    const std::int64_t panel = std::max(kLeastPanel, (k / kPanels + 31) / 32 * 32);
    for (std::int64_t row = 0; row < k; row += panel) {
        const std::int64_t rows = std::min(panel, k - row), columns = row + rows;
        // Row-major H[row : row + rows, 0 : columns] is column-major (columns, rows): x^T x[:, row : row + rows].
        CUBLAS_CHECK(cublasGemmEx(m_context->cublas(), CUBLAS_OP_N, CUBLAS_OP_T, static_cast<int>(columns),
                                  static_cast<int>(rows), static_cast<int>(tokens), &one, x.data(), type,
                                  static_cast<int>(x.rowStride()), x.data() + static_cast<std::size_t>(row) * size,
                                  type, static_cast<int>(x.rowStride()), &one,
                                  deviceData<float>(hessian) + row * hessian.rowStride(), CUDA_R_32F,
                                  static_cast<int>(hessian.rowStride()), CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
    }
}

void CudaBackend::finishHessian(TensorView hessian, float factor) {
    enter();
    checkFinishHessian(hessian);
    const std::int64_t n = hessian.rows();
    finishKernel<<<gridOf(n), kSquare, 0, stream()>>>(deviceData<float>(hessian), hessian.rowStride(), n, factor);
    CUDA_CHECK_LAUNCH();
}

std::vector<float> CudaBackend::diagonal(ConstTensorView matrix) {
    enter();
    checkDiagonal(matrix);
    const std::int64_t n = matrix.rows();
    std::vector<float> values(static_cast<std::size_t>(n));
    CUDA_CHECK(cudaMemcpy2DAsync(values.data(), sizeof(float), matrix.data(),
                                 static_cast<std::size_t>(matrix.rowStride() + 1) * sizeof(float), sizeof(float),
                                 values.size(), cudaMemcpyDeviceToHost, stream()));
    CUDA_CHECK(cudaStreamSynchronize(stream()));
    return values;
}

bool CudaBackend::factorize(ConstTensorView hessian, std::span<const std::int32_t> order, std::span<const float> added,
                            TensorView factor) {
    enter();
    checkFactorize(hessian, order, added, factor);
    const std::int64_t n = hessian.rows();
    const DeviceArray orderHere = uploaded(order), addedHere = uploaded(added);
    const DeviceArray matrix = array(static_cast<std::size_t>(n * n) * sizeof(float)), status = array(2 * sizeof(int));
    CUDA_CHECK(cudaMemsetAsync(status.as<int>(), 0, 2 * sizeof(int), stream()));
    reverseKernel<<<gridOf(n), kSquare, 0, stream()>>>(deviceData<float>(hessian), hessian.rowStride(),
                                                       orderHere.as<std::int32_t>(), addedHere.as<float>(),
                                                       matrix.as<float>(), n);
    CUDA_CHECK_LAUNCH();

    // Row-major lower is column-major upper.
    const auto solver = m_context->cusolver();
    std::size_t deviceBytes = 0, hostBytes = 0, moreDevice = 0, moreHost = 0;
    CUSOLVER_CHECK(cusolverDnXpotrf_bufferSize(solver, nullptr, CUBLAS_FILL_MODE_UPPER, n, CUDA_R_32F,
                                               matrix.as<float>(), n, CUDA_R_32F, &deviceBytes, &hostBytes));
    CUSOLVER_CHECK(cusolverDnXtrtri_bufferSize(solver, CUBLAS_FILL_MODE_UPPER, CUBLAS_DIAG_NON_UNIT, n, CUDA_R_32F,
                                               matrix.as<float>(), n, &moreDevice, &moreHost));
    const DeviceArray work = array(std::max(deviceBytes, moreDevice));
    std::vector<std::byte> hostWork(std::max(hostBytes, moreHost) + 1);
    CUSOLVER_CHECK(cusolverDnXpotrf(solver, nullptr, CUBLAS_FILL_MODE_UPPER, n, CUDA_R_32F, matrix.as<float>(), n,
                                    CUDA_R_32F, work.as<void>(), deviceBytes, hostWork.data(), hostBytes,
                                    status.as<int>()));
    int outcome[2] = {};
    const auto readStatus = [&] {
        CUDA_CHECK(cudaMemcpyAsync(outcome, status.as<int>(), sizeof outcome, cudaMemcpyDeviceToHost, stream()));
        CUDA_CHECK(cudaStreamSynchronize(stream()));
        return outcome[0] == 0 && outcome[1] == 0;
    };
    if (!readStatus()) return false;
    CUSOLVER_CHECK(cusolverDnXtrtri(solver, CUBLAS_FILL_MODE_UPPER, CUBLAS_DIAG_NON_UNIT, n, CUDA_R_32F,
                                    matrix.as<float>(), n, work.as<void>(), moreDevice, hostWork.data(), moreHost,
                                    status.as<int>()));
    takeFactorKernel<<<gridOf(n), kSquare, 0, stream()>>>(matrix.as<float>(), deviceData<float>(factor),
                                                          factor.rowStride(), n, status.as<int>() + 1);
    CUDA_CHECK_LAUNCH();
    return readStatus();
}

void CudaBackend::permuteColumns(ConstTensorView from, std::span<const std::int32_t> order, TensorView to) {
    enter();
    checkPermuteColumns(from, order, to);
    const DeviceArray orderHere = uploaded(order);
    const std::int64_t columns = to.columns(), elements = to.rows() * columns;
    const auto launch = [&]<class T>(T) {
        permuteKernel<<<blocksFor(elements, kThreads), kThreads, 0, stream()>>>(
            deviceData<T>(from), from.rowStride(), orderHere.as<std::int32_t>(), deviceData<T>(to), to.rowStride(),
            columns, elements);
    };
    if (from.dtype() == DType::UInt8) launch(std::uint8_t{});
    else launch(float{});
    CUDA_CHECK_LAUNCH();
}

}  // namespace gptq
