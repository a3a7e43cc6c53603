// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Dense and packed products, and the composition of a group call: norm, product, epilogue, one after the other.
#include <algorithm>
#include <memory>
#include <vector>

#include "kernels/cpu/cpu_backend_class.h"
#include "kernels/cpu/packed_product.h"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr std::int64_t kPanelRows = 64;  // unpacked at once, by the thread that multiplies by them
constexpr std::int64_t kTileRowsAPiece = 4;

MatrixOut outOf(TensorView view) {
    return {view.as<float>(), view.rowStride()};
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

void CpuBackend::pack(ConstTensorView codes, int bits, TensorView words) {
    const std::int64_t rows = codes.rows(), columns = codes.columns();
    requireMatrix(codes, DType::UInt8, rows, columns, "pack: codes");
    checkPackable(rows, columns, bits);
    requireVector(words, DType::UInt32, packedWords(rows, columns, bits), "pack: words");
    // Strips of 32 rows, the least that packs by itself.
    m_pool.parallelFor(rows / 32, 1, [&](std::int64_t strip, std::int64_t) {
        std::vector<std::uint8_t> part;
        part.reserve(static_cast<std::size_t>(32 * columns));
        for (std::int64_t row = strip * 32; row < strip * 32 + 32; ++row) {
            const std::uint8_t* from = codes.as<std::uint8_t>() + row * codes.rowStride();
            part.insert(part.end(), from, from + columns);
        }
        const auto packed = packCodes(part, 32, columns, bits);
        std::copy(packed.begin(), packed.end(),
                  words.as<std::uint32_t>() + strip * static_cast<std::int64_t>(packed.size()));
    });
}

void CpuBackend::packedProduct(const PackedWeight& weight, ConstTensorView x, MatrixOut y, Accumulate accumulate) {
    const std::int64_t tokens = x.rows(), columns = weight.columns;
    if (tokens <= kMostPackedTokens) {
        const PackedProduct product(weight, x);
        m_pool.parallelFor(weight.rows / kTileRows, kTileRowsAPiece, [&](std::int64_t begin, std::int64_t end) {
            for (; begin < end; ++begin) product.multiplyTileRow(begin * kTileRows, y, accumulate);
        });
        return;
    }
    m_pool.parallelFor(weight.rows, kPanelRows, [&](std::int64_t begin, std::int64_t end) {
        const auto panel = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>((end - begin) * columns));
        for (std::int64_t row = begin; row < end; row += kTileRows)
            unpackTileRow(weight, row, panel.get() + (row - begin) * columns);
        MatrixProduct::multiplyTransposedHere(tokens, end - begin, columns, {x.as<float>(), x.rowStride()},
                                              {panel.get(), columns}, {y.data + begin, y.stride}, accumulate);
    });
}

}  // namespace gptq
