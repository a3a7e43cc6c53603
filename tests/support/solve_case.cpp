// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/solve_case.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace gptq::test {

QString SolveShape::name() const {
    return QString("%1 x %2, blocks of %3, group %4, %5 bits, %6%7%8")
        .arg(rows)
        .arg(columns)
        .arg(block)
        .arg(group)
        .arg(grid.bits)
        .arg(grid.symmetric ? "symmetric" : "asymmetric",
             grid.precision == ScalePrecision::Float16 ? "" : ", bfloat16 scales",
             staticGroups ? ", static groups" : "");
}

Matrix correlatedHessian(std::int64_t columns) {
    Matrix x = randomMatrix(2 * columns, columns, 61);
    for (std::int64_t t = 0; t < x.rows; ++t) {
        for (std::int64_t c = 1; c < columns; ++c) x.at(t, c) = 0.7 * x.at(t, c - 1) + 0.7 * x.at(t, c);
    }
    Matrix h = reference::gram(x);
    for (std::int64_t c = 0; c < columns; ++c) h.at(c, c) += 0.05 * static_cast<double>(columns);
    return h;
}

namespace {

// Of many problems; it takes longer than they do.
const Matrix& factorFor(std::int64_t columns) {
    static std::map<std::int64_t, Matrix> factors;
    Matrix& factor = factors[columns];
    if (factor.values.empty()) factor = roundedTo(DType::Float32, reference::inverseFactor(correlatedHessian(columns)));
    return factor;
}

}  // namespace

reference::Solve problemOf(const SolveShape& shape) {
    reference::Solve problem{.weights = roundedTo(DType::Float32, randomMatrix(shape.rows, shape.columns, 62, 0.05)),
                             .factor = factorFor(shape.columns),
                             .grid = shape.grid,
                             .groupColumns = shape.group,
                             .blockColumns = shape.block,
                             .groupOfColumn = {},
                             .grids = {}};
    if (!shape.staticGroups) return problem;
    problem.grids = reference::findGrids(problem.weights, shape.grid, shape.group);
    Matrix ordered = problem.weights;
    for (std::int64_t j = 0; j < shape.columns; ++j) {
        const std::int64_t column = (j * 7 + 3) % shape.columns;  // 7 divides no number of columns here
        problem.groupOfColumn.push_back(static_cast<std::int32_t>(column / shape.group));
        for (std::int64_t r = 0; r < shape.rows; ++r) ordered.at(r, j) = problem.weights.at(r, column);
    }
    problem.weights = ordered;
    return problem;
}

reference::Solved solvedThere(Backend& backend, const reference::Solve& problem) {
    const std::int64_t rows = problem.weights.rows, columns = problem.weights.columns;
    const std::int64_t groups = (columns + problem.groupColumns - 1) / problem.groupColumns;
    const bool given = !problem.groupOfColumn.empty();
    Framed weights(backend, DType::Float32, problem.weights), factor(backend, DType::Float32, problem.factor);
    Framed scales(backend, DType::Float32, given ? problem.grids.scales : Matrix(groups, rows, std::nan("")));
    Framed zeros(backend, DType::Float32, given ? problem.grids.zeros : Matrix(groups, rows, std::nan("")));
    Tensor codes = uploadedCodes(backend, Matrix(rows, columns, 255));
    Tensor errors = filled(backend, DType::Float32, rows, problem.blockColumns, std::nan(""));
    const Tensor groupOfColumn = given ? uploadedInts(backend, problem.groupOfColumn) : Tensor();
    GptqBlockCall call{.grid = problem.grid,
                       .weights = weights.view(),
                       .factor = factor.view(),
                       .groupColumns = problem.groupColumns,
                       .groupOfColumn = given ? groupOfColumn.view() : ConstTensorView(),
                       .out = {codes.view(), scales.view(), zeros.view()},
                       .errors = {}};
    reference::Solved solved{{}, {}, Matrix(rows, columns)};
    for (call.first = 0; call.first < columns; call.first += problem.blockColumns) {
        call.count = std::min(problem.blockColumns, columns - call.first);
        call.errors = errors.view().columnRange(0, call.count);
        backend.solveBlock(call);
        const Matrix found = downloaded(backend, call.errors);
        for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t j = 0; j < call.count; ++j) solved.errors.at(r, call.first + j) = found.at(r, j);
        }
        backend.updateTrailing(call);
    }
    if (!weights.intact() || !scales.intact() || !zeros.intact()) throw Error("written outside of a view");
    solved.codes = downloaded(backend, codes.view());
    solved.grids = {scales.inner(), zeros.inner()};
    return solved;
}

}  // namespace gptq::test
