// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/packed_there.h"

namespace gptq::test {

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
