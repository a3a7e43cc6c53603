// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the CUDA module offers to the program that opens it: one entry, extern "C", named kCudaModuleEntry.
#pragma once

#include "kernels/backend.h"
#include "kernels/devices.h"

namespace gptq {

// Raised with every change to Backend's virtual functions or to a type that crosses them.
inline constexpr int kCudaModuleAbi = 3;
inline constexpr int kCudaNeeded = 13000;  // the driver's least version, as cuDriverGetVersion counts: any 13 will do
inline constexpr const char* kCudaModuleEntry = "openCudaModule";
inline constexpr const char* kCudaModuleFile = "libgptq_cuda.so";

class CudaModule {
public:
    virtual ~CudaModule() = default;
    virtual std::vector<DeviceInfo> devices() = 0;
    virtual std::unique_ptr<Backend> open(int index, const DeviceOptions& options) = 0;
};

// Returns null where the module was built for another ABI. Throws Error where the driver does not answer.
using OpenCudaModule = CudaModule* (*)(int abi);

}  // namespace gptq
