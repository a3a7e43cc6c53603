// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/reference_gptq.h"

#include <algorithm>
#include <cmath>

#include "support/reference_floats.h"

namespace gptq::test::reference {

Grid gridOf(const std::vector<double>& weights, const GridSpec& spec) {
    double low = 0, high = 0, largest = 0;
    for (const double weight : weights) {
        low = std::min(low, weight);
        high = std::max(high, weight);
        largest = std::max(largest, std::abs(weight));
    }
    const double top = std::exp2(spec.bits) - 1;
    double scale = spec.symmetric ? 2 * largest / top : (high - low) / top;
    if (largest == 0) scale = 1 / top;
    if (spec.precision == ScalePrecision::Float16AndBFloat16) scale = rounded(scale, kBFloat16);
    // Raised to the least normal number; held below float16's greatest.
    scale = rounded(std::clamp(scale, 0x1p-14, 65024.0), kFloat16);
    if (spec.symmetric) return {scale, std::exp2(spec.bits - 1)};
    return {scale, std::clamp(std::nearbyint(-low / scale), 0.0, top)};
}

Grids findGrids(const Matrix& weights, const GridSpec& spec, std::int64_t groupColumns) {
    const std::int64_t groups = (weights.columns + groupColumns - 1) / groupColumns;
    Grids grids{Matrix(groups, weights.rows), Matrix(groups, weights.rows)};
    for (std::int64_t r = 0; r < weights.rows; ++r) {
        for (std::int64_t g = 0; g < groups; ++g) {
            std::vector<double> group;
            for (std::int64_t c = g * groupColumns; c < std::min((g + 1) * groupColumns, weights.columns); ++c)
                group.push_back(weights.at(r, c));
            const Grid grid = gridOf(group, spec);
            grids.scales.at(g, r) = grid.scale;
            grids.zeros.at(g, r) = grid.zero;
        }
    }
    return grids;
}

double codeOf(double weight, const Grid& grid, int bits) {
    return std::clamp(std::nearbyint(weight / grid.scale) + grid.zero, 0.0, std::exp2(bits) - 1);
}

Matrix roundToGrids(const Matrix& weights, const GridSpec& spec, std::int64_t groupColumns, const Grids& grids) {
    Matrix codes(weights.rows, weights.columns);
    for (std::int64_t r = 0; r < weights.rows; ++r) {
        for (std::int64_t c = 0; c < weights.columns; ++c) {
            const std::int64_t g = c / groupColumns;
            codes.at(r, c) = codeOf(weights.at(r, c), {grids.scales.at(g, r), grids.zeros.at(g, r)}, spec.bits);
        }
    }
    return codes;
}

Matrix gram(const Matrix& x) {
    Matrix h(x.columns, x.columns);
    for (std::int64_t t = 0; t < x.rows; ++t) {
        for (std::int64_t i = 0; i < x.columns; ++i) {
            for (std::int64_t j = 0; j < x.columns; ++j) h.at(i, j) += x.at(t, i) * x.at(t, j);
        }
    }
    return h;
}

// Row by row from the last: U^-1 =: V is upper triangular with V V^T = M, and U = V^-1.
Matrix inverseFactor(const Matrix& matrix) {
    const std::int64_t n = matrix.rows;
    Matrix v(n, n), u(n, n);
    for (std::int64_t j = n - 1; j >= 0; --j) {
        for (std::int64_t i = j; i >= 0; --i) {
            double sum = matrix.at(i, j);
            for (std::int64_t k = j + 1; k < n; ++k) sum -= v.at(i, k) * v.at(j, k);
            v.at(i, j) = i == j ? std::sqrt(sum) : sum / v.at(j, j);
        }
    }
    for (std::int64_t j = 0; j < n; ++j) {
        u.at(j, j) = 1 / v.at(j, j);
        for (std::int64_t i = j - 1; i >= 0; --i) {
            double sum = 0;
            for (std::int64_t k = i + 1; k <= j; ++k) sum -= v.at(i, k) * u.at(k, j);
            u.at(i, j) = sum / v.at(i, i);
        }
    }
    return u;
}

double factorResidual(const Matrix& u, const Matrix& m) {
    const std::int64_t n = m.rows;
    Matrix um(n, n);
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t k = i; k < n; ++k) {
            for (std::int64_t j = 0; j < n; ++j) um.at(i, j) += u.at(i, k) * m.at(k, j);
        }
    }
    double largest = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
            double sum = i == j ? -1 : 0;
            for (std::int64_t k = j; k < n; ++k) sum += um.at(i, k) * u.at(j, k);
            if (!(std::abs(sum) <= largest)) largest = std::abs(sum);
        }
    }
    return largest;
}

