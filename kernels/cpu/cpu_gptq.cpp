// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The solver's ops, in float64 between float32 tensors: the oracle for other backends.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cpu/cpu_backend_class.h"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr std::int64_t kSolveRows = 32;  // rows a thread solves at a time: 128 columns of them in float64 are 32 KB

GridPoint<double> gridAt(const CodesView& view, std::int64_t group, std::int64_t row) {
    return {view.scales.as<float>()[group * view.scales.rowStride() + row],
            view.zeros.as<float>()[group * view.zeros.rowStride() + row]};
}

void storeGrid(const CodesView& view, std::int64_t group, std::int64_t row, const GridPoint<double>& grid) {
    view.scales.as<float>()[group * view.scales.rowStride() + row] = static_cast<float>(grid.scale);
    view.zeros.as<float>()[group * view.zeros.rowStride() + row] = static_cast<float>(grid.zero);
}

// Rows [row, row + rows) of one block. `block` holds them column by column: block[column * rows + r].
class BlockRows {
public:
    BlockRows(const GptqBlockCall& call, std::int64_t row, std::int64_t rows)
        : m_call(call), m_row(row), m_rows(rows), m_block(static_cast<std::size_t>(rows * call.count)),
          m_errors(static_cast<std::size_t>(rows)) {}

    void solve() {
        load();
        for (std::int64_t j = 0; j < m_call.count; ++j) {
            const std::int64_t column = m_call.first + j;
            if (m_call.groupOfColumn.empty() && column % m_call.groupColumns == 0) findGroupGrids(j);
            roundColumn(j);
            compensate(j);
        }
    }

private:
    double* column(std::int64_t j) { return m_block.data() + j * m_rows; }

    void load() {
        for (std::int64_t r = 0; r < m_rows; ++r) {
            const float* weights = m_call.weights.as<float>() + (m_row + r) * m_call.weights.rowStride() + m_call.first;
            for (std::int64_t j = 0; j < m_call.count; ++j) column(j)[r] = weights[j];
        }
    }

    // From the block's weights as they stand, and those right of the block as the blocks before left them.
    void findGroupGrids(std::int64_t j) {
        const std::int64_t first = m_call.first + j,
                           end = std::min(first + m_call.groupColumns, m_call.weights.columns());
        const std::int64_t inBlock = std::min(end, m_call.first + m_call.count) - m_call.first;
        for (std::int64_t r = 0; r < m_rows; ++r) {
            double low = 0, high = 0;
            for (std::int64_t c = j; c < inBlock; ++c) {
                low = std::min(low, column(c)[r]);
                high = std::max(high, column(c)[r]);
            }
            const float* weights = m_call.weights.as<float>() + (m_row + r) * m_call.weights.rowStride();
            for (std::int64_t c = m_call.first + inBlock; c < end; ++c) {
                low = std::min<double>(low, weights[c]);
                high = std::max<double>(high, weights[c]);
            }
            storeGrid(m_call.out, first / m_call.groupColumns, m_row + r, gridOfRange(low, high, m_call.grid));
        }
    }

    void roundColumn(std::int64_t j) {
        const std::int64_t at = m_call.first + j;
        const std::int64_t group =
            m_call.groupOfColumn.empty() ? at / m_call.groupColumns : m_call.groupOfColumn.as<std::int32_t>()[at];
        const double pivot = m_call.factor.as<float>()[at * m_call.factor.rowStride() + at],
                     top = topCodeOf<double>(m_call.grid);
        for (std::int64_t r = 0; r < m_rows; ++r) {
            const GridPoint<double> grid = gridAt(m_call.out, group, m_row + r);
            const double weight = column(j)[r], code = codeOf(weight, grid, top);
            m_errors[static_cast<std::size_t>(r)] = (weight - weightOf(code, grid)) / pivot;
            m_call.out.codes.as<std::uint8_t>()[(m_row + r) * m_call.out.codes.rowStride() + at] =
                static_cast<std::uint8_t>(code);
            m_call.errors.as<float>()[(m_row + r) * m_call.errors.rowStride() + j] =
                static_cast<float>(m_errors[static_cast<std::size_t>(r)]);
        }
    }

