// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Every call into CUDA and its libraries is checked; what fails becomes an Error that names call and reason.
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cusolverDn.h>

#include "kernels/error.h"

namespace gptq {

inline void checkCuda(cudaError_t status, const char* call) {
    if (status != cudaSuccess)
        throw Error("CUDA: ", call, ": ", cudaGetErrorString(status), " (", cudaGetErrorName(status), ")");
}

inline void checkCublas(cublasStatus_t status, const char* call) {
    if (status != CUBLAS_STATUS_SUCCESS) throw Error("cuBLAS: ", call, ": ", cublasGetStatusString(status));
}

inline void checkCusolver(cusolverStatus_t status, const char* call) {
    if (status != CUSOLVER_STATUS_SUCCESS) throw Error("cuSOLVER: ", call, ": status ", static_cast<int>(status));
}

}  // namespace gptq

#define CUDA_CHECK(call) ::gptq::checkCuda((call), #call)
#define CUBLAS_CHECK(call) ::gptq::checkCublas((call), #call)
#define CUSOLVER_CHECK(call) ::gptq::checkCusolver((call), #call)
// After a kernel launch.
#define CUDA_CHECK_LAUNCH() ::gptq::checkCuda(cudaGetLastError(), "kernel launch")
