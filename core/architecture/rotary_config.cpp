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
    if (kind == "yarn") return RotaryConfig::Scaling::Yarn;
    throw Error(scaling.where(), ": the RoPE scaling '", kind,
                "' is not supported. Supported: default, linear, llama3, yarn");
}

void parseLlama3(const JsonObject& scaling, RotaryConfig& rotary) {
    rotary.lowFrequencyFactor = scaling.number("low_freq_factor", 1e-3, kMostFactor);
    rotary.highFrequencyFactor = scaling.number("high_freq_factor", 1e-3, kMostFactor);
    if (rotary.highFrequencyFactor <= rotary.lowFrequencyFactor) {
        throw Error(scaling.where(), ": 'high_freq_factor' must be above 'low_freq_factor'");
    }
}

// YaRN (Peng et al. 2023, arXiv 2309.00071): attention sharpens with the logarithm of the factor.
double yarnMagnitude(double factor, double weight) {
    return factor <= 1 ? 1.0 : 0.1 * weight * std::log(factor) + 1.0;
}

void parseYarn(const JsonObject& scaling, RotaryConfig& rotary) {
    rotary.betaFast = scaling.numberOr("beta_fast", 32.0, 1e-3, kMostFactor);
    rotary.betaSlow = scaling.numberOr("beta_slow", 1.0, 1e-3, kMostFactor);
    rotary.truncate = scaling.booleanOr("truncate", true);
    const double weight = scaling.numberOr("mscale", 0.0, 0.0, kMostFactor);
    const double weightOfAll = scaling.numberOr("mscale_all_dim", 0.0, 0.0, kMostFactor);
    const double usual = weight > 0 && weightOfAll > 0
                             ? yarnMagnitude(rotary.factor, weight) / yarnMagnitude(rotary.factor, weightOfAll)
                             : yarnMagnitude(rotary.factor, 1.0);
    rotary.magnitude = scaling.numberOr("attention_factor", usual, 1e-6, kMostFactor);
}

void parseScaling(const JsonObject& scaling, std::int64_t context, RotaryConfig& rotary) {
    rotary.scaling = scalingOf(scaling);
    if (rotary.scaling == RotaryConfig::Scaling::None) return;
    rotary.factor = scaling.number("factor", 1e-3, kMostFactor);
    rotary.originalContext = scaling.integerOr("original_max_position_embeddings", context, 1, kMostContext);
    if (rotary.scaling == RotaryConfig::Scaling::Llama3) parseLlama3(scaling, rotary);
    if (rotary.scaling == RotaryConfig::Scaling::Yarn) parseYarn(scaling, rotary);
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

// YaRN's ramp over pairs: 0 where a frequency is kept, 1 where it is slowed down by the whole factor.
struct YarnRamp {
    double low;
    double high;

    explicit YarnRamp(const RotaryConfig& rotary) {
        // The pair whose wave turns this often within the original context.
        const auto pairOf = [&](double turns) {
            const auto context = static_cast<double>(rotary.originalContext);
            return static_cast<double>(rotary.width) * std::log(context / (turns * 2.0 * std::numbers::pi)) /
                   (2.0 * std::log(rotary.base));
        };
        low = pairOf(rotary.betaFast);
        high = pairOf(rotary.betaSlow);
        if (rotary.truncate) {
            low = std::floor(low);
            high = std::ceil(high);
        }
        low = std::max(low, 0.0);
        high = std::min(high, static_cast<double>(rotary.width - 1));
        if (low == high) high += 0.001;
    }

    float at(std::int64_t pair) const {
        return std::clamp(static_cast<float>((static_cast<double>(pair) - low) / (high - low)), 0.0f, 1.0f);
    }
};

float yarnFrequency(float frequency, const RotaryConfig& rotary, float slowed) {
    return frequency / static_cast<float>(rotary.factor) * slowed + frequency * (1.0f - slowed);
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
    RotaryAngles angles{{}, static_cast<float>(rotary.magnitude)};
    const YarnRamp ramp(rotary);
    for (std::int64_t i = 0; i < rotary.width; i += 2) {
        const auto exponent = static_cast<float>(i) / static_cast<float>(rotary.width);
        float frequency = 1.0f / std::pow(static_cast<float>(rotary.base), exponent);
        if (rotary.scaling == RotaryConfig::Scaling::Linear) frequency /= static_cast<float>(rotary.factor);
        if (rotary.scaling == RotaryConfig::Scaling::Llama3) frequency = llama3Frequency(frequency, rotary);
        if (rotary.scaling == RotaryConfig::Scaling::Yarn) frequency = yarnFrequency(frequency, rotary, ramp.at(i / 2));
        angles.frequencies.push_back(frequency);
    }
    return angles;
}

}  // namespace gptq