    void compensate(std::int64_t j) {
        const float* factorRow =
            m_call.factor.as<float>() + (m_call.first + j) * m_call.factor.rowStride() + m_call.first;
        for (std::int64_t c = j + 1; c < m_call.count; ++c) {
            const double factor = factorRow[c];
            double* weights = column(c);
            for (std::int64_t r = 0; r < m_rows; ++r) weights[r] -= m_errors[static_cast<std::size_t>(r)] * factor;
        }
    }

    const GptqBlockCall& m_call;
    std::int64_t m_row;
    std::int64_t m_rows;
    std::vector<double> m_block;
    std::vector<double> m_errors;  // of the current column, a row each
};

}  // namespace

void CpuBackend::accumulateHessian(ConstTensorView x, TensorView hessian) {
    checkAccumulateHessian(x, DType::Float32, hessian);
    m_product.addGram(x.rows(), x.columns(), {x.as<float>(), x.rowStride()},
                      {hessian.as<float>(), hessian.rowStride()});
}

void CpuBackend::finishHessian(TensorView hessian, float factor) {
    checkFinishHessian(hessian);
    const std::int64_t k = hessian.rows(), stride = hessian.rowStride();
    float* h = hessian.as<float>();
    for (std::int64_t i = 0; i < k; ++i) {
        for (std::int64_t j = 0; j <= i; ++j) h[j * stride + i] = h[i * stride + j] *= factor;
    }
}

std::vector<float> CpuBackend::diagonal(ConstTensorView matrix) {
    checkDiagonal(matrix);
    std::vector<float> values(static_cast<std::size_t>(matrix.rows()));
    for (std::int64_t i = 0; i < matrix.rows(); ++i)
        values[static_cast<std::size_t>(i)] = matrix.as<float>()[i * matrix.rowStride() + i];
    return values;
}

bool CpuBackend::factorize(ConstTensorView hessian, std::span<const std::int32_t> order, std::span<const float> added,
                           TensorView factor) {
    checkFactorize(hessian, order, added, factor);
    const std::int64_t n = hessian.rows();
    // Row i of the reversed matrix is place n - 1 - i of the ordered one. Only the lower triangle is read.
    std::vector<double> reversed(static_cast<std::size_t>(n * n));
    const float* h = hessian.as<float>();
    for (std::int64_t i = 0; i < n; ++i) {
        const std::int32_t row = order[static_cast<std::size_t>(n - 1 - i)];
        for (std::int64_t j = 0; j <= i; ++j)
            reversed[static_cast<std::size_t>(i * n + j)] =
                h[row * hessian.rowStride() + order[static_cast<std::size_t>(n - 1 - j)]];
        reversed[static_cast<std::size_t>(i * n + i)] += added[static_cast<std::size_t>(n - 1 - i)];
    }
    if (!choleskyInPlace(reversed.data(), n, m_pool.threads()) ||
        !invertLowerInPlace(reversed.data(), n, m_pool.threads()))
        return false;
    float* u = factor.as<float>();
    bool sound = true;  // an infinite pivot would leave a zero on the diagonal
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
            const auto value =
                static_cast<float>(j < i ? 0.0 : reversed[static_cast<std::size_t>((n - 1 - i) * n + n - 1 - j)]);
            sound = sound && std::isfinite(value) && (i != j || value > 0);
            u[i * factor.rowStride() + j] = value;
        }
    }
    return sound;
}

void CpuBackend::permuteColumns(ConstTensorView from, std::span<const std::int32_t> order, TensorView to) {
    checkPermuteColumns(from, order, to);
    const auto permute = [&]<class T>(T) {
        m_pool.parallelFor(from.rows(), 16, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t row = begin; row < end; ++row) {
                const T* in = from.as<T>() + row * from.rowStride();
                T* out = to.as<T>() + row * to.rowStride();
                for (std::size_t j = 0; j < order.size(); ++j) out[j] = order[j] < 0 ? T{} : in[order[j]];
            }
        });
    };
    if (from.dtype() == DType::UInt8) permute(std::uint8_t{});
    else permute(float{});
}

