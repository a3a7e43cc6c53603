// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The module's one entry.
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda_module.h"

namespace gptq {
namespace {

static_assert(CUDART_VERSION / 1000 == kCudaNeeded / 1000, "the loader asks for the driver of another CUDA");

class Module final : public CudaModule {
public:
    std::vector<DeviceInfo> devices() override {
        int count = 0;
        CUDA_CHECK(cudaGetDeviceCount(&count));
        std::vector<DeviceInfo> list;
        for (int i = 0; i < count; ++i) {
            cudaDeviceProp properties{};
            CUDA_CHECK(cudaGetDeviceProperties(&properties, i));
            list.push_back({{Device::Kind::Cuda, i},
                            text(properties.name, ", sm_", properties.major, properties.minor),
                            properties.totalGlobalMem});
        }
        return list;
    }
    std::unique_ptr<Backend> open(int index, const DeviceOptions& options) override {
        return std::make_unique<CudaBackend>(index, options.vramBytes);
    }
};

}  // namespace
}  // namespace gptq

extern "C" __attribute__((visibility("default"))) gptq::CudaModule* openCudaModule(int abi) {
    if (abi != gptq::kCudaModuleAbi) return nullptr;
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaErrorNoDevice)
        throw gptq::Error("This machine has no NVIDIA GPU that CUDA can use. Work runs on the CPU.");
    gptq::checkCuda(status, "cudaGetDeviceCount");
    static gptq::Module module;
    return &module;
}
