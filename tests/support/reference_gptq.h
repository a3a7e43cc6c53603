// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// GPTQ's steps by their definitions, naive and in float64: the oracle of every backend.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/quant_grid.h"
#include "support/matrix.h"

namespace gptq::test::reference {

struct Grids {
    Matrix scales;  // (groups, rows)
    Matrix zeros;   // (groups, rows)
};

struct Grid {
    double scale;
    double zero;
};
// Of the weights of one group.
Grid gridOf(const std::vector<double>& weights, const GridSpec& spec);
Grids findGrids(const Matrix& weights, const GridSpec& spec, std::int64_t groupColumns);
double codeOf(double weight, const Grid& grid, int bits);
Matrix roundToGrids(const Matrix& weights, const GridSpec& spec, std::int64_t groupColumns, const Grids& grids);

Matrix gram(const Matrix& x);  // x^T x
// The upper triangular U with positive diagonal and U^T U = matrix^-1.
Matrix inverseFactor(const Matrix& matrix);
// The largest element of U M U^T - I: zero where U^T U = M^-1.
double factorResidual(const Matrix& u, const Matrix& m);

struct Solve {
    Matrix weights;  // (rows, columns), in solve order
    Matrix factor;   // U
    GridSpec grid;
    std::int64_t groupColumns = 0;
    std::int64_t blockColumns = 0;
    std::vector<std::int32_t> groupOfColumn;  // static groups, on `grids`; empty: grids are found on the way
    Grids grids;
};
struct Solved {
    Matrix codes;   // (rows, columns)
    Grids grids;    // those found or those given
    Matrix errors;  // (rows, columns): (w - q) / U_jj
};
// Column by column over the whole matrix. A column's grid is found from the weights as they stand when its group begins; of
// columns right of the block, as they stood when the block began.
Solved solve(const Solve& problem);

// d H d^T of each row of D = weights - (code - zero) scale; null: D = weights.
std::vector<double> rowErrors(const Matrix& weights, const Matrix* codes, const Grids& grids, std::int64_t groupColumns,
                              const Matrix& hessian);

}  // namespace gptq::test::reference
