// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/devices.h"

#include <charconv>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cuda_loader.h"

namespace gptq {
namespace {

const CudaProbe& cuda() {
    static const CudaProbe probe = openCuda(defaultCudaSearch());
    return probe;
}

}  // namespace

DeviceList availableDevices() {
    DeviceList list;
    if (CudaModule* module = cuda().module) list.devices = module->devices();
    list.cudaAbsence = cuda().absence;
    list.devices.push_back(describeCpu());
    return list;
}

Device parseDevice(std::string_view name) {
    if (name == "cpu") return {};
    if (name == "cuda") return {Device::Kind::Cuda, 0};
    constexpr std::string_view prefix = "cuda:";
    int index = 0;
    if (name.starts_with(prefix)) {
        const char* end = name.data() + name.size();
        const auto parsed = std::from_chars(name.data() + prefix.size(), end, index);
        if (parsed.ec == std::errc{} && parsed.ptr == end && index >= 0) return {Device::Kind::Cuda, index};
    }
    throw Error("there is no device called '", name, "'; devices are called cpu, cuda:0, cuda:1, ...");
}

std::unique_ptr<Backend> openDevice(std::optional<Device> device, const DeviceOptions& options) {
    const Device wanted = device.value_or(availableDevices().devices.front().device);
    if (wanted.kind == Device::Kind::Cpu) return openCpuBackend(options.cpuThreads);
    CudaModule* module = cuda().module;
    if (!module) throw Error(nameOf(wanted), " cannot be used. ", cuda().absence);
    const auto count = module->devices().size();
    if (static_cast<std::size_t>(wanted.index) >= count)
        throw Error(nameOf(wanted), " is not there: this machine has ", count, " CUDA devices");
    return module->open(wanted.index, options);
}

}  // namespace gptq
