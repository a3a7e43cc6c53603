// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/matrix.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace gptq::test {

// Its own mapping of the generator's bits: those of the standard library's distributions are not prescribed.
Matrix randomMatrix(std::int64_t rows, std::int64_t columns, unsigned seed, double spread) {
    std::mt19937 bits(seed);
    Matrix matrix(rows, columns);
    for (double& value : matrix.values) {
        double sum = 0;  // of three from [-1, 1): variance 1
        for (int i = 0; i < 3; ++i) sum += static_cast<double>(bits()) * 0x1p-31 - 1.0;
        value = sum * spread;
    }
    return matrix;
}

Matrix randomCodes(std::int64_t rows, std::int64_t columns, unsigned seed, int limit) {
    std::mt19937 bits(seed);
    Matrix matrix(rows, columns);
    for (double& value : matrix.values) value = static_cast<double>(bits() % static_cast<unsigned>(limit));
    return matrix;
}

Matrix columnsOf(const Matrix& matrix, std::int64_t first, std::int64_t count) {
    Matrix part(matrix.rows, count);
    for (std::int64_t r = 0; r < matrix.rows; ++r) {
        for (std::int64_t c = 0; c < count; ++c) part.at(r, c) = matrix.at(r, first + c);
    }
    return part;
}

double largestOf(const Matrix& matrix) {
    double largest = 0;
    for (const double value : matrix.values) largest = std::max(largest, std::abs(value));
    return largest;
}

QString differenceOf(const Matrix& found, const Matrix& expected, double tolerance) {
    if (found.rows != expected.rows || found.columns != expected.columns) {
        return QString("%1 x %2 instead of %3 x %4")
            .arg(found.rows)
            .arg(found.columns)
            .arg(expected.rows)
            .arg(expected.columns);
    }
    const double bound = tolerance * largestOf(expected);
    double worst = 0;
    std::int64_t where = -1, outside = 0;
    for (std::int64_t i = 0; i < found.rows * found.columns; ++i) {
        const double difference = std::abs(found[i] - expected[i]);
        if (difference <= bound) continue;
        ++outside;
        if (where < 0 || !(difference <= worst)) worst = difference, where = i;
    }
    if (where < 0) return {};
    return QString("%1 of %2 elements differ; row %3, column %4 is %5 instead of %6, more than %7 apart")
        .arg(outside)
        .arg(found.rows * found.columns)
        .arg(where / expected.columns)
        .arg(where % expected.columns)
        .arg(found[where], 0, 'g', 9)
        .arg(expected[where], 0, 'g', 9)
        .arg(bound, 0, 'g', 3);
}

}  // namespace gptq::test
