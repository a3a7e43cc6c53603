// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/quantization/module_run.h"

#include <numeric>

#include "kernels/error.h"

namespace gptq {
namespace {

QuantizedMatrix matrixOf(Backend& backend, const ModuleRun& run, const CodesView& solved, std::int64_t row,
                         const StageModule& module) {
    const std::int64_t rows = module.module.out, groups = run.groups();
    QuantizedMatrix matrix{module.scheme, rows, run.columns, {}, {}, {}, {}};
    matrix.codes.resize(static_cast<std::size_t>(rows * run.columns));
    backend.copy(solved.codes.rowRange(row, rows), hostView(matrix.codes.data(), {rows, run.columns}));
    std::vector<float> scales(static_cast<std::size_t>(groups * rows)), zeros(scales.size());
    backend.copy(solved.scales.columnRange(row, rows), hostView(scales.data(), {groups, rows}));
    backend.copy(solved.zeros.columnRange(row, rows), hostView(zeros.data(), {groups, rows}));
    for (const float scale : scales) matrix.scales.push_back(toFloat16(scale));
    for (const float zero : zeros) matrix.zeros.push_back(static_cast<std::uint8_t>(zero));
    return matrix;
}

}  // namespace

RunTensors::RunTensors(Backend& backend, std::int64_t rows, std::int64_t columns, std::int64_t groups)
    : m_codes(backend.allocate(DType::UInt8, {rows, columns})),
      m_scales(backend.allocate(DType::Float32, {groups, rows})),
      m_zeros(backend.allocate(DType::Float32, {groups, rows})) {}

CodesView RunTensors::view() {
    return {m_codes.view(), m_scales.view(), m_zeros.view()};
}

std::vector<ModuleRun> runsOf(const StageInput& input) {
    std::vector<ModuleRun> runs;
    std::int64_t row = 0;
    for (const StageModule& module : input.modules) {
        if (runs.empty() || !(runs.back().scheme == module.scheme))
            runs.push_back({{}, row, 0, input.weights.columns(), module.scheme});
        runs.back().modules.push_back(module);
        runs.back().rows += module.module.out;
        row += module.module.out;
    }
    if (row != input.weights.rows()) throw Error("a stage of ", row, " rows has weights of ", input.weights.rows());
    return runs;
}

void collect(Backend& backend, const StageInput& input, const ModuleRun& run, const CodesView& solved,
             const ModuleReport& common, StageOutcome& outcome) {
    const ConstTensorView weights = run.weights(input);
    const std::vector<double> errors = backend.rowErrors(weights, &solved, run.groupColumns(), input.hessian);
    const std::vector<double> norms = backend.rowErrors(weights, nullptr, run.groupColumns(), input.hessian);
    std::int64_t row = 0;
    for (const StageModule& module : run.modules) {
        const auto sum = [&](const std::vector<double>& values) {
            return std::accumulate(values.begin() + row, values.begin() + row + module.module.out, 0.0);
        };
        ModuleReport report = common;
        report.name = module.module.name;
        report.rows = module.module.out;
        report.columns = module.module.in;
        report.scheme = module.scheme;
        const double norm = sum(norms);
        report.relativeError = norm > 0 ? sum(errors) / norm : 0.0;
        outcome.reports.push_back(report);
        outcome.tensors.emplace(module.module.weight(), matrixOf(backend, run, solved, row, module));
        row += module.module.out;
    }
}

}  // namespace gptq
