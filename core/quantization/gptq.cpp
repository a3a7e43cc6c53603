// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// GPTQ (Frantar et al. 2022, arXiv 2210.17323). Symbols, after the paper: W weights, H Hessian of the inputs, U the upper Cholesky
// factor of (H + damping)^-1. Columns are solved left to right in blocks; with act-order, in the order of H's diagonal, and
// then every group's grid is found beforehand (static groups), so that nothing of the order remains in the result.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/quantization/module_run.h"
#include "core/quantization/stopwatch.h"
#include "kernels/error.h"

namespace gptq {
namespace {

constexpr double kMostDamping = 1.0;
constexpr double kLeastFloor = 1e-6;  // of the largest diagonal element
constexpr int kFloorAttempts = 6;

// H's diagonal, and what follows from it. Dead columns (inputs that were zero throughout) count as 1 and their weights as 0.
struct Columns {
    std::vector<float> diagonal;
    std::vector<bool> dead;
    std::vector<std::int32_t> order;  // order[place] = column
    std::vector<std::int32_t> live;   // the same, -1 for a dead column: weights so permuted are zero there
    double mean = 0;
    double largest = 0;

    Columns(Backend& backend, const StageInput& input, bool actOrder)
        : diagonal(backend.diagonal(input.hessian)), order(diagonal.size()) {
        for (float& value : diagonal) {
            if (!std::isfinite(value))
                throw Error(input.modules.front().module.name,
                            ": its inputs contain NaN or infinity, so it cannot be calibrated. The weights before it "
                            "are damaged, or its type cannot hold its activations");
            dead.push_back(value == 0);
            if (value == 0) value = 1;
            mean += value / static_cast<double>(diagonal.size());
            largest = std::max<double>(largest, value);
        }
        std::iota(order.begin(), order.end(), 0);
        if (actOrder)
            std::stable_sort(order.begin(), order.end(), [this](std::int32_t a, std::int32_t b) {
                return diagonal[static_cast<std::size_t>(a)] > diagonal[static_cast<std::size_t>(b)];
            });
        for (const std::int32_t column : order) live.push_back(dead[static_cast<std::size_t>(column)] ? -1 : column);
    }

    // What is added to the diagonal, place by place.
    std::vector<float> added(double damping, double floor) const {
        std::vector<float> values;
        for (const std::int32_t column : order)
            values.push_back(static_cast<float>((dead[static_cast<std::size_t>(column)] ? 1.0 : 0.0) + damping * mean +
                                                floor * largest));
        return values;
    }
};

// U, with as little damping above the asked as it takes. Nothing where even the floor did not help.
bool factorize(Backend& backend, const StageInput& input, const Columns& columns, const MethodOptions& options,
               TensorView factor, ModuleReport& report) {
    report.attempts = 0;
    const auto attempt = [&](double damping, double floor) {
        report.damping = damping;
        ++report.attempts;
        return backend.factorize(input.hessian, columns.order, columns.added(damping, floor), factor);
    };
    double damping = options.damping;
    for (;;) {
        if (attempt(damping, 0)) return true;
        report.outcome = SolveOutcome::MoreDamping;
        if (damping >= kMostDamping) break;
        damping = std::min(damping == 0 ? options.damping + 1e-3 : damping * 10, kMostDamping);
    }
    report.outcome = SolveOutcome::DiagonalFloor;
    double floor = kLeastFloor;
    for (int i = 0; i < kFloorAttempts; ++i, floor *= 10) {
        if (attempt(damping, floor)) return true;
    }
    report.outcome = SolveOutcome::RoundedToNearest;
    return false;
}

void solveRun(Backend& backend, const StageInput& input, const ModuleRun& run, const Columns& columns,
              const MethodOptions& options, ConstTensorView factor, CodesView solved, JobControl& control) {
    const std::int64_t block = std::min(options.blockSize, run.columns);
    const Shape shape{run.rows, run.columns};
    Tensor weights = backend.allocate(DType::Float32, shape), codes = backend.allocate(DType::UInt8, shape),
           errors = backend.allocate(DType::Float32, {run.rows, block});
    Tensor groupOfPlace;
    if (options.actOrder) {
        std::vector<std::int32_t> natural(columns.order.size()), groups;
        for (std::size_t j = 0; j < natural.size(); ++j)
            natural[j] = columns.dead[j] ? -1 : static_cast<std::int32_t>(j);
        for (const std::int32_t column : columns.order)
            groups.push_back(static_cast<std::int32_t>(column / run.groupColumns()));
        backend.permuteColumns(run.weights(input), natural, weights.view());
        backend.findGrids(weights.view(), run.grid(input.precision), run.groupColumns(), solved);
        groupOfPlace =
            backend.upload(hostView(static_cast<const std::int32_t*>(groups.data()), {run.columns}), DType::Int32);
    }
    backend.permuteColumns(run.weights(input), columns.live, weights.view());
    GptqBlockCall call{.grid = run.grid(input.precision),
                       .weights = weights.view(),
                       .factor = factor,
                       .groupColumns = run.groupColumns(),
                       .groupOfColumn = groupOfPlace.empty() ? ConstTensorView{} : groupOfPlace.view(),
                       .out = {codes.view(), solved.scales, solved.zeros},
                       .errors = {}};
    for (call.first = 0; call.first < run.columns; call.first += block) {
        control.checkpoint();
        call.count = std::min(block, run.columns - call.first);
        call.errors = errors.view().columnRange(0, call.count);
        backend.solveBlock(call);
        backend.updateTrailing(call);
    }
    std::vector<std::int32_t> placeOf(columns.order.size());
    for (std::size_t place = 0; place < placeOf.size(); ++place)
        placeOf[static_cast<std::size_t>(columns.order[place])] = static_cast<std::int32_t>(place);
    backend.permuteColumns(codes.view(), placeOf, solved.codes);
}

StageOutcome quantize(Backend& backend, const StageInput& input, const MethodOptions& options, JobControl& control) {
    StageOutcome outcome;
    ModuleReport report;
    const Columns columns(backend, input, options.actOrder);
    report.deadColumns = static_cast<int>(std::count(columns.dead.begin(), columns.dead.end(), true));
    Tensor factor = backend.allocate(DType::Float32, input.hessian.shape());
    const Stopwatch factorWatch;
    const bool factorized = factorize(backend, input, columns, options, factor.view(), report);
    outcome.factorSeconds = factorWatch.seconds();
    if (!factorized && !options.fallback) {
        throw Error(
            input.modules.front().module.name,
            ": the Hessian of its inputs is not positive definite, even with damping ", report.damping,
            " and a diagonal floor. Use more or other calibration text, or allow round-to-nearest for such layers");
    }
    const Stopwatch solveWatch;
    for (const ModuleRun& run : runsOf(input)) {
        RunTensors solved(backend, run.rows, run.columns, run.groups());
        const GridSpec grid = run.grid(input.precision);
        if (factorized) {
            solveRun(backend, input, run, columns, options, factor.view(), solved.view(), control);
        } else {
            backend.findGrids(run.weights(input), grid, run.groupColumns(), solved.view());
            backend.roundToGrids(run.weights(input), grid, run.groupColumns(), solved.view());
        }
        collect(backend, input, run, solved.view(), report, outcome);
    }
    outcome.solveSeconds = solveWatch.seconds();
    return outcome;
}

}  // namespace

const QuantizationMethod kGptqMethod{"gptq", quantize};

}  // namespace gptq
