// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/model/linear_group.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "core/model/weight_loading.h"
#include "kernels/error.h"

namespace gptq {
namespace {

class FloatPart final : public LinearPart {
public:
    FloatPart(Tensor weight, Tensor bias) : m_weight(std::move(weight)), m_bias(std::move(bias)) {}

    std::int64_t rows() const override { return m_weight.shape()[0]; }
    void forward(Backend& backend, const GroupCall& call) const override {
        backend.linear(DenseWeight{m_weight.view(), m_bias.empty() ? ConstTensorView{} : m_bias.view()}, call);
    }

private:
    Tensor m_weight;
    Tensor m_bias;
};

class PackedPart final : public LinearPart {
public:
    PackedPart(Backend& backend, const QuantizedMatrix& matrix, const std::vector<std::int32_t>& order,
               const std::vector<float>& bias) {
        const std::int64_t groups = matrix.groups();
        const Tensor codes = backend.upload(hostView(matrix.codes.data(), {matrix.rows, matrix.columns}), DType::UInt8);
        m_words = backend.allocate(DType::UInt32, {packedWords(matrix.rows, matrix.columns, matrix.scheme.bits)});
        backend.pack(codes.view(), matrix.scheme.bits, m_words.view());
        m_scales = backend.upload(hostView(matrix.scales.data(), {groups, matrix.rows}), DType::Float16);
        m_weight = {.scheme = matrix.scheme,
                    .rows = matrix.rows,
                    .columns = matrix.columns,
                    .words = m_words.view(),
                    .scales = m_scales.view(),
                    .zeros = {},
                    .columnOrder = {},
                    .bias = {}};
        if (!matrix.scheme.symmetric) {
            m_zeros = backend.upload(hostView(matrix.zeros.data(), {groups, matrix.rows}), DType::UInt8);
            m_weight.zeros = m_zeros.view();
        }
        if (!order.empty()) {
            m_order = backend.upload(hostView(order.data(), {matrix.columns}), DType::Int32);
            m_weight.columnOrder = m_order.view();
        }
        if (!bias.empty()) {
            m_bias = backend.upload(hostView(bias.data(), {matrix.rows}), DType::Float32);
            m_weight.bias = m_bias.view();
        }
    }

    std::int64_t rows() const override { return m_weight.rows; }
    void forward(Backend& backend, const GroupCall& call) const override { backend.linear(m_weight, call); }

private:
    Tensor m_words, m_scales, m_zeros, m_order, m_bias;
    PackedWeight m_weight;
};

QuantizedMatrix joinedByRows(const std::vector<QuantizedMatrix>& matrices) {
    QuantizedMatrix joined{matrices.front().scheme, 0, matrices.front().columns, {}, {}, {}, {}};
    std::size_t codes = 0;
    for (const QuantizedMatrix& matrix : matrices) codes += matrix.codes.size();
    joined.codes.reserve(codes);
    for (const QuantizedMatrix& matrix : matrices) {
        joined.codes.insert(joined.codes.end(), matrix.codes.begin(), matrix.codes.end());
        joined.rows += matrix.rows;
    }
    for (std::int64_t group = 0; group < joined.groups(); ++group) {
        for (const QuantizedMatrix& matrix : matrices) {
            const auto begin = group * matrix.rows, end = begin + matrix.rows;
            joined.scales.insert(joined.scales.end(), matrix.scales.begin() + begin, matrix.scales.begin() + end);
            joined.zeros.insert(joined.zeros.end(), matrix.zeros.begin() + begin, matrix.zeros.begin() + end);
        }
    }
    return joined;
}

// Puts the columns of a checkpoint with scattered groups in the order of their groups; returns that order.
std::vector<std::int32_t> sortByGroup(QuantizedMatrix& matrix) {
    const std::int64_t columns = matrix.columns;
    std::vector<std::int32_t> order(static_cast<std::size_t>(columns));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int32_t a, std::int32_t b) { return matrix.groupOf(a) < matrix.groupOf(b); });
    for (std::int64_t j = 0; j < columns; ++j) {
        const std::int32_t group = matrix.groupOf(order[static_cast<std::size_t>(j)]);
        if (group != j / matrix.scheme.groupColumns(columns))
            throw Error("g_idx: group ", group, " has another number of columns than group_size ",
                        matrix.scheme.groupSize, " says; uneven groups are not supported");
    }
    std::vector<std::uint8_t> codes(matrix.codes.size());
    for (std::int64_t row = 0; row < matrix.rows; ++row) {
        for (std::int64_t j = 0; j < columns; ++j)
            codes[static_cast<std::size_t>(row * columns + j)] =
                matrix.codes[static_cast<std::size_t>(row * columns + order[static_cast<std::size_t>(j)])];
    }
    matrix.codes = std::move(codes);
    matrix.groupOfColumn.clear();
    return order;
}

