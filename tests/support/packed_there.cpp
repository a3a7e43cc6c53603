// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/packed_there.h"

#include <cmath>

namespace gptq::test {

reference::PackedParts randomPacked(const QuantScheme& scheme, std::int64_t rows, std::int64_t columns, unsigned seed) {
    const std::int64_t groups = scheme.groups(columns);
    const int codes = 1 << scheme.bits;
    reference::PackedParts parts{.scheme = scheme,
                                 .codes = randomCodes(rows, columns, seed, codes),
                                 .scales = randomMatrix(groups, rows, seed + 1, 1.0 / codes / std::sqrt(columns)),
                                 .zeros = {},
                                 .columnOrder = {}};
    parts.scales = roundedTo(DType::Float16, parts.scales);
    if (!scheme.symmetric) parts.zeros = randomCodes(groups, rows, seed + 2, codes);
    return parts;
}

PackedThere::PackedThere(Backend& backend, const reference::PackedParts& parts, const Matrix& bias) {
    const std::vector<std::uint8_t> codes(parts.codes.values.begin(), parts.codes.values.end());
    const auto packed = packCodes(codes, parts.codes.rows, parts.codes.columns, parts.scheme.bits);
    words = backend.upload(hostView(packed.data(), {static_cast<std::int64_t>(packed.size())}), DType::UInt32);
    scales = uploaded(backend, parts.scales, DType::Float16);
    weight = {.scheme = parts.scheme,
              .rows = parts.codes.rows,
              .columns = parts.codes.columns,
              .words = words.view(),
              .scales = scales.view(),
              .zeros = {},
              .columnOrder = {},
              .bias = {}};
    if (!parts.scheme.symmetric) weight.zeros = (zeros = uploadedCodes(backend, parts.zeros)).view();
    if (!parts.columnOrder.empty()) weight.columnOrder = (order = uploadedInts(backend, parts.columnOrder)).view();
    if (!bias.values.empty()) weight.bias = (biases = uploadedVector(backend, bias)).view();
}

}  // namespace gptq::test
