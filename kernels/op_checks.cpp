// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/op_checks.h"

#include <algorithm>
#include <string>

namespace gptq {

void requireMatrix(ConstTensorView view, DType type, std::int64_t rows, std::int64_t columns, const char* name) {
    if (view.empty() || view.shape().rank() != 2 || view.rows() != rows || view.columns() != columns ||
        view.dtype() != type) {
        throw Error(name, ": expected ", nameOf(type), " ", nameOf(Shape{rows, columns}), ", found ",
                    nameOf(view.dtype()), " ", nameOf(view.shape()));
    }
}

void requireVector(ConstTensorView view, DType type, std::int64_t elements, const char* name) {
    if (view.empty() || view.shape().elements() != elements || !view.contiguous() || view.dtype() != type) {
        throw Error(name, ": expected ", elements, " of ", nameOf(type), ", found ", nameOf(view.dtype()), " ",
                    nameOf(view.shape()));
    }
}

void requireScratch(ConstTensorView view, DType type, std::int64_t rows, std::int64_t columns, const char* name) {
    if (view.empty() || view.shape().rank() != 2 || view.rows() < rows || view.columns() < columns ||
        view.dtype() != type) {
        throw Error(name, ": expected ", nameOf(type), " of at least ", nameOf(Shape{rows, columns}), ", found ",
                    nameOf(view.dtype()), " ", nameOf(view.shape()));
    }
}

namespace {

// Scales and zeros of a matrix of (rows, columns).
void requireGrids(const CodesView& view, std::int64_t rows, std::int64_t columns, std::int64_t groupColumns,
                  const std::string& name) {
    if (groupColumns <= 0) throw Error(name, ": groups of ", groupColumns, " columns");
    const std::int64_t groups = (columns + groupColumns - 1) / groupColumns;
    requireMatrix(view.scales, DType::Float32, groups, rows, (name + ": scales").c_str());
    requireMatrix(view.zeros, DType::Float32, groups, rows, (name + ": zeros").c_str());
}

// Places of columns: each from `least` to columns - 1.
void requirePlaces(std::span<const std::int32_t> order, std::int64_t least, std::int64_t columns, const char* name) {
    for (const std::int32_t column : order) {
        if (column < least || column >= columns) throw Error(name, ": column ", column, " of ", columns);
    }
}

}  // namespace

void checkGroupCall(const GroupCall& call, std::int64_t outputs, std::int64_t inputs, DType activations) {
    const std::int64_t tokens = call.x.rows();
    requireMatrix(call.x, call.in ? DType::Float32 : activations, tokens, inputs, "linear: x");
    if (call.in) {
        requireVector(call.in->weight, DType::Float32, inputs, "linear: norm weight");
        requireScratch(call.normedScratch, activations, tokens, inputs, "linear: norm scratch");
    }
    switch (call.epilogue) {
        case Epilogue::None:
            if (call.y.dtype() != DType::Float32) requireMatrix(call.y, activations, tokens, outputs, "linear: y");
            else requireMatrix(call.y, DType::Float32, tokens, outputs, "linear: y");
            return;
        case Epilogue::AddResidual: requireMatrix(call.y, DType::Float32, tokens, outputs, "linear: residual"); return;
        case Epilogue::SiluGate:
            if (outputs % 2 != 0) throw Error("linear: gate and up have ", outputs, " rows together, an odd number");
            requireMatrix(call.y, activations, tokens, outputs / 2, "linear: gated y");
            requireScratch(call.productScratch, activations, tokens, outputs, "linear: product scratch");
            return;
    }
}

void checkPackedWeight(const PackedWeight& weight) {
    checkScheme(weight.scheme);
    if (weight.rows <= 0 || weight.columns <= 0 || weight.rows % 32 != 0 || weight.columns % 32 != 0) {
        throw Error("packed weight: ", weight.rows, " x ", weight.columns, " is not in multiples of 32");
    }
    const std::int64_t groups = weight.scheme.groups(weight.columns);
    requireVector(weight.words, DType::UInt32, packedWords(weight.rows, weight.columns, weight.scheme.bits),
                  "packed weight: words");
    requireMatrix(weight.scales, DType::Float16, groups, weight.rows, "packed weight: scales");
    if (!weight.scheme.symmetric)
        requireMatrix(weight.zeros, DType::UInt8, groups, weight.rows, "packed weight: zeros");
    if (!weight.columnOrder.empty())
        requireVector(weight.columnOrder, DType::Int32, weight.columns, "packed weight: column order");
    if (!weight.bias.empty()) requireVector(weight.bias, DType::Float32, weight.rows, "packed weight: bias");
}

void checkAttentionCall(const AttentionCall& call, DType activations) {
    const AttentionSpec& spec = call.spec;
    const SequenceBatch& batch = call.batch;
    if (spec.heads <= 0 || spec.kvHeads <= 0 || spec.headSize <= 0 || spec.heads % spec.kvHeads != 0) {
        throw Error("attention: ", spec.heads, " heads cannot share ", spec.kvHeads, " heads of keys and values");
    }
    if (batch.sequences <= 0 || batch.tokensEach <= 0) throw Error("attention: an empty batch");
    requireMatrix(call.qkv, activations, batch.tokens(), spec.qkvWidth(), "attention: qkv");
    requireMatrix(call.y, activations, batch.tokens(), spec.queryWidth(), "attention: y");
    requireVector(batch.pastLengths, DType::Int32, batch.sequences, "attention: past lengths");
    if (batch.pastLimit < 0 || batch.pastLimit + batch.tokensEach > call.cache.capacity) {
        throw Error("attention: ", batch.pastLimit, " + ", batch.tokensEach, " positions do not fit into a cache of ",
                    call.cache.capacity);
    }
    const std::int64_t slots = batch.sequences * call.cache.capacity;
    // A cache may be made for more sequences than this batch has.
    requireMatrix(call.cache.keys, activations, std::max(slots, call.cache.keys.rows()), spec.kvWidth(),
                  "attention: key cache");
    requireMatrix(call.cache.values, activations, std::max(slots, call.cache.values.rows()), spec.kvWidth(),
                  "attention: value cache");
    const ConstTensorView frequencies = call.rotary.frequencies;
    if (!frequencies.empty()) {
        const std::int64_t half = frequencies.shape().elements();
        if (half * 2 > spec.headSize)
            throw Error("attention: ", half * 2, " rotary dimensions in a head of ", spec.headSize);
        requireVector(frequencies, DType::Float32, half, "attention: rotary frequencies");
    }
    if (call.queryNorm) requireVector(call.queryNorm->weight, DType::Float32, spec.headSize, "attention: query norm");
    if (call.keyNorm) requireVector(call.keyNorm->weight, DType::Float32, spec.headSize, "attention: key norm");
}

void checkBlockCall(const GptqBlockCall& call) {
    const std::int64_t rows = call.weights.rows(), columns = call.weights.columns();
    if (call.first < 0 || call.count <= 0 || call.first > columns || call.count > columns - call.first) {
        throw Error("GPTQ block: ", call.count, " columns from column ", call.first, " on, of ", columns);
    }
    requireMatrix(call.weights, DType::Float32, rows, columns, "GPTQ block: weights");
    requireMatrix(call.factor, DType::Float32, columns, columns, "GPTQ block: factor");
    requireMatrix(call.errors, DType::Float32, rows, call.count, "GPTQ block: errors");
    requireMatrix(call.out.codes, DType::UInt8, rows, columns, "GPTQ block: codes");
    requireGrids(call.out, rows, columns, call.groupColumns, "GPTQ block");
    if (!call.groupOfColumn.empty())
        requireVector(call.groupOfColumn, DType::Int32, columns, "GPTQ block: group of column");
}

void checkAccumulateHessian(ConstTensorView x, DType activations, TensorView hessian) {
    requireMatrix(x, activations, x.rows(), x.columns(), "Hessian: x");
    requireMatrix(hessian, DType::Float32, x.columns(), x.columns(), "Hessian");
}

void checkFinishHessian(ConstTensorView hessian) {
    requireMatrix(hessian, DType::Float32, hessian.rows(), hessian.rows(), "Hessian");
}

void checkDiagonal(ConstTensorView matrix) {
    requireMatrix(matrix, DType::Float32, matrix.rows(), matrix.rows(), "diagonal");
}

void checkFactorize(ConstTensorView hessian, std::span<const std::int32_t> order, std::span<const float> added,
                    ConstTensorView factor) {
    const std::int64_t n = hessian.rows();
    requireMatrix(hessian, DType::Float32, n, n, "factorize: Hessian");
    requireMatrix(factor, DType::Float32, n, n, "factorize: factor");
    if (static_cast<std::int64_t>(order.size()) != n || static_cast<std::int64_t>(added.size()) != n)
        throw Error("factorize: an order or a diagonal of another size than ", n);
    requirePlaces(order, 0, n, "factorize: order");
}

void checkPermuteColumns(ConstTensorView from, std::span<const std::int32_t> order, ConstTensorView to) {
    requireMatrix(from, to.dtype(), to.rows(), from.columns(), "permute: from");
    requireMatrix(to, from.dtype(), from.rows(), static_cast<std::int64_t>(order.size()), "permute: to");
    requirePlaces(order, -1, from.columns(), "permute: order");
}

void checkFindGrids(ConstTensorView weights, std::int64_t groupColumns, const CodesView& out) {
    requireMatrix(weights, DType::Float32, weights.rows(), weights.columns(), "grids: weights");
    requireGrids(out, weights.rows(), weights.columns(), groupColumns, "grids");
}

void checkRoundToGrids(ConstTensorView weights, std::int64_t groupColumns, const CodesView& out) {
    requireMatrix(weights, DType::Float32, weights.rows(), weights.columns(), "rounding: weights");
    requireMatrix(out.codes, DType::UInt8, weights.rows(), weights.columns(), "rounding: codes");
    requireGrids(out, weights.rows(), weights.columns(), groupColumns, "rounding");
}

void checkRowErrors(ConstTensorView weights, const CodesView* quantized, std::int64_t groupColumns,
                    ConstTensorView hessian) {
    const std::int64_t rows = weights.rows(), columns = weights.columns();
    requireMatrix(weights, DType::Float32, rows, columns, "errors: weights");
    requireMatrix(hessian, DType::Float32, columns, columns, "errors: Hessian");
    if (!quantized) return;
    requireMatrix(quantized->codes, DType::UInt8, rows, columns, "errors: codes");
    requireGrids(*quantized, rows, columns, groupColumns, "errors");
}

void checkChoice(ConstTensorView logits, std::int64_t choices, ConstTensorView ids) {
    requireMatrix(logits, DType::Float32, logits.rows(), logits.columns(), "choice: logits");
    requireVector(ids, DType::Int32, logits.rows(), "choice: ids");
    if (choices <= 0 || choices > logits.columns())
        throw Error("choice: ", choices, " choices among ", logits.columns(), " logits");
}

void checkAdvance(ConstTensorView id, ConstTensorView position, ConstTensorView log) {
    requireVector(id, DType::Int32, 1, "advance: id");
    requireVector(position, DType::Int32, 1, "advance: position");
    requireVector(log, DType::Int32, std::max<std::int64_t>(log.shape().elements(), 1), "advance: log");
}

}  // namespace gptq
