// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The devices of this machine, and the only place that knows how a backend comes to be. CUDA is a module, opened at run
// time: a machine without an NVIDIA driver starts all the same and learns here what is missing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/backend.h"

namespace gptq {

struct DeviceInfo {
    Device device;
    std::string description;  // "AMD EPYC, 2 threads", "NVIDIA H100 80GB HBM3"
    std::size_t memoryBytes = 0;
};

struct DeviceList {
    std::vector<DeviceInfo> devices;  // the best first; the CPU is always there and last
    std::string cudaAbsence;          // why there is no CUDA device and what to do; empty where there is one
};

DeviceList availableDevices();
// "cpu", "cuda:1", "cuda"; throws Error for any other text.
Device parseDevice(std::string_view name);

struct DeviceOptions {
    int cpuThreads = 0;         // of the CPU backend; 0: one for each processor
    std::size_t vramBytes = 0;  // that a GPU may give at most, context and libraries included; 0: all it has
};

// Nothing: the best there is. Throws Error that says why a device cannot be opened.
std::unique_ptr<Backend> openDevice(std::optional<Device> device, const DeviceOptions& options = {});

}  // namespace gptq
