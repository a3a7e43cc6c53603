// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cuda/device_memory.h"

#include <dlfcn.h>

#include <cstdio>

namespace gptq {
namespace {

// The part of NVML's interface that is used; NVIDIA keeps these entries' meaning.
struct NvmlMemory {
    unsigned long long total, free, used;
};
using NvmlDevice = void*;

template <class Function>
Function entry(void* library, const char* name) {
    return reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

std::size_t usedDeviceMemory(const cudaDeviceProp& device) {
    static void* const library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return 0;
    const auto initialize = entry<int (*)()>(library, "nvmlInit_v2");
    const auto find = entry<int (*)(const char*, NvmlDevice*)>(library, "nvmlDeviceGetHandleByPciBusId_v2");
    const auto ask = entry<int (*)(NvmlDevice, NvmlMemory*)>(library, "nvmlDeviceGetMemoryInfo");
    if (!initialize || !find || !ask || initialize() != 0) return 0;
    char place[32];
    std::snprintf(place, sizeof place, "%08x:%02x:%02x.0", device.pciDomainID, device.pciBusID, device.pciDeviceID);
    NvmlDevice handle = nullptr;
    NvmlMemory memory{};
    if (find(place, &handle) != 0 || ask(handle, &memory) != 0) return 0;
    return static_cast<std::size_t>(memory.used);
}

}  // namespace gptq
