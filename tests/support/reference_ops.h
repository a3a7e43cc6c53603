// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The inference ops by their definitions, naive and in float64: the oracle of every backend.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/inference_ops.h"
#include "support/matrix.h"

namespace gptq::test::reference {

Matrix embed(const std::vector<std::int32_t>& ids, const Matrix& table);
Matrix rmsNorm(const Matrix& x, const Matrix& weight, double epsilon);
// x w^T + bias; an empty bias is none.
Matrix linear(const Matrix& x, const Matrix& w, const Matrix& bias = {});
Matrix siluGate(const Matrix& gateUp);
Matrix sum(const Matrix& a, const Matrix& b);
Matrix crossEntropy(const Matrix& logits, const std::vector<std::int32_t>& targets);  // (1, tokens)

// A quantized matrix as it is before packing; columns in packed order.
struct PackedParts {
    QuantScheme scheme;
    Matrix codes;                           // (rows, columns)
    Matrix scales;                          // (groups, rows)
    Matrix zeros;                           // (groups, rows); empty where symmetric
    std::vector<std::int32_t> columnOrder;  // packed column j is input columnOrder[j]; empty: j
};
// (rows, inputs): (code - zero) * scale, in the order of the inputs.
Matrix dequantized(const PackedParts& parts);

struct AttentionParts {
    AttentionSpec spec;
    Matrix frequencies;  // (1, rotary width / 2); empty: no rotation
    double magnitude = 1;
    Matrix queryNorm, keyNorm;  // (1, headSize); empty: no norm
    double epsilon = 1e-5;
    std::vector<std::int32_t> pastLengths;  // of each sequence
    std::int64_t tokensEach = 1;
    std::int64_t capacity = 0;
    Matrix qkv;           // (tokens, qkvWidth)
    Matrix keys, values;  // the cache before the call: (sequences * capacity, kvWidth)
};
struct AttentionResult {
    Matrix y;             // (tokens, queryWidth)
    Matrix keys, values;  // the cache after it
};
AttentionResult attend(const AttentionParts& parts);

}  // namespace gptq::test::reference
