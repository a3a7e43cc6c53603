// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Quantization methods: how a stage's weights become codes. To add one: a file and a row in method.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/architecture/model_layout.h"
#include "core/checkpoint/tensor_overlay.h"
#include "core/quantization/job_control.h"
#include "kernels/backend.h"

namespace gptq {

struct MethodOptions {
    double damping = 0.01;         // of the mean of H's diagonal
    std::int64_t blockSize = 128;  // columns solved between two trailing updates
    bool actOrder = false;         // columns in the order of H's diagonal, the grids static
    bool fallback = true;          // round to nearest where H cannot be factorized; else stop
};

struct StageModule {
    LinearModule module;
    QuantScheme scheme;
};

// One stage: modules that share an input, their weights joined by rows.
struct StageInput {
    std::vector<StageModule> modules;
    ConstTensorView weights;  // float32 (sum of outputs, in), on the device
    ConstTensorView hessian;  // float32 (in, in): 2/N sum x x^T, both triangles
    ScalePrecision precision = ScalePrecision::Float16;
};

enum class SolveOutcome : std::uint8_t { AsAsked, MoreDamping, DiagonalFloor, RoundedToNearest };
const char* nameOf(SolveOutcome outcome);  // "", "more damping", …

struct ModuleReport {
    std::string name;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    QuantScheme scheme;
    double relativeError = 0;  // tr(D H D^T) / tr(W H W^T), D = W - Q
    SolveOutcome outcome = SolveOutcome::AsAsked;
    double damping = 0;   // that was used
    int attempts = 1;     // factorizations tried
    int deadColumns = 0;  // inputs that were zero throughout
};

struct StageOutcome {
    TensorOverlay tensors;
    std::vector<ModuleReport> reports;
    double factorSeconds = 0;
    double solveSeconds = 0;
};

struct QuantizationMethod {
    std::string_view name;
    StageOutcome (*quantize)(Backend& backend, const StageInput& input, const MethodOptions& options,
                             JobControl& control);
};

const std::vector<QuantizationMethod>& quantizationMethods();
const QuantizationMethod& methodNamed(std::string_view name);  // throws Error that lists the methods

extern const QuantizationMethod kGptqMethod;
extern const QuantizationMethod kRtnMethod;

}  // namespace gptq
