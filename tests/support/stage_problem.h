// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// One stage to be quantized: weights and a Hessian in host memory, as tests make them by hand.
#pragma once

#include <string>
#include <vector>

#include "core/quantization/method.h"

namespace gptq::test {

struct StageProblem {
    std::vector<StageModule> modules;
    std::vector<float> weights;  // (sum of outputs, in)
    std::vector<float> hessian;  // (in, in)

    std::int64_t rows() const;
    std::int64_t columns() const { return modules.front().module.in; }
    float& h(std::int64_t row, std::int64_t column) {
        return hessian[static_cast<std::size_t>(row * columns() + column)];
    }
    StageOutcome quantize(const QuantizationMethod& method, const MethodOptions& options = {}) const;

    // tr(D H D^T) / tr(W H W^T) of one module, from its weights as they are stored; float64.
    double relativeError(const StageOutcome& outcome, std::size_t module) const;
};

// A module "layer.NAME" of random weights, with the Hessian of inputs that have much in common.
StageProblem randomProblem(std::uint64_t seed, std::int64_t out, std::int64_t in, const QuantScheme& scheme);
// The same of a given Hessian's size, uncorrelated: the identity.
StageProblem plainProblem(std::uint64_t seed, std::int64_t out, std::int64_t in, const QuantScheme& scheme);

const QuantizedMatrix& matrixOf(const StageOutcome& outcome, const LinearModule& module);
double shareOfEqual(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b);

}  // namespace gptq::test
