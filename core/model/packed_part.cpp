// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// From canonical matrices to a packed part on the device. Codes go there as they lie, in bounded pieces of rows: matrices
// are joined there, not on the host, and the device never holds all their codes beside the packed words.
#include <algorithm>
#include <numeric>

#include "core/model/linear_group.h"
#include "kernels/error.h"

namespace gptq {
namespace {

using Matrices = std::vector<const QuantizedMatrix*>;

constexpr std::int64_t kPieceCodes = 8 << 20;  // about this many are uploaded at a time
constexpr std::int64_t kRowStep = 32;          // rows that can be packed by themselves

std::int64_t rowsOf(const Matrices& matrices) {
    std::int64_t rows = 0;
    for (const QuantizedMatrix* matrix : matrices) rows += matrix->rows;
    return rows;
}

// Where each packed column of a checkpoint with scattered groups comes from: columns in the order of their groups.
std::vector<std::int32_t> columnsByGroup(const QuantizedMatrix& matrix) {
    if (matrix.groupOfColumn.empty()) return {};
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
    return order;
}

class CodePacker {
public:
    // order: where each packed column comes from; none where they stay in place.
    CodePacker(Backend& backend, std::int64_t columns, int bits, const std::vector<std::int32_t>& order)
        : m_backend(backend), m_columns(columns), m_bits(bits), m_order(order),
          m_pieceRows(std::max(kPieceCodes / columns / kRowStep * kRowStep, kRowStep)) {}

    // Words on the device, uint32 (packedWords), of matrices joined by rows.
    Tensor pack(const Matrices& matrices) {
        const std::int64_t rows = rowsOf(matrices);
        checkPackable(rows, m_columns, m_bits);
        Tensor words = m_backend.allocate(DType::UInt32, {packedWords(rows, m_columns, m_bits)});
        m_codes = m_backend.allocate(DType::UInt8, {std::min(m_pieceRows, rows), m_columns});
        std::byte* to = words.view().data();
        for (const QuantizedMatrix* matrix : matrices) {
            for (std::int64_t row = 0; row < matrix->rows; row += m_pieceRows) {
                const std::int64_t count = std::min(m_pieceRows, matrix->rows - row);
                to += packRows(matrix->codes.data() + row * m_columns, count, to);
            }
        }
        return words;
    }

private:
    // Returns the bytes that it wrote.
    std::size_t packRows(const std::uint8_t* codes, std::int64_t rows, std::byte* to) {
        const TensorView piece = m_codes.view().rowRange(0, rows);
        const TensorView words(to, DType::UInt32, {packedWords(rows, m_columns, m_bits)}, m_backend.device());
        m_backend.copy(hostView(m_order.empty() ? codes : inOrder(codes, rows), {rows, m_columns}), piece);
        m_backend.pack(piece, m_bits, words);
        return words.bytes();
    }

    const std::uint8_t* inOrder(const std::uint8_t* codes, std::int64_t rows) {
        m_inOrder.resize(static_cast<std::size_t>(rows * m_columns));
        std::uint8_t* to = m_inOrder.data();
        for (std::int64_t row = 0; row < rows; ++row, codes += m_columns) {
            for (const std::int32_t column : m_order) *to++ = codes[column];
        }
        return m_inOrder.data();
    }

    Backend& m_backend;
    std::int64_t m_columns;
    int m_bits;
    const std::vector<std::int32_t>& m_order;
    std::int64_t m_pieceRows;
    Tensor m_codes;                       // a piece on the device, uint8 (up to m_pieceRows, m_columns)
    std::vector<std::uint8_t> m_inOrder;  // a piece on the host
};

// Scales or zeros of matrices joined by rows: (groups, rows) on the device.
template <class T>
Tensor uploadGrids(Backend& backend, const Matrices& matrices, std::vector<T> QuantizedMatrix::*grids) {
    const std::int64_t groups = matrices.front()->groups();
    Tensor joined = backend.allocate(dtypeOf<T>(), {groups, rowsOf(matrices)});
    std::int64_t row = 0;
    for (const QuantizedMatrix* matrix : matrices) {
        backend.copy(hostView((matrix->*grids).data(), {groups, matrix->rows}),
                     joined.view().columnRange(row, matrix->rows));
        row += matrix->rows;
    }
    return joined;
}

class PackedPart final : public LinearPart {
public:
    PackedPart(Backend& backend, const Matrices& matrices, const std::vector<float>& bias) {
        const QuantizedMatrix& first = *matrices.front();
        const std::vector<std::int32_t> order = columnsByGroup(first);
        m_words = CodePacker(backend, first.columns, first.scheme.bits, order).pack(matrices);
        m_scales = uploadGrids(backend, matrices, &QuantizedMatrix::scales);
        m_weight = {.scheme = first.scheme,
                    .rows = rowsOf(matrices),
                    .columns = first.columns,
                    .words = m_words.view(),
                    .scales = m_scales.view(),
                    .zeros = {},
                    .columnOrder = {},
                    .bias = {}};
        if (!first.scheme.symmetric) {
            m_zeros = uploadGrids(backend, matrices, &QuantizedMatrix::zeros);
            m_weight.zeros = m_zeros.view();
        }
        if (!order.empty()) {
            m_order = backend.upload(hostView(order.data(), {first.columns}), DType::Int32);
            m_weight.columnOrder = m_order.view();
        }
        if (!bias.empty()) {
            m_bias = backend.upload(hostView(bias.data(), {m_weight.rows}), DType::Float32);
            m_weight.bias = m_bias.view();
        }
    }

    std::int64_t rows() const override { return m_weight.rows; }
    void forward(Backend& backend, const GroupCall& call) const override { backend.linear(m_weight, call); }

private:
    Tensor m_words, m_scales, m_zeros, m_order, m_bias;
    PackedWeight m_weight;
};

}  // namespace

std::unique_ptr<LinearPart> packedPart(Backend& backend, const std::vector<const QuantizedMatrix*>& matrices,
                                       const std::vector<float>& bias) {
    return std::make_unique<PackedPart>(backend, matrices, bias);
}

}  // namespace gptq