Solved solve(const Solve& problem) {
    const std::int64_t rows = problem.weights.rows, columns = problem.weights.columns, group = problem.groupColumns;
    const std::int64_t groups = (columns + group - 1) / group;
    Solved solved{Matrix(rows, columns), problem.grids, Matrix(rows, columns)};
    const bool given = !problem.groupOfColumn.empty();
    if (!given) solved.grids = {Matrix(groups, rows), Matrix(groups, rows)};
    for (std::int64_t r = 0; r < rows; ++r) {
        std::vector<double> now(static_cast<std::size_t>(columns)), atBlock;
        for (std::int64_t c = 0; c < columns; ++c) now[static_cast<std::size_t>(c)] = problem.weights.at(r, c);
        for (std::int64_t j = 0; j < columns; ++j) {
            if (j % problem.blockColumns == 0) atBlock = now;
            const std::int64_t g = given ? problem.groupOfColumn[static_cast<std::size_t>(j)] : j / group;
            if (!given && j % group == 0) {
                const std::int64_t blockEnd = (j / problem.blockColumns + 1) * problem.blockColumns;
                std::vector<double> members;
                for (std::int64_t c = j; c < std::min(j + group, columns); ++c)
                    members.push_back((c < blockEnd ? now : atBlock)[static_cast<std::size_t>(c)]);
                const Grid found = gridOf(members, problem.grid);
                solved.grids.scales.at(g, r) = found.scale;
                solved.grids.zeros.at(g, r) = found.zero;
            }
            const Grid grid{solved.grids.scales.at(g, r), solved.grids.zeros.at(g, r)};
            const double weight = now[static_cast<std::size_t>(j)], code = codeOf(weight, grid, problem.grid.bits);
            const double error = (weight - (code - grid.zero) * grid.scale) / problem.factor.at(j, j);
            solved.codes.at(r, j) = code;
            solved.errors.at(r, j) = error;
            for (std::int64_t c = j + 1; c < columns; ++c)
                now[static_cast<std::size_t>(c)] -= error * problem.factor.at(j, c);
        }
    }
    return solved;
}

std::vector<double> rowErrors(const Matrix& weights, const Matrix* codes, const Grids& grids, std::int64_t groupColumns,
                              const Matrix& hessian) {
    std::vector<double> errors;
    for (std::int64_t r = 0; r < weights.rows; ++r) {
        std::vector<double> d;
        for (std::int64_t c = 0; c < weights.columns; ++c) {
            const std::int64_t g = c / groupColumns;
            const double quantized = codes ? (codes->at(r, c) - grids.zeros.at(g, r)) * grids.scales.at(g, r) : 0;
            d.push_back(weights.at(r, c) - quantized);
        }
        double sum = 0;
        for (std::int64_t i = 0; i < weights.columns; ++i) {
            for (std::int64_t j = 0; j < weights.columns; ++j)
                sum += d[static_cast<std::size_t>(i)] * hessian.at(i, j) * d[static_cast<std::size_t>(j)];
        }
        errors.push_back(sum);
    }
    return errors;
}

}  // namespace gptq::test::reference
