// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The canonical form of a quantized matrix: every format's input and output, the packer's input. Integer codes are decided
// once, by the solver or by the checkpoint that was read, and never derived again from weights.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/float16.h"
#include "kernels/quant_scheme.h"

namespace gptq {

struct QuantizedMatrix {
    QuantScheme scheme;
    std::int64_t rows = 0;                  // outputs
    std::int64_t columns = 0;               // inputs
    std::vector<std::uint8_t> codes;        // (rows, columns), in original column order
    std::vector<Float16> scales;            // (groups, rows)
    std::vector<std::uint8_t> zeros;        // (groups, rows), symmetric or not; up to 2^bits (GPTQ v1 files can hold that)
    std::vector<std::int32_t> groupOfColumn;  // (columns); empty: column j is in group j / groupSize

    std::int64_t groups() const { return scheme.groups(columns); }
    std::int32_t groupOf(std::int64_t column) const {
        return groupOfColumn.empty() ? static_cast<std::int32_t>(column / scheme.groupColumns(columns))
                                     : groupOfColumn[static_cast<std::size_t>(column)];
    }
};

// Throws Error, naming `what`, where sizes disagree or a code, zero or group is out of range.
void checkMatrix(const QuantizedMatrix& matrix, const std::string& what);
// (rows, columns) weights (q - z) s in float32.
std::vector<float> dequantize(const QuantizedMatrix& matrix);
bool sameCodes(const QuantizedMatrix& a, const QuantizedMatrix& b);

}  // namespace gptq