void CpuBackend::findGrids(ConstTensorView weights, const GridSpec& grid, std::int64_t groupColumns, CodesView out) {
    checkFindGrids(weights, groupColumns, out);
    const std::int64_t rows = weights.rows(), columns = weights.columns();
    for (std::int64_t row = 0; row < rows; ++row) {
        const float* w = weights.as<float>() + row * weights.rowStride();
        for (std::int64_t begin = 0; begin < columns; begin += groupColumns) {
            const auto [low, high] = std::minmax_element(w + begin, w + std::min(begin + groupColumns, columns));
            storeGrid(out, begin / groupColumns, row, gridOfRange<double>(*low, *high, grid));
        }
    }
}

void CpuBackend::roundToGrids(ConstTensorView weights, const GridSpec& grid, std::int64_t groupColumns, CodesView out) {
    checkRoundToGrids(weights, groupColumns, out);
    const std::int64_t rows = weights.rows(), columns = weights.columns();
    const double top = topCodeOf<double>(grid);
    for (std::int64_t row = 0; row < rows; ++row) {
        const float* w = weights.as<float>() + row * weights.rowStride();
        std::uint8_t* codes = out.codes.as<std::uint8_t>() + row * out.codes.rowStride();
        for (std::int64_t c = 0; c < columns; ++c)
            codes[c] = static_cast<std::uint8_t>(codeOf<double>(w[c], gridAt(out, c / groupColumns, row), top));
    }
}

void CpuBackend::solveBlock(const GptqBlockCall& call) {
    checkBlockCall(call);
    m_pool.parallelFor(call.weights.rows(), kSolveRows,
                       [&](std::int64_t begin, std::int64_t end) { BlockRows(call, begin, end - begin).solve(); });
}

void CpuBackend::updateTrailing(const GptqBlockCall& call) {
    checkBlockCall(call);
    const std::int64_t next = call.first + call.count, trailing = call.weights.columns() - next;
    if (trailing == 0) return;
    m_product.subtractProduct(
        call.weights.rows(), trailing, call.count, {call.errors.as<float>(), call.errors.rowStride()},
        {call.factor.as<float>() + call.first * call.factor.rowStride() + next, call.factor.rowStride()},
        {call.weights.as<float>() + next, call.weights.rowStride()});
}

std::vector<double> CpuBackend::rowErrors(ConstTensorView weights, const CodesView* quantized,
                                          std::int64_t groupColumns, ConstTensorView hessian) {
    checkRowErrors(weights, quantized, groupColumns, hessian);
    const std::int64_t rows = weights.rows(), columns = weights.columns();
    Tensor difference = allocate(DType::Float32, weights.shape()), product = allocate(DType::Float32, weights.shape());
    copy(weights, difference.view());
    float* d = difference.view().as<float>();
    for (std::int64_t row = 0; quantized && row < rows; ++row) {
        const std::uint8_t* codes = quantized->codes.as<std::uint8_t>() + row * quantized->codes.rowStride();
        for (std::int64_t c = 0; c < columns; ++c) {
            d[row * columns + c] = static_cast<float>(
                d[row * columns + c] - weightOf<double>(codes[c], gridAt(*quantized, c / groupColumns, row)));
        }
    }
    const float* dh = product.view().as<float>();
    m_product.multiplyTransposed(rows, columns, columns, {d, columns}, {hessian.as<float>(), hessian.rowStride()},
                                 {product.view().as<float>(), columns}, Accumulate::No);
    std::vector<double> sums(static_cast<std::size_t>(rows));
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t c = 0; c < columns; ++c)
            sums[static_cast<std::size_t>(row)] += static_cast<double>(dh[row * columns + c]) * d[row * columns + c];
    }
    return sums;
}

}  // namespace gptq
