// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/model/weight_loading.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "kernels/convert_floats.h"
#include "kernels/error.h"

namespace gptq {
namespace {

constexpr std::int64_t kPieceElements = 4 << 20;

// By the largest magnitude as an integer, which orders like the number: of several values at once, unlike a search.
template <class Bits>
bool allBelow(Bits infinity, std::span<const std::byte> values) {
    constexpr auto kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
    Bits largest = 0;
    for (std::size_t i = 0; i < values.size(); i += sizeof(Bits)) {
        Bits value;
        std::memcpy(&value, values.data() + i, sizeof(Bits));
        largest = std::max(largest, static_cast<Bits>(value & ~kSign));
    }
    return largest < infinity;  // NaNs lie above
}
bool allFinite(DType type, std::span<const std::byte> values) {
    switch (type) {
        case DType::Float16: return allBelow<std::uint16_t>(0x7c00, values);
        case DType::BFloat16: return allBelow<std::uint16_t>(0x7f80, values);
        default: return allBelow<std::uint32_t>(0x7f800000, values);
    }
}

// Names the first value of rows from `row` on that is NaN or infinite.
[[noreturn]] void refuse(const WeightSource& source, const std::string& name, std::int64_t row, std::int64_t columns,
                         DType type, std::span<const std::byte> values) {
    std::vector<float> numbers(values.size() / bytesOf(type));
    convertFloats(type, values.data(), DType::Float32, reinterpret_cast<std::byte*>(numbers.data()), numbers.size());
    const auto bad = std::find_if(numbers.begin(), numbers.end(), [](float value) { return !std::isfinite(value); });
    const std::int64_t at = bad - numbers.begin();
    throw Error(source.describe(name), ": row ", row + at / columns, ", column ", at % columns, " is ", *bad,
                ". The checkpoint is damaged; download it again");
}

// As what a tensor travels to the device, which converts it there: 16 bits stay 16.
DType typeOnTheWay(const WeightSource& source, const std::string& name) {
    const DType stored = source.info(name).dtype;
    return stored == DType::Float16 || stored == DType::BFloat16 ? stored : DType::Float32;
}

// Reads a tensor through host memory in bounded pieces into rows of `to`, which is (rows, columns) on the device.
void loadInto(Backend& backend, const WeightSource& source, const std::string& name, TensorView to) {
    const std::int64_t rows = to.rows(), columns = to.columns();
    const std::int64_t piece = std::clamp<std::int64_t>(kPieceElements / std::max<std::int64_t>(columns, 1), 1, rows);
    const DType type = typeOnTheWay(source, name);
    std::vector<std::byte> host(static_cast<std::size_t>(piece * columns) * bytesOf(type));
    for (std::int64_t row = 0; row < rows; row += piece) {
        const std::int64_t count = std::min(piece, rows - row);
        const std::span<std::byte> values(host.data(), static_cast<std::size_t>(count * columns) * bytesOf(type));
        source.read(name, type, {row, count}, values);
        if (!allFinite(type, values)) refuse(source, name, row, columns, type, values);
        backend.copy(ConstTensorView(values.data(), type, {count, columns}, Device{}), to.rowRange(row, count));
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
