// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The CPU backend: the reference that every other backend is checked against, and the fallback where there is no GPU. All
// arithmetic is float32 or better; the solver works in float64.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/devices.h"

namespace gptq {

DeviceInfo describeCpu();
// threads 0: one for each processor.
std::unique_ptr<Backend> openCpuBackend(int threads = 0);

}  // namespace gptq
