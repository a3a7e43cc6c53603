// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/reference_ops.h"

#include <cmath>

namespace gptq::test::reference {

Matrix embed(const std::vector<std::int32_t>& ids, const Matrix& table) {
    Matrix residual(static_cast<std::int64_t>(ids.size()), table.columns);
    for (std::int64_t t = 0; t < residual.rows; ++t) {
        for (std::int64_t i = 0; i < table.columns; ++i)
            residual.at(t, i) = table.at(ids[static_cast<std::size_t>(t)], i);
    }
    return residual;
}

Matrix rmsNorm(const Matrix& x, const Matrix& weight, double epsilon) {
    Matrix y(x.rows, x.columns);
    for (std::int64_t t = 0; t < x.rows; ++t) {
        double squares = 0;
        for (std::int64_t i = 0; i < x.columns; ++i) squares += x.at(t, i) * x.at(t, i);
        const double root = std::sqrt(squares / static_cast<double>(x.columns) + epsilon);
        for (std::int64_t i = 0; i < x.columns; ++i) y.at(t, i) = x.at(t, i) / root * weight[i];
    }
    return y;
}

Matrix linear(const Matrix& x, const Matrix& w, const Matrix& bias) {
    Matrix y(x.rows, w.rows);
    for (std::int64_t t = 0; t < x.rows; ++t) {
        for (std::int64_t n = 0; n < w.rows; ++n) {
            double sum = bias.values.empty() ? 0 : bias[n];
            for (std::int64_t k = 0; k < w.columns; ++k) sum += x.at(t, k) * w.at(n, k);
            y.at(t, n) = sum;
        }
    }
    return y;
}

Matrix siluGate(const Matrix& gateUp) {
    Matrix y(gateUp.rows, gateUp.columns / 2);
    for (std::int64_t t = 0; t < y.rows; ++t) {
        for (std::int64_t i = 0; i < y.columns; ++i) {
            const double gate = gateUp.at(t, i), up = gateUp.at(t, i + y.columns);
            y.at(t, i) = gate / (1 + std::exp(-gate)) * up;
        }
    }
    return y;
}

Matrix sum(const Matrix& a, const Matrix& b) {
    Matrix total = a;
    for (std::int64_t i = 0; i < a.rows * a.columns; ++i) total[i] += b[i];
    return total;
}

Matrix crossEntropy(const Matrix& logits, const std::vector<std::int32_t>& targets) {
    Matrix loss(1, logits.rows);
    for (std::int64_t t = 0; t < logits.rows; ++t) {
        const double target = logits.at(t, targets[static_cast<std::size_t>(t)]);
        double sum = 0;
        for (std::int64_t i = 0; i < logits.columns; ++i) sum += std::exp(logits.at(t, i) - target);
        loss[t] = std::log(sum);
    }
    return loss;
}

Matrix dequantized(const PackedParts& parts) {
    Matrix weights(parts.codes.rows, parts.codes.columns);
    const std::int64_t group = parts.scheme.groupSize < 0 ? weights.columns : parts.scheme.groupSize;
    for (std::int64_t r = 0; r < weights.rows; ++r) {
        for (std::int64_t j = 0; j < weights.columns; ++j) {
            const double zero =
                parts.zeros.values.empty() ? std::exp2(parts.scheme.bits - 1) : parts.zeros.at(j / group, r);
            const std::int64_t input = parts.columnOrder.empty() ? j : parts.columnOrder[static_cast<std::size_t>(j)];
            weights.at(r, input) = (parts.codes.at(r, j) - zero) * parts.scales.at(j / group, r);
        }
    }
    return weights;
}

namespace {

// One head at columns [first, first + size) of a row: normed, then turned as at this position.
std::vector<double> prepared(const AttentionParts& parts, const Matrix& norm, std::int64_t row, std::int64_t first,
                             std::int64_t position) {
    const std::int64_t size = parts.spec.headSize, half = parts.frequencies.columns;
    Matrix head(1, size);
    for (std::int64_t i = 0; i < size; ++i) head[i] = parts.qkv.at(row, first + i);
    if (!norm.values.empty()) head = rmsNorm(head, norm, parts.epsilon);
    std::vector<double> turned(static_cast<std::size_t>(size));
    for (std::int64_t i = 0; i < size; ++i) {
        double value = head[i];
        if (i < 2 * half) {
            const double angle = static_cast<double>(position) * parts.frequencies[i % half];
            const double partner = i < half ? -head[i + half] : head[i - half];
            value = (value * std::cos(angle) + partner * std::sin(angle)) * parts.magnitude;
        }
        turned[static_cast<std::size_t>(i)] = value;
    }
    return turned;
}

// Softmax of a query's products with the keys it sees, times their values, into y.
void attendOne(const AttentionParts& parts, const std::vector<double>& query, std::int64_t sequence,
               std::int64_t position, std::int64_t kvColumn, const Matrix& keys, const Matrix& values, double* y) {
    const std::int64_t size = parts.spec.headSize, window = parts.spec.window;
    double weightSum = 0;
    for (std::int64_t p = 0; p <= position; ++p) {
        if (window > 0 && p <= position - window) continue;
        const std::int64_t slot = sequence * parts.capacity + p;
        double product = 0;
        for (std::int64_t i = 0; i < size; ++i)
            product += query[static_cast<std::size_t>(i)] * keys.at(slot, kvColumn + i);
        const double weight = std::exp(product * parts.spec.scale);
        weightSum += weight;
        for (std::int64_t i = 0; i < size; ++i) y[i] += weight * values.at(slot, kvColumn + i);
    }
    for (std::int64_t i = 0; i < size; ++i) y[i] /= weightSum;
}

}  // namespace

AttentionResult attend(const AttentionParts& parts) {
    const AttentionSpec& spec = parts.spec;
    const std::int64_t size = spec.headSize, queries = spec.heads * size, kvWidth = spec.kvHeads * size;
    AttentionResult result{Matrix(parts.qkv.rows, queries), parts.keys, parts.values};
    const auto positionOf = [&](std::int64_t row) {
        return parts.pastLengths[static_cast<std::size_t>(row / parts.tokensEach)] + row % parts.tokensEach;
    };
    for (std::int64_t row = 0; row < parts.qkv.rows; ++row) {
        const std::int64_t slot = row / parts.tokensEach * parts.capacity + positionOf(row);
        for (std::int64_t h = 0; h < spec.kvHeads; ++h) {
            const auto key = prepared(parts, parts.keyNorm, row, queries + h * size, positionOf(row));
            for (std::int64_t i = 0; i < size; ++i) {
                result.keys.at(slot, h * size + i) = key[static_cast<std::size_t>(i)];
                result.values.at(slot, h * size + i) = parts.qkv.at(row, queries + kvWidth + h * size + i);
            }
        }
    }
    for (std::int64_t row = 0; row < parts.qkv.rows; ++row) {
        for (std::int64_t h = 0; h < spec.heads; ++h) {
            const auto query = prepared(parts, parts.queryNorm, row, h * size, positionOf(row));
            attendOne(parts, query, row / parts.tokensEach, positionOf(row), h / (spec.heads / spec.kvHeads) * size,
                      result.keys, result.values, &result.y.at(row, h * size));
        }
    }
    return result;
}

}  // namespace gptq::test::reference
