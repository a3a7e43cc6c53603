// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What is taken of a device's memory, by all: known before this process has a context there.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace gptq {

// Bytes, by the driver's management library (NVML); 0 where that does not answer.
std::size_t usedDeviceMemory(const cudaDeviceProp& device);

}  // namespace gptq
