// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// From a checkpoint's tensors to a device's.
#pragma once

#include <string>
#include <vector>

#include "core/architecture/model_layout.h"
#include "core/checkpoint/weight_source.h"
#include "kernels/backend.h"

namespace gptq {

// A float tensor on the device, converted to `type`. Throws Error that names tensor and row where a value is NaN or infinite.
Tensor loadTensor(Backend& backend, const WeightSource& source, const std::string& name, DType type);

// The float weights of several modules with the same inputs, joined by rows: float32 (sum of outputs, in).
Tensor loadJoined(Backend& backend, const WeightSource& source, const std::vector<LinearModule>& modules, DType type);

}  // namespace gptq
