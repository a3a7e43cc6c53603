// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A CUDA module of one device, without CUDA. FAKE_ABI: the version of the program that it belongs to.
#include "kernels/cuda_module.h"
#include "kernels/error.h"

namespace {

class FakeModule final : public gptq::CudaModule {
public:
    std::vector<gptq::DeviceInfo> devices() override {
        return {{{gptq::Device::Kind::Cuda, 0}, "Fake GPU", std::size_t{8} << 30}};
    }
    std::unique_ptr<gptq::Backend> open(int, const gptq::DeviceOptions&) override { throw gptq::Error("a fake GPU cannot compute"); }
};

}  // namespace

extern "C" __attribute__((visibility("default"))) gptq::CudaModule* openCudaModule(int abi) {
    static FakeModule module;
    return abi == FAKE_ABI ? &module : nullptr;
}
