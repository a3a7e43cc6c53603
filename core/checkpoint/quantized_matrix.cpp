// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/quantized_matrix.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"

namespace gptq {

namespace {

void checkCount(const std::string& what, const char* part, std::size_t found, std::int64_t a, std::int64_t b) {
    std::uint64_t expected = 0;
    if (__builtin_mul_overflow(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b), &expected) ||
        found != expected) {
        throw Error(what, ": ", found, " ", part, " where ", a, " x ", b, " belong");
    }
}

}  // namespace

void checkMatrix(const QuantizedMatrix& matrix, const std::string& what) {
    const QuantScheme& scheme = matrix.scheme;
    try {
        checkScheme(scheme);
    } catch (const Error& error) {
        throw Error(what, ": ", error.what());
    }
    if (matrix.rows <= 0 || matrix.columns <= 0)
        throw Error(what, ": a matrix of ", matrix.rows, " x ", matrix.columns);
    const std::int64_t groups = matrix.groups();
    checkCount(what, "codes", matrix.codes.size(), matrix.rows, matrix.columns);
    checkCount(what, "scales", matrix.scales.size(), groups, matrix.rows);
    checkCount(what, "zeros", matrix.zeros.size(), groups, matrix.rows);

    std::uint8_t largest = 0;  // of all codes, where a search for a larger one would take them singly
    for (const std::uint8_t code : matrix.codes) largest = std::max(largest, code);
    if (largest > scheme.topCode())
        throw Error(what, ": the code ", int{largest}, " does not fit into ", scheme.bits, " bits");
    for (const std::uint8_t zero : matrix.zeros) {
        if (zero > scheme.topCode() + 1)
            throw Error(what, ": the zero ", int{zero}, " is above ", scheme.topCode() + 1);
        if (scheme.symmetric && zero != scheme.middleCode()) {
            throw Error(what, ": the zero ", int{zero}, " in a symmetric matrix, where all are ", scheme.middleCode());
        }
    }
    if (!std::all_of(matrix.scales.begin(), matrix.scales.end(), [](Float16 s) { return std::isfinite(toFloat(s)); })) {
        throw Error(what, ": a scale is infinite or not a number");
    }
    if (matrix.groupOfColumn.empty()) return;
    checkCount(what, "group indices", matrix.groupOfColumn.size(), matrix.columns, 1);
    for (const std::int32_t group : matrix.groupOfColumn) {
        if (group < 0 || group >= groups)
            throw Error(what, ": a column is in group ", group, ", but there are ", groups);
    }
}

std::vector<float> dequantize(const QuantizedMatrix& matrix) {
    const auto rows = static_cast<std::size_t>(matrix.rows);
    const auto columns = static_cast<std::size_t>(matrix.columns);
    std::vector<std::size_t> groupBegin(columns);  // in scales and zeros, of each column's group
    for (std::size_t column = 0; column < columns; ++column) {
        groupBegin[column] = static_cast<std::size_t>(matrix.groupOf(static_cast<std::int64_t>(column))) * rows;
    }
    std::vector<float> weights(rows * columns);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t column = 0; column < columns; ++column) {
            const std::size_t grid = groupBegin[column] + row;
            const int difference = int{matrix.codes[row * columns + column]} - int{matrix.zeros[grid]};
            weights[row * columns + column] = static_cast<float>(difference) * toFloat(matrix.scales[grid]);
        }
    }
    return weights;
}

bool sameCodes(const QuantizedMatrix& a, const QuantizedMatrix& b) {
    QuantScheme scheme = b.scheme;
    scheme.symmetric = a.scheme.symmetric;  // the zeros tell: an asymmetric grid may have them all in the middle
    if (a.scheme != scheme || a.rows != b.rows || a.columns != b.columns) return false;
    for (std::int64_t column = 0; column < a.columns; ++column) {
        if (a.groupOf(column) != b.groupOf(column)) return false;
    }
    return a.codes == b.codes && a.zeros == b.zeros &&
           std::equal(a.scales.begin(), a.scales.end(), b.scales.begin(), b.scales.end(),
                      [](Float16 x, Float16 y) { return x.bits == y.bits; });
}

}  // namespace gptq
