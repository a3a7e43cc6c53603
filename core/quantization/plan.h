// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Everything that decides a run's result.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/calibration/calibration_set.h"
#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/checkpoint_format.h"
#include "core/quantization/method.h"
#include "core/quantization/scheme_rules.h"

namespace gptq {

struct QuantizationPlan {
    std::filesystem::path model;
    std::filesystem::path calibration;
    std::filesystem::path output;
    std::string method = "gptq";
    std::string format = "gptq";
    QuantScheme scheme;
    SchemeRules rules;  // of single layers
    MethodOptions options;
    CalibrationRequest samples;
    std::uint64_t shardBytes = std::uint64_t{4} << 30;
    // Tokens that go through a stage at once. Part of the plan: sums depend on it in their last bits.
    std::int64_t chunkTokens = 4096;
    int tokenizerThreads = 0;  // 0: one for each processor. The one field that changes no result
};

// Warnings about a plan that works but may surprise: rules that match nothing, schemes that other runtimes refuse.
std::vector<std::string> planWarnings(const QuantizationPlan& plan, const Checkpoint& model,
                                      const std::vector<ModuleScheme>& modules);

// The scheme of every linear layer of the blocks; none for those that stay float. Throws Error where a group is larger than a
// row or the plan's format cannot hold the result.
std::vector<ModuleScheme> moduleSchemes(const QuantizationPlan& plan, const Checkpoint& model);

// Bytes of a checkpoint with these modules quantized.
std::uint64_t estimateOutputBytes(const Checkpoint& model, const std::vector<ModuleScheme>& modules);
// Stored bits of codes, scales and zeros over the number of quantized weights.
double bitsPerWeight(const std::vector<ModuleScheme>& modules);

}  // namespace gptq