std::vector<float> readBias(const WeightSource& source, const LinearModule& module) {
    if (!module.bias) return {};
    std::vector<float> bias(static_cast<std::size_t>(module.out));
    source.read(module.name + ".bias", DType::Float32, {0, 1}, std::as_writable_bytes(std::span(bias)));
    return bias;
}

// Modules that run as one product.
struct Run {
    std::vector<LinearModule> modules;
    std::vector<QuantizedMatrix> matrices;  // none: float

    bool takes(const LinearModule& module, const std::optional<QuantizedMatrix>& matrix) const {
        if (module.bias != modules.front().bias || matrix.has_value() == matrices.empty()) return false;
        if (!matrix) return true;
        return matrix->scheme == matrices.front().scheme && matrix->groupOfColumn.empty() &&
               matrices.front().groupOfColumn.empty();
    }
};

std::unique_ptr<LinearPart> loadPart(Backend& backend, const WeightSource& source, const Run& run,
                                     DType checkpointType) {
    std::vector<float> bias;
    for (const LinearModule& module : run.modules) {
        const auto values = readBias(source, module);
        bias.insert(bias.end(), values.begin(), values.end());
    }
    if (!run.matrices.empty()) return packedPart(backend, run.matrices, bias);
    Tensor onDevice =
        bias.empty()
            ? Tensor{}
            : backend.upload(hostView(static_cast<const float*>(bias.data()), {static_cast<std::int64_t>(bias.size())}),
                             DType::Float32);
    return floatPart(loadJoined(backend, source, run.modules, backend.activationType(checkpointType)),
                     std::move(onDevice));
}

}  // namespace

std::unique_ptr<LinearPart> packedPart(Backend& backend, const std::vector<QuantizedMatrix>& matrices,
                                       const std::vector<float>& bias) {
    if (matrices.size() == 1 && matrices.front().groupOfColumn.empty())
        return std::make_unique<PackedPart>(backend, matrices.front(), std::vector<std::int32_t>{}, bias);
    QuantizedMatrix matrix = matrices.size() == 1 ? matrices.front() : joinedByRows(matrices);
    const auto order = matrix.groupOfColumn.empty() ? std::vector<std::int32_t>{} : sortByGroup(matrix);
    return std::make_unique<PackedPart>(backend, matrix, order, bias);
}

std::unique_ptr<LinearPart> floatPart(Tensor weight, Tensor bias) {
    return std::make_unique<FloatPart>(std::move(weight), std::move(bias));
}

LinearGroup::LinearGroup(std::vector<std::unique_ptr<LinearPart>> parts) : m_parts(std::move(parts)) {
    for (const auto& part : m_parts) m_rows += part->rows();
}

LinearGroup LinearGroup::load(Backend& backend, const WeightSource& source, const std::vector<LinearModule>& modules,
                              DType checkpointType) {
    std::vector<Run> runs;
    for (const LinearModule& module : modules) {
        auto matrix = source.quantized(module.weight());
        if (runs.empty() || !runs.back().takes(module, matrix)) runs.emplace_back();
        runs.back().modules.push_back(module);
        if (matrix) runs.back().matrices.push_back(std::move(*matrix));
    }
    std::vector<std::unique_ptr<LinearPart>> parts;
    for (const Run& run : runs) {
        try {
            parts.push_back(loadPart(backend, source, run, checkpointType));
        } catch (const Error& error) {
            const std::string where = source.describe(run.modules.front().weight());
            const std::string what = error.what();
            throw Error(what.starts_with(where) || run.matrices.empty() ? what : where + ": " + what);
        }
    }
    return LinearGroup(std::move(parts));
}

void LinearGroup::forward(Backend& backend, const GroupCall& call) const {
    if (m_parts.size() == 1) return m_parts.front()->forward(backend, call);
    const std::int64_t tokens = call.x.rows();
    ConstTensorView x = call.x;
    if (call.in) {
        const TensorView normed = call.normedScratch.rowRange(0, tokens).columnRange(0, x.columns());
        backend.normalize(*call.in, x, normed);
        x = normed;
    }
    const bool gated = call.epilogue == Epilogue::SiluGate;
    const TensorView y = gated ? call.productScratch.rowRange(0, tokens).columnRange(0, m_rows) : call.y;
    std::int64_t column = 0;
    for (const auto& part : m_parts) {
        part->forward(backend, {.x = x,
                                .in = {},
                                .y = y.columnRange(column, part->rows()),
                                .epilogue = gated ? Epilogue::None : call.epilogue,
                                .normedScratch = {},
                                .productScratch = {}});
        column += part->rows();
    }
    if (gated) backend.siluGate(y, call.y);
}

}  // namespace gptq
