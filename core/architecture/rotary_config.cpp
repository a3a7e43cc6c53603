// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/architecture/rotary_config.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gptq {
namespace {

constexpr double kMostFactor = 1e6;
constexpr std::int64_t kMostContext = std::int64_t{1} << 32;

RotaryConfig::Scaling scalingOf(const JsonObject& scaling) {
    const std::string kind =
        scaling.has("rope_type") ? scaling.string("rope_type") : scaling.stringOr("type", "default");
    if (kind == "default") return RotaryConfig::Scaling::None;
    if (kind == "linear") return RotaryConfig::Scaling::Linear;
    if (kind == "llama3") return RotaryConfig::Scaling::Llama3;
    throw Error(scaling.where(), ": the RoPE scaling '", kind,
                "' is not supported. Supported: default, linear, llama3");
}

void parseScaling(const JsonObject& scaling, std::int64_t context, RotaryConfig& rotary) {
    rotary.scaling = scalingOf(scaling);
    if (rotary.scaling == RotaryConfig::Scaling::None) return;
    rotary.factor = scaling.number("factor", 1e-3, kMostFactor);
    if (rotary.scaling != RotaryConfig::Scaling::Llama3) return;
    rotary.lowFrequencyFactor = scaling.number("low_freq_factor", 1e-3, kMostFactor);
    rotary.highFrequencyFactor = scaling.number("high_freq_factor", 1e-3, kMostFactor);
    rotary.originalContext = scaling.integerOr("original_max_position_embeddings", context, 1, kMostContext);
    if (rotary.highFrequencyFactor <= rotary.lowFrequencyFactor)
        throw Error(scaling.where(), ": 'high_freq_factor' must be above 'low_freq_factor'");
}

// Llama 3.1: long waves are slowed down by the factor, short ones kept, those between blended.
float llama3Frequency(float frequency, const RotaryConfig& rotary) {
    const auto original = static_cast<double>(rotary.originalContext);
    const double wave = 2.0 * std::numbers::pi / frequency;
    if (wave < original / rotary.highFrequencyFactor) return frequency;
    const double slowed = frequency / rotary.factor;
    if (wave > original / rotary.lowFrequencyFactor) return static_cast<float>(slowed);
    const double smooth =
        (original / wave - rotary.lowFrequencyFactor) / (rotary.highFrequencyFactor - rotary.lowFrequencyFactor);
    return static_cast<float>((1.0 - smooth) * slowed + smooth * frequency);
}

}  // namespace

RotaryConfig parseRotary(const JsonObject& config, std::int64_t headSize, std::int64_t context) {
    RotaryConfig rotary;
    const auto parameters = config.objectIfAny("rope_parameters");
    const JsonObject& baseHolder = parameters && parameters->has("rope_theta") ? *parameters : config;
    rotary.base = baseHolder.numberOr("rope_theta", 10000.0, 1.0, 1e12);
    const double part = config.numberOr("partial_rotary_factor", 1.0, 0.0, 1.0);
    rotary.width = static_cast<std::int64_t>(part * static_cast<double>(headSize)) / 2 * 2;
    if (const auto scaling = parameters ? parameters : config.objectIfAny("rope_scaling"))
        parseScaling(*scaling, context, rotary);
    return rotary;
}

RotaryAngles rotaryAngles(const RotaryConfig& rotary) {
    RotaryAngles angles;
    for (std::int64_t i = 0; i < rotary.width; i += 2) {
        const auto exponent = static_cast<float>(i) / static_cast<float>(rotary.width);
        float frequency = 1.0f / std::pow(static_cast<float>(rotary.base), exponent);
        if (rotary.scaling == RotaryConfig::Scaling::Linear) frequency /= static_cast<float>(rotary.factor);
        if (rotary.scaling == RotaryConfig::Scaling::Llama3) frequency = llama3Frequency(frequency, rotary);
        angles.frequencies.push_back(frequency);
    }
    return angles;
}

}  // namespace gptq
