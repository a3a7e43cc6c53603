// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/float_source.h"

#include <algorithm>
#include <cstring>

#include "kernels/convert_floats.h"
#include "kernels/error.h"

namespace gptq {

namespace {

constexpr std::size_t kPieceElements = 1u << 17;  // converted at a time

bool isFloat(StoredType type) {
    return type == StoredType::F64 || type == StoredType::F32 || type == StoredType::F16 || type == StoredType::BF16;
}

bool isFloat(DType type) {
    return type == DType::Float32 || type == DType::Float16 || type == DType::BFloat16;
}

// Numbers of 64 bits are rounded to float32 first.
void narrowDoubles(const std::byte* from, float* to, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        double value{};
        std::memcpy(&value, from + i * sizeof(double), sizeof(double));
        to[i] = static_cast<float>(value);
    }
}

struct Rows {
    std::int64_t count = 1;
    std::int64_t elements = 1;  // of a row
};

Rows rowsOf(const StoredTensor& tensor) {
    Rows rows;
    if (tensor.shape.size() >= 2) rows.count = tensor.shape[0];
    for (std::size_t i = tensor.shape.size() >= 2 ? 1 : 0; i < tensor.shape.size(); ++i)
        rows.elements *= tensor.shape[i];
    return rows;
}

void convert(const SafetensorsFolder::Entry& entry, std::uint64_t offset, DType type, std::span<std::byte> to) {
    const auto storedBytes = static_cast<std::size_t>(bytesOf(entry.tensor->type));
    const std::size_t elements = to.size() / bytesOf(type);
    const bool doubles = entry.tensor->type == StoredType::F64;
    std::vector<std::byte> stored;
    std::vector<float> singles;
    for (std::size_t done = 0; done < elements;) {
        const std::size_t count = std::min(kPieceElements, elements - done);
        stored.resize(count * storedBytes);
        entry.file->read(*entry.tensor, offset + done * storedBytes, stored);
        const std::byte* from = stored.data();
        if (doubles) {
            singles.resize(count);
            narrowDoubles(from, singles.data(), count);
            from = reinterpret_cast<const std::byte*>(singles.data());
        }
        convertFloats(doubles ? DType::Float32 : dtypeOf(entry.tensor->type), from, type,
                      to.data() + done * bytesOf(type), count);
        done += count;
    }
}

}  // namespace

std::vector<std::string> FloatSource::names() const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : m_folder.entries()) names.push_back(name);
    return names;
}

std::optional<TensorInfo> FloatSource::find(const std::string& name) const {
    const SafetensorsFolder::Entry* entry = m_folder.find(name);
    if (entry == nullptr) return std::nullopt;
    const StoredTensor& tensor = *entry->tensor;
    if (tensor.shape.size() > Shape::kMaxRank) {
        throw Error(describe(name), ": it has ", tensor.shape.size(), " dimensions; at most ", Shape::kMaxRank,
                    " are supported");
    }
    TensorInfo info;
    try {
        info.dtype = tensor.type == StoredType::F64 ? DType::Float32 : dtypeOf(tensor.type);
    } catch (const Error& error) {
        throw Error(describe(name), ": ", error.what());
    }
    const std::vector<std::int64_t>& s = tensor.shape;
    switch (s.size()) {
        case 0: info.shape = Shape{}; break;
        case 1: info.shape = Shape{s[0]}; break;
        case 2: info.shape = Shape{s[0], s[1]}; break;
        case 3: info.shape = Shape{s[0], s[1], s[2]}; break;
        default: info.shape = Shape{s[0], s[1], s[2], s[3]};
    }
    return info;
}

void FloatSource::read(const std::string& name, DType type, RowRange rows, std::span<std::byte> to) const {
    const TensorInfo found = info(name);
    const SafetensorsFolder::Entry& entry = *m_folder.find(name);
    const Rows all = rowsOf(*entry.tensor);
    if (rows.first < 0 || rows.count < 0 || rows.first > all.count || rows.count > all.count - rows.first) {
        throw Error(describe(name), ": rows ", rows.first, " to ", rows.first + rows.count, " of ", all.count);
    }
    // No overflow: the range lies inside a tensor whose bytes were counted when the file was opened.
    const auto elements = static_cast<std::uint64_t>(rows.count * all.elements);
    if (to.size() != elements * bytesOf(type)) {
        throw Error(describe(name), ": ", to.size(), " bytes for ", elements, " elements of ", nameOf(type));
    }
    const std::uint64_t offset = static_cast<std::uint64_t>(rows.first * all.elements) * bytesOf(entry.tensor->type);
    if (found.dtype == type && entry.tensor->type != StoredType::F64) {
        entry.file->read(*entry.tensor, offset, to);
        return;
    }
    if (!isFloat(entry.tensor->type) || !isFloat(type)) {
        throw Error(describe(name), ": it holds ", nameOf(entry.tensor->type), ", where ", nameOf(type),
                    " is expected");
    }
    convert(entry, offset, type, to);
}

bool FloatSource::readQuantized(const std::string&, QuantizedMatrix&) const {
    return false;
}

std::string FloatSource::describe(const std::string& name) const {
    const SafetensorsFolder::Entry* entry = m_folder.find(name);
    return (entry == nullptr ? m_path.string() : entry->file->name()) + ": " + name;
}

}  // namespace gptq
