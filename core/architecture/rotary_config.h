// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The rotary embedding of a config.json, and the angles it stands for.
#pragma once

#include <cstdint>
#include <vector>

#include "core/architecture/model_config.h"
#include "core/io/json.h"

namespace gptq {

// Reads rope_theta and rope_scaling, or rope_parameters as transformers 5 writes it. Throws Error for a kind that is not known.
RotaryConfig parseRotary(const JsonObject& config, std::int64_t headSize, std::int64_t context);

// What the kernels take: an angle a position for each pair of elements, and the magnitude of sine and cosine.
struct RotaryAngles {
    std::vector<float> frequencies;  // (width / 2)
    float magnitude = 1.0f;
};

// As transformers computes them (modeling_rope_utils.py): in float32, step by step.
RotaryAngles rotaryAngles(const RotaryConfig& rotary);

}  // namespace gptq
