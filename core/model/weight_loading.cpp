// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/model/weight_loading.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "kernels/error.h"

namespace gptq {
namespace {

constexpr std::int64_t kPieceElements = 4 << 20;

// By the largest magnitude as an integer, which orders like the float: of several values at once, unlike a search.
bool allFinite(std::span<const float> values) {
    constexpr std::int32_t infinity = 0x7f800000;  // NaNs lie above
    std::int32_t largest = 0;
    for (const float value : values) largest = std::max(largest, std::bit_cast<std::int32_t>(value) & 0x7fffffff);
    return largest < infinity;
}

// Names the first value of rows from `row` on that is NaN or infinite.
[[noreturn]] void refuse(const WeightSource& source, const std::string& name, std::int64_t row, std::int64_t columns,
                         std::span<const float> values) {
    const auto bad = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
    const std::int64_t at = bad - values.begin();
    throw Error(source.describe(name), ": row ", row + at / columns, ", column ", at % columns, " is ", *bad,
                ". The checkpoint is damaged; download it again");
}

// Reads a tensor through host memory in bounded pieces into rows of `to`, which is (rows, columns) on the device.
void loadInto(Backend& backend, const WeightSource& source, const std::string& name, TensorView to) {
    const std::int64_t rows = to.rows(), columns = to.columns();
    const std::int64_t piece = std::clamp<std::int64_t>(kPieceElements / std::max<std::int64_t>(columns, 1), 1, rows);
    std::vector<float> host(static_cast<std::size_t>(piece * columns));
    for (std::int64_t row = 0; row < rows; row += piece) {
        const std::int64_t count = std::min(piece, rows - row);
        const std::span<float> values(host.data(), static_cast<std::size_t>(count * columns));
        source.read(name, DType::Float32, {row, count}, std::as_writable_bytes(values));
        if (!allFinite(values)) refuse(source, name, row, columns, values);
        backend.copy(hostView(static_cast<const float*>(values.data()), {count, columns}), to.rowRange(row, count));
    }
}

}  // namespace

Tensor loadTensor(Backend& backend, const WeightSource& source, const std::string& name, DType type) {
    const Shape shape = source.info(name).shape;
    Tensor tensor = backend.allocate(type, shape);
    const std::int64_t rows = shape.rank() < 2 ? 1 : shape[0];
    loadInto(backend, source, name,
             TensorView(tensor.view().data(), type, Shape{rows, shape.elements() / std::max<std::int64_t>(rows, 1)},
                        backend.device()));
    return tensor;
}

Tensor loadJoined(Backend& backend, const WeightSource& source, const std::vector<LinearModule>& modules, DType type) {
    std::int64_t rows = 0;
    for (const LinearModule& module : modules) rows += module.out;
    Tensor joined = backend.allocate(type, {rows, modules.front().in});
    std::int64_t row = 0;
    for (const LinearModule& module : modules) {
        loadInto(backend, source, module.weight(), joined.view().rowRange(row, module.out));
        row += module.out;
    }
    return joined;
}

}  // namespace gptq
