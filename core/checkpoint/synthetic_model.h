// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Models of well-known shapes with seeded random weights, made in memory: what benchmarks run on, since speed does not depend on
// the weights' values and no download is needed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace gptq {

std::vector<std::string> syntheticShapes();  // "llama-2-7b", ...

// "llama-2-7b", or "llama-2-7b:4" for its first four blocks; quantized where a scheme is given. Throws Error that lists the
// shapes for any other name.
Checkpoint syntheticModel(const std::string& shape, std::optional<QuantScheme> scheme);

}  // namespace gptq
