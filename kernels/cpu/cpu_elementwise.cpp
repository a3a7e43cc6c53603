// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Ops that touch every element once: embedding, norms, gate, residual, loss.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/cpu/cpu_backend_class.h"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr std::int64_t kRowsAPiece = 16;

}  // namespace

void CpuBackend::embed(ConstTensorView ids, ConstTensorView table, TensorView residual) {
    const std::int64_t tokens = residual.rows(), width = residual.columns();
    requireVector(ids, DType::Int32, tokens, "embed: ids");
    requireMatrix(table, DType::Float32, table.rows(), width, "embed: table");
    requireMatrix(residual, DType::Float32, tokens, width, "embed: residual");
    const std::int32_t* id = ids.as<std::int32_t>();
    for (std::int64_t t = 0; t < tokens; ++t) {
        if (id[t] < 0 || id[t] >= table.rows())
            throw Error("embed: token ", id[t], " of a vocabulary of ", table.rows());
        std::memcpy(residual.as<float>() + t * residual.rowStride(), table.as<float>() + id[t] * table.rowStride(),
                    static_cast<std::size_t>(width) * sizeof(float));
    }
}

void CpuBackend::normalize(const NormSpec& norm, ConstTensorView x, TensorView y) {
    const std::int64_t tokens = x.rows(), width = x.columns();
    requireMatrix(x, DType::Float32, tokens, width, "norm: x");
    requireMatrix(y, DType::Float32, tokens, width, "norm: y");
    requireVector(norm.weight, DType::Float32, width, "norm: weight");
    const float* weight = norm.weight.as<float>();
    m_pool.parallelFor(tokens, kRowsAPiece, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t t = begin; t < end; ++t) {
            const float* in = x.as<float>() + t * x.rowStride();
            float* out = y.as<float>() + t * y.rowStride();
            double squares = 0;
            for (std::int64_t i = 0; i < width; ++i) squares += static_cast<double>(in[i]) * in[i];
            const auto factor =
                static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(width) + norm.epsilon));
            for (std::int64_t i = 0; i < width; ++i) out[i] = in[i] * factor * weight[i];
        }
    });
}

void CpuBackend::siluGate(ConstTensorView gateUp, TensorView y) {
    const std::int64_t tokens = y.rows(), width = y.columns();
    requireMatrix(gateUp, DType::Float32, tokens, 2 * width, "silu gate: gate and up");
    requireMatrix(y, DType::Float32, tokens, width, "silu gate: y");
    m_pool.parallelFor(tokens, kRowsAPiece, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t t = begin; t < end; ++t) {
            const float* gate = gateUp.as<float>() + t * gateUp.rowStride();
            const float* up = gate + width;
            float* out = y.as<float>() + t * y.rowStride();
            for (std::int64_t i = 0; i < width; ++i) out[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
        }
    });
}

void CpuBackend::addResidual(ConstTensorView x, TensorView residual) {
    const std::int64_t tokens = residual.rows(), width = residual.columns();
    requireMatrix(x, DType::Float32, tokens, width, "add residual: x");
    requireMatrix(residual, DType::Float32, tokens, width, "add residual: residual");
    m_pool.parallelFor(tokens, kRowsAPiece, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t t = begin; t < end; ++t) {
            const float* in = x.as<float>() + t * x.rowStride();
            float* out = residual.as<float>() + t * residual.rowStride();
            for (std::int64_t i = 0; i < width; ++i) out[i] += in[i];
        }
    });
}

void CpuBackend::crossEntropy(ConstTensorView logits, ConstTensorView targets, TensorView loss) {
    const std::int64_t tokens = logits.rows(), vocabulary = logits.columns();
    requireMatrix(logits, DType::Float32, tokens, vocabulary, "cross entropy: logits");
    requireVector(targets, DType::Int32, tokens, "cross entropy: targets");
    requireVector(loss, DType::Float32, tokens, "cross entropy: loss");
    m_pool.parallelFor(tokens, kRowsAPiece, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t t = begin; t < end; ++t) {
            const float* row = logits.as<float>() + t * logits.rowStride();
            const std::int32_t target = targets.as<std::int32_t>()[t];
            if (target < 0 || target >= vocabulary)
                throw Error("cross entropy: token ", target, " of a vocabulary of ", vocabulary);
            const float most = *std::max_element(row, row + vocabulary);
            double sum = 0;
            for (std::int64_t i = 0; i < vocabulary; ++i) sum += std::exp(row[i] - most);
            loss.as<float>()[t] = static_cast<float>(std::log(sum) + most - row[target]);
        }
    });
}

void CpuBackend::chooseLargest(ConstTensorView logits, std::int64_t choices, TensorView ids) {
    checkChoice(logits, choices, ids);
    for (std::int64_t t = 0; t < logits.rows(); ++t) {
        const float* row = logits.as<float>() + t * logits.rowStride();
        const bool finite = std::all_of(row, row + choices, [](float logit) { return std::isfinite(logit); });
        ids.as<std::int32_t>()[t] = finite ? static_cast<std::int32_t>(std::max_element(row, row + choices) - row) : -1;
    }
}

void CpuBackend::advancePosition(ConstTensorView id, TensorView position, TensorView log) {
    checkAdvance(id, position, log);
    const std::int32_t at = ++position.as<std::int32_t>()[0];
    log.as<std::int32_t>()[at % log.shape().elements()] = id.as<std::int32_t>()[0];
}

}  // namespace gptq
