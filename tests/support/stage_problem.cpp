// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/stage_problem.h"

#include "support/model_runs.h"

namespace gptq::test {

std::int64_t StageProblem::rows() const {
    std::int64_t rows = 0;
    for (const StageModule& module : modules) rows += module.module.out;
    return rows;
}

StageOutcome StageProblem::quantize(const QuantizationMethod& method, const MethodOptions& options) const {
    JobControl control;
    const ConstTensorView w = hostView(weights.data(), {rows(), columns()});
    const ConstTensorView h = hostView(hessian.data(), {columns(), columns()});
    return method.quantize(cpu(), {modules, w, h, ScalePrecision::Float16}, options, control);
}

double StageProblem::relativeError(const StageOutcome& outcome, std::size_t module) const {
    std::size_t row = 0;
    for (std::size_t i = 0; i < module; ++i) row += static_cast<std::size_t>(modules[i].module.out);
    const std::vector<float> stored = dequantize(matrixOf(outcome, modules[module].module));
    const auto n = static_cast<std::size_t>(columns());
    const float* w = weights.data() + row * n;
    double error = 0, norm = 0;
    for (std::size_t r = 0; r < stored.size(); r += n) {
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) {
                const double hij = hessian[i * n + j];
                error += (w[r + i] - stored[r + i]) * hij * (w[r + j] - stored[r + j]);
                norm += w[r + i] * hij * w[r + j];
            }
        }
    }
    return error / norm;
}

StageProblem plainProblem(std::uint64_t seed, std::int64_t out, std::int64_t in, const QuantScheme& scheme) {
    StageProblem problem;
    problem.modules = {{{"layer.proj", out, in, false}, scheme}};
    problem.weights = randomFloats(seed, static_cast<std::size_t>(out * in), 1);
    problem.hessian.resize(static_cast<std::size_t>(in * in));
    for (std::int64_t i = 0; i < in; ++i) problem.h(i, i) = 1;
    return problem;
}

StageProblem randomProblem(std::uint64_t seed, std::int64_t out, std::int64_t in, const QuantScheme& scheme) {
    StageProblem problem = plainProblem(seed, out, in, scheme);
    const std::int64_t tokens = 4 * in;
    std::vector<float> x = randomFloats(seed + 1, static_cast<std::size_t>(tokens * in), 1);
    for (std::int64_t t = 0; t < tokens; ++t) {
        float* row = x.data() + t * in;
        for (std::int64_t i = 1; i < in; ++i) row[i] = (0.8f * row[i - 1] + row[i]) * (i % 5 == 0 ? 1.5f : 0.9f);
    }
    for (std::int64_t i = 0; i < in; ++i) {
        for (std::int64_t j = 0; j <= i; ++j) {
            double sum = 0;
            for (std::int64_t t = 0; t < tokens; ++t)
                sum += static_cast<double>(x[static_cast<std::size_t>(t * in + i)]) *
                       x[static_cast<std::size_t>(t * in + j)];
            problem.h(i, j) = problem.h(j, i) = static_cast<float>(2 * sum / static_cast<double>(tokens));
        }
    }
    return problem;
}

const QuantizedMatrix& matrixOf(const StageOutcome& outcome, const LinearModule& module) {
    return std::get<QuantizedMatrix>(outcome.tensors.at(module.weight()));
}

double shareOfEqual(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    if (a.size() != b.size() || a.empty()) return 0;
    std::size_t equal = 0;
    for (std::size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i];
    return static_cast<double>(equal) / static_cast<double>(a.size());
}

}  // namespace gptq::test
