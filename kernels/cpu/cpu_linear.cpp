// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Dense and packed products, and the composition of a group call: norm, product, epilogue, one after the other.
#include <algorithm>
#include <vector>

#include "kernels/cpu/cpu_backend_class.h"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

// From this many tokens on a panel of weights is unpacked once and multiplied by OpenBLAS.
constexpr std::int64_t kTokensForPanels = 4;
constexpr std::int64_t kPanelRows = 256;

MatrixOut outOf(TensorView view) {
    return {view.as<float>(), view.rowStride()};
}

// Float32 weights of rows [row, row + 16) in packed column order: out (16, columns).
void dequantizeTileRow(const PackedWeight& weight, std::int64_t row, float* out) {
    const int bits = weight.scheme.bits;
    const std::int64_t columns = weight.columns, groupColumns = weight.scheme.groupColumns(columns);
    const std::uint32_t* tile =
        weight.words.as<std::uint32_t>() + row / kTileRows * tilesAcross(columns) * wordsOfTile(bits);
    std::uint8_t codes[kLaneCodes];
    for (std::int64_t column = 0; column < columns; column += kTileColumns, tile += wordsOfTile(bits)) {
        for (int lane = 0; lane < kTileLanes; ++lane) {
            unpackLane(tile, lane, bits, codes);
            for (int c = 0; c < kLaneCodes; ++c) {
                const TilePosition at = positionInTile(lane, c);
                if (column + at.column < columns) out[at.row * columns + column + at.column] = codes[c];
            }
        }
    }
    for (std::int64_t r = 0; r < kTileRows; ++r) {
        for (std::int64_t begin = 0, group = 0; begin < columns; begin += groupColumns, ++group) {
            const std::int64_t at = group * weight.rows + row + r;
            const float scale = toFloat(weight.scales.as<Float16>()[at]);
            const auto zero = static_cast<float>(weight.scheme.symmetric ? weight.scheme.middleCode()
                                                                         : weight.zeros.as<std::uint8_t>()[at]);
            const std::int64_t end = std::min(begin + groupColumns, columns);
            for (std::int64_t c = begin; c < end; ++c) out[r * columns + c] = (out[r * columns + c] - zero) * scale;
        }
    }
}

float dot(const float* a, const float* b, std::int64_t count) {
    float sums[8] = {};  // independent, so that the compiler may keep them in vector registers
    std::int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (int lane = 0; lane < 8; ++lane) sums[lane] += a[i + lane] * b[i + lane];
    }
    for (; i < count; ++i) sums[0] += a[i] * b[i];
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

}  // namespace

void CpuBackend::compose(const GroupCall& call, std::int64_t outputs, ConstTensorView bias, const Product& product) {
    const std::int64_t tokens = call.x.rows();
    checkGroupCall(call, outputs, call.x.columns(), DType::Float32);
    ConstTensorView x = call.x;
    if (call.in) {
        const TensorView normed = call.normedScratch.rowRange(0, tokens).columnRange(0, x.columns());
        normalize(*call.in, x, normed);
        x = normed;
    }
    const bool gated = call.epilogue == Epilogue::SiluGate;
    const TensorView y = gated ? call.productScratch.rowRange(0, tokens).columnRange(0, outputs) : call.y;
    product(x, outOf(y), call.epilogue == Epilogue::AddResidual ? Accumulate::Yes : Accumulate::No);
    if (!bias.empty()) {
        for (std::int64_t t = 0; t < tokens; ++t) {
            float* row = y.as<float>() + t * y.rowStride();
            for (std::int64_t i = 0; i < outputs; ++i) row[i] += bias.as<float>()[i];
        }
    }
    if (gated) siluGate(y, call.y);
}

void CpuBackend::linear(const DenseWeight& weight, const GroupCall& call) {
    const ConstTensorView w = weight.weight;
    requireMatrix(w, DType::Float32, w.rows(), call.x.columns(), "linear: weight");
    if (!weight.bias.empty()) requireVector(weight.bias, DType::Float32, w.rows(), "linear: bias");
    compose(call, w.rows(), weight.bias, [&](ConstTensorView x, MatrixOut y, Accumulate accumulate) {
        m_product.multiplyTransposed(x.rows(), w.rows(), w.columns(), {x.as<float>(), x.rowStride()},
                                     {w.as<float>(), w.rowStride()}, y, accumulate);
    });
}

void CpuBackend::linear(const PackedWeight& weight, const GroupCall& call) {
    checkPackedWeight(weight);
    if (call.x.columns() != weight.columns)
        throw Error("linear: ", call.x.columns(), " inputs for a packed weight of ", weight.columns);
    compose(call, weight.rows, weight.bias, [&](ConstTensorView x, MatrixOut y, Accumulate accumulate) {
        if (weight.columnOrder.empty()) return packedProduct(weight, x, y, accumulate);
        Tensor gathered = allocate(DType::Float32, x.shape());
        const std::int32_t* order = weight.columnOrder.as<std::int32_t>();
        permuteColumns(x, {order, static_cast<std::size_t>(weight.columns)}, gathered.view());
        packedProduct(weight, gathered.view(), y, accumulate);
    });
}

void CpuBackend::packedProduct(const PackedWeight& weight, ConstTensorView x, MatrixOut y, Accumulate accumulate) {
    const std::int64_t tokens = x.rows(), columns = weight.columns;
    if (tokens < kTokensForPanels) {
        m_pool.parallelFor(weight.rows, kTileRows, [&](std::int64_t row, std::int64_t) {
            thread_local std::vector<float> weights;
            weights.resize(static_cast<std::size_t>(kTileRows * columns));
            dequantizeTileRow(weight, row, weights.data());
            for (std::int64_t t = 0; t < tokens; ++t) {
                for (std::int64_t r = 0; r < kTileRows; ++r) {
                    float& out = y.data[t * y.stride + row + r];
                    const float product = dot(weights.data() + r * columns, x.as<float>() + t * x.rowStride(), columns);
                    out = accumulate == Accumulate::Yes ? out + product : product;
                }
            }
        });
        return;
    }
    std::vector<float> panel(static_cast<std::size_t>(kPanelRows * columns));
    for (std::int64_t first = 0; first < weight.rows; first += kPanelRows) {
        const std::int64_t rows = std::min(kPanelRows, weight.rows - first);
        m_pool.parallelFor(rows, kTileRows, [&](std::int64_t row, std::int64_t) {
            dequantizeTileRow(weight, first + row, panel.data() + row * columns);
        });
        m_product.multiplyTransposed(tokens, rows, columns, {x.as<float>(), x.rowStride()}, {panel.data(), columns},
                                     {y.data + first, y.stride}, accumulate);
    }
}

}  // namespace gptq
