// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/attention_case.h"

#include <algorithm>
#include <cmath>

namespace gptq::test {

QString AttentionShape::name() const {
    QString past;
    for (const std::int32_t length : pastLengths) past += QString(" %1").arg(length);
    return QString("%1/%2 heads of %3, rotary %4 x %5, window %6, norms %7, %8 tokens after%9")
        .arg(spec.heads)
        .arg(spec.kvHeads)
        .arg(spec.headSize)
        .arg(rotary)
        .arg(static_cast<double>(magnitude))
        .arg(spec.window)
        .arg(static_cast<int>(norms))
        .arg(tokensEach)
        .arg(past);
}

namespace {

// Angles a position in steps of 1/256: times any position here they are exact in float32, so no tolerance is spent on them.
Matrix frequenciesOf(std::int64_t rotary) {
    Matrix frequencies(1, rotary / 2);
    for (std::int64_t i = 0; i < rotary / 2; ++i) frequencies[i] = static_cast<double>(256 - 3 * i) / 256;
    return frequencies;
}

}  // namespace

reference::AttentionParts randomParts(const AttentionShape& shape, DType type) {
    reference::AttentionParts parts{.spec = shape.spec,
                                    .frequencies = {},
                                    .magnitude = shape.magnitude,
                                    .queryNorm = {},
                                    .keyNorm = {},
                                    .pastLengths = shape.pastLengths,
                                    .tokensEach = shape.tokensEach,
                                    .qkv = {},
                                    .keys = {},
                                    .values = {}};
    const auto sequences = static_cast<std::int64_t>(shape.pastLengths.size());
    if (shape.rotary > 0) parts.frequencies = frequenciesOf(shape.rotary);
    const auto norm = [&](unsigned seed) {
        return roundedTo(DType::Float32, randomMatrix(1, shape.spec.headSize, seed));
    };
    if (shape.norms == HeadNorms::Queries || shape.norms == HeadNorms::Both) parts.queryNorm = norm(41);
    if (shape.norms == HeadNorms::Keys || shape.norms == HeadNorms::Both) parts.keyNorm = norm(42);
    parts.capacity = *std::max_element(shape.pastLengths.begin(), shape.pastLengths.end()) + shape.tokensEach + 2;
    parts.qkv = roundedTo(type, randomMatrix(sequences * shape.tokensEach, shape.spec.qkvWidth(), 43));
    const std::int64_t places = (sequences + shape.spareSequences) * parts.capacity;
    parts.keys = roundedTo(type, randomMatrix(places, shape.spec.kvWidth(), 44));
    parts.values = roundedTo(type, randomMatrix(places, shape.spec.kvWidth(), 45));
    for (std::int64_t place = 0; place < places; ++place) {
        const std::int64_t sequence = place / parts.capacity;
        if (sequence < sequences && place % parts.capacity < shape.pastLengths[static_cast<std::size_t>(sequence)])
            continue;
        for (std::int64_t i = 0; i < shape.spec.kvWidth(); ++i)
            parts.keys.at(place, i) = parts.values.at(place, i) = std::nan("");
    }
    return parts;
}

AttentionThere::AttentionThere(const OpTarget& on, const reference::AttentionParts& parts)
    : qkv(*on.backend, on.activation, parts.qkv), keys(*on.backend, on.activation, parts.keys),
      values(*on.backend, on.activation, parts.values),
      y(*on.backend, on.activation, parts.qkv.rows, parts.spec.queryWidth()),
      pastLengths(uploadedInts(*on.backend, parts.pastLengths)) {
    const auto keep = [&](const Matrix& vector) {
        vectors.push_back(uploadedVector(*on.backend, vector));
        return ConstTensorView(vectors.back().view());
    };
    call = {.spec = parts.spec,
            .rotary = {},
            .queryNorm = {},
            .keyNorm = {},
            .qkv = qkv.view(),
            .cache = {keys.view(), values.view(), parts.capacity},
            .batch = {static_cast<std::int64_t>(parts.pastLengths.size()), parts.tokensEach, pastLengths.view(),
                      *std::max_element(parts.pastLengths.begin(), parts.pastLengths.end())},
            .y = y.view()};
    call.rotary.magnitude = static_cast<float>(parts.magnitude);
    if (!parts.frequencies.values.empty()) call.rotary.frequencies = keep(parts.frequencies);
    const auto epsilon = static_cast<float>(parts.epsilon);
    if (!parts.queryNorm.values.empty()) call.queryNorm = NormSpec{NormKind::Rms, epsilon, keep(parts.queryNorm)};
    if (!parts.keyNorm.values.empty()) call.keyNorm = NormSpec{NormKind::Rms, epsilon, keep(parts.keyNorm)};
}

Matrix comparable(Matrix matrix) {
    for (double& value : matrix.values) value = std::isnan(value) ? 3 : value;
    return matrix;
}

}  // namespace gptq::test
