// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Matrices of float64 on the host: what the oracles compute with and what tests compare.
#pragma once

#include <QString>
#include <cstdint>
#include <vector>

namespace gptq::test {

struct Matrix {
    Matrix() = default;
    Matrix(std::int64_t rowCount, std::int64_t columnCount, double value = 0)
        : rows(rowCount), columns(columnCount), values(static_cast<std::size_t>(rowCount * columnCount), value) {}

    double& at(std::int64_t row, std::int64_t column) {
        return values[static_cast<std::size_t>(row * columns + column)];
    }
    double at(std::int64_t row, std::int64_t column) const {
        return values[static_cast<std::size_t>(row * columns + column)];
    }
    double& operator[](std::int64_t element) { return values[static_cast<std::size_t>(element)]; }
    double operator[](std::int64_t element) const { return values[static_cast<std::size_t>(element)]; }

    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::vector<double> values;
};

// About normal, of this spread; the same for the same seed on every machine.
Matrix randomMatrix(std::int64_t rows, std::int64_t columns, unsigned seed, double spread = 1);
// Integers of [0, limit), as the matrix's values.
Matrix randomCodes(std::int64_t rows, std::int64_t columns, unsigned seed, int limit);

Matrix columnsOf(const Matrix& matrix, std::int64_t first, std::int64_t count);
double largestOf(const Matrix& matrix);  // the greatest magnitude

// Empty where every element of `found` is within `tolerance` times the largest magnitude of `expected`; else the worst one.
// A NaN is never within.
QString differenceOf(const Matrix& found, const Matrix& expected, double tolerance);

}  // namespace gptq::test
