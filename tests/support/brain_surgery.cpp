// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/brain_surgery.h"

#include <algorithm>
#include <numeric>

#include "kernels/quant_grid.h"

namespace gptq::test {

std::vector<std::uint8_t> brainSurgery(const StageProblem& problem, const MethodOptions& options) {
    const auto n = static_cast<std::size_t>(problem.columns());
    const QuantScheme scheme = problem.modules.front().scheme;
    const GridSpec spec{scheme.bits, scheme.symmetric, ScalePrecision::Float16};
    const auto group = static_cast<std::size_t>(scheme.groupColumns(problem.columns()));
    double mean = 0;
    for (std::size_t i = 0; i < n; ++i) mean += problem.hessian[i * n + i] / static_cast<double>(n);
    // Gauss and Jordan: [H | I] to [I | H^-1].
    std::vector<double> h(problem.hessian.begin(), problem.hessian.end()), inverse(n * n);
    for (std::size_t i = 0; i < n; ++i) h[i * n + i] += options.damping * mean, inverse[i * n + i] = 1;
    for (std::size_t p = 0; p < n; ++p) {
        const double pivot = h[p * n + p];
        for (std::size_t j = 0; j < n; ++j) h[p * n + j] /= pivot, inverse[p * n + j] /= pivot;
        for (std::size_t i = 0; i < n; ++i) {
            const double factor = i == p ? 0 : h[i * n + p];
            for (std::size_t j = 0; j < n; ++j) {
                h[i * n + j] -= factor * h[p * n + j];
                inverse[i * n + j] -= factor * inverse[p * n + j];
            }
        }
    }
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (options.actOrder)
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return problem.hessian[a * n + a] > problem.hessian[b * n + b];
        });
    const std::size_t rows = problem.weights.size() / n;
    std::vector<double> w(problem.weights.begin(), problem.weights.end());
    std::vector<GridPoint<double>> grids(rows * ((n + group - 1) / group));
    const auto findGrids = [&](std::size_t g) {
        for (std::size_t r = 0; r < rows; ++r) {
            const auto [low, high] =
                std::minmax_element(&w[r * n + g * group], &w[r * n] + std::min(n, (g + 1) * group));
            grids[g * rows + r] = gridOfRange(*low, *high, spec);
        }
    };
    for (std::size_t g = 0; options.actOrder && g * group < n; ++g) findGrids(g);
    std::vector<std::uint8_t> codes(rows * n);
    for (const std::size_t c : order) {
        if (!options.actOrder && c % group == 0) findGrids(c / group);
        for (std::size_t r = 0; r < rows; ++r) {
            const GridPoint<double>& grid = grids[c / group * rows + r];
            const double code = codeOf(w[r * n + c], grid, topCodeOf<double>(spec));
            codes[r * n + c] = static_cast<std::uint8_t>(code);
            const double error = (w[r * n + c] - weightOf(code, grid)) / inverse[c * n + c];
            for (std::size_t k = 0; k < n; ++k) w[r * n + k] -= error * inverse[c * n + k];
        }
        const std::vector<double> row(&inverse[c * n], &inverse[c * n] + n);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) inverse[i * n + j] -= row[i] * row[j] / row[c];
        }
        // Eliminated: rounding must not let it move again.
        for (std::size_t k = 0; k < n; ++k) inverse[c * n + k] = inverse[k * n + c] = 0;
    }
    return codes;
}

}  // namespace gptq::test
