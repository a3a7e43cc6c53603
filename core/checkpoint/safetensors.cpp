// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "core/io/json.h"
#include "kernels/error.h"

namespace gptq {

namespace {

constexpr std::uint64_t kPrefixBytes = 8;
constexpr std::uint64_t kHeaderLimit = 100'000'000;  // the reference implementation's
constexpr auto kMostInteger = std::numeric_limits<std::int64_t>::max();

struct TypeRow {
    StoredType type;
    const char* name;
    std::uint64_t bytes;
    std::optional<DType> dtype;
};

constexpr std::array<TypeRow, 10> kTypes{{
    {StoredType::F64, "F64", 8, std::nullopt},
    {StoredType::F32, "F32", 4, DType::Float32},
    {StoredType::F16, "F16", 2, DType::Float16},
    {StoredType::BF16, "BF16", 2, DType::BFloat16},
    {StoredType::I64, "I64", 8, std::nullopt},
    {StoredType::I32, "I32", 4, DType::Int32},
    {StoredType::I16, "I16", 2, std::nullopt},
    {StoredType::I8, "I8", 1, std::nullopt},
    {StoredType::U8, "U8", 1, DType::UInt8},
    {StoredType::Bool, "BOOL", 1, std::nullopt},
}};

const TypeRow& rowOf(StoredType type) {
    return *std::find_if(kTypes.begin(), kTypes.end(), [type](const TypeRow& row) { return row.type == type; });
}

StoredType typeNamed(const std::string& name, const std::string& where) {
    for (const TypeRow& row : kTypes) {
        if (name == row.name) return row.type;
    }
    std::string known;
    for (const TypeRow& row : kTypes) known += (known.empty() ? "" : ", ") + std::string(row.name);
    throw Error(where, " is of type ", shown(name), ", which is not supported; supported are ", known);
}

bool multiplyInto(std::int64_t& product, std::int64_t factor) {
    return !__builtin_mul_overflow(product, factor, &product);
}

// The lengths that a list of the header holds.
std::vector<std::int64_t> integers(const JsonObject& tensor, std::string_view key) {
    const auto found = tensor.json().find(key);
    if (found == tensor.json().end() || !found->is_array()) {
        throw Error(tensor.where(), ": '", key, "' must be a list of integers");
    }
    std::vector<std::int64_t> values;
    values.reserve(found->size());
    for (const Json& value : *found) {
        const auto* number = value.get_ptr<const Json::number_unsigned_t*>();
        if (number == nullptr || *number > static_cast<std::uint64_t>(kMostInteger)) {
            throw Error(tensor.where(), ": '", key, "' must hold integers from 0 to ", kMostInteger, ", but one is ",
                        shown(value));
        }
        values.push_back(static_cast<std::int64_t>(*number));
    }
    return values;
}

// `dataBegin`: where in the file the offsets count from.
StoredTensor readEntry(const JsonObject& entry, std::uint64_t dataBegin) {
    StoredTensor tensor;
    tensor.type = typeNamed(entry.string("dtype"), entry.where());
    tensor.shape = integers(entry, "shape");
    const std::vector<std::int64_t> offsets = integers(entry, "data_offsets");
    if (offsets.size() != 2) throw Error(entry.where(), ": 'data_offsets' must hold a begin and an end");
    if (offsets[0] > offsets[1]) {
        throw Error(entry.where(), ": its data ends at ", offsets[1], ", before it begins at ", offsets[0]);
    }
    tensor.bytes = static_cast<std::uint64_t>(offsets[1] - offsets[0]);
    tensor.offset = dataBegin + static_cast<std::uint64_t>(offsets[0]);  // below 2^63 + 2^27
    std::int64_t expected = 1;
    std::string shape;
    bool fits = true;
    for (const std::int64_t extent : tensor.shape) {
        fits = fits && multiplyInto(expected, extent);
        if (shape.size() < 80) shape += (shape.empty() ? "" : ", ") + std::to_string(extent);
    }
    fits = fits && multiplyInto(expected, static_cast<std::int64_t>(bytesOf(tensor.type)));
    if (!fits) throw Error(entry.where(), ": the size of its shape (", shape, ") overflows");
    if (static_cast<std::uint64_t>(expected) != tensor.bytes) {
        throw Error(entry.where(), ": its shape (", shape, ") of type ", nameOf(tensor.type), " takes ", expected,
                    " bytes, but its data_offsets span ", tensor.bytes);
    }
    return tensor;
}

// The file is its tensors and nothing else: each begins where the one before it ends, the last ends with the file.
void checkLayout(const std::string& name, const std::map<std::string, StoredTensor>& tensors, std::uint64_t dataBegin,
                 std::uint64_t fileBytes) {
    using Entry = std::pair<const std::string, StoredTensor>;
    std::vector<const Entry*> order;
    order.reserve(tensors.size());
    for (const Entry& entry : tensors) order.push_back(&entry);
    std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
        return std::pair(a->second.offset, a->second.bytes) < std::pair(b->second.offset, b->second.bytes);
    });
    std::uint64_t end = dataBegin;
    const Entry* previous = nullptr;
    for (const Entry* entry : order) {
        if (entry->second.offset < end) {
            throw Error(name, ": the tensors '", previous->first, "' and '", entry->first, "' overlap at offset ",
                        entry->second.offset);
        }
        if (entry->second.offset > end) {
            throw Error(name, ": no tensor owns the bytes from offset ", end, " to '", entry->first, "' at ",
                        entry->second.offset);
        }
        end = entry->second.offset + entry->second.bytes;
        previous = entry;
    }
    if (end > fileBytes) {
        const auto cut = std::find_if(order.begin(), order.end(), [fileBytes](const Entry* entry) {
            return entry->second.offset + entry->second.bytes > fileBytes;
        });
        throw Error(name, " is cut short: it has ", fileBytes, " bytes, but its header describes ", end,
                    " (the tensor '", (*cut)->first, "' passes the end); download the file again");
    }
    if (end < fileBytes)
        throw Error(name, ": ", fileBytes - end, " bytes follow the last tensor; download the file again");
}

std::uint64_t readHeaderLength(const ByteSource& source) {
    const std::string& name = source.name();
    std::string begin(static_cast<std::size_t>(std::min<std::uint64_t>(source.size(), 64)), '\0');
    source.read(0, std::as_writable_bytes(std::span(begin)));
    if (isGitLfsPointer(begin)) {
        throw Error(name, " is only a Git LFS pointer, not the weights; fetch the file itself (git lfs pull)");
    }
    if (begin.size() < kPrefixBytes) {
        throw Error(name, " is no safetensors file: it has only ", begin.size(), " bytes; download the file again");
    }
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < kPrefixBytes; ++i) {
        length |= static_cast<std::uint64_t>(static_cast<unsigned char>(begin[i])) << (8 * i);
    }
    if (length > source.size() - kPrefixBytes) {
        throw Error(name, ": its header should have ", length, " bytes, but the file has only ", source.size(),
                    "; it is cut short or no safetensors file; download it again");
    }
    if (length > kHeaderLimit) {
        throw Error(name, ": its header has ", length, " bytes; at most ", kHeaderLimit, " are allowed");
    }
    return length;
}

}  // namespace

std::uint64_t bytesOf(StoredType type) {
    return rowOf(type).bytes;
}

const char* nameOf(StoredType type) {
    return rowOf(type).name;
}

DType dtypeOf(StoredType type) {
    const TypeRow& row = rowOf(type);
    if (!row.dtype) throw Error("tensors of type ", row.name, " cannot be computed with");
    return *row.dtype;
}

SafetensorsFile::SafetensorsFile(std::unique_ptr<ByteSource> source) : m_source(std::move(source)) {
    const std::uint64_t headerBytes = readHeaderLength(*m_source);
    std::string header(static_cast<std::size_t>(headerBytes), '\0');
    m_source->read(kPrefixBytes, std::as_writable_bytes(std::span(header)));
    const Json json = parseJson(header, name() + ": header");
    const JsonObject object(json, name() + ": header");
    const std::uint64_t dataBegin = kPrefixBytes + headerBytes;
    for (const auto& [key, value] : json.items()) {
        if (key == "__metadata__") {
            const JsonObject metadata(value, name() + ": __metadata__");
            for (const auto& [field, content] : value.items()) m_metadata[field] = metadata.string(field);
            continue;
        }
        if (std::any_of(key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; })) {
            throw Error(name(), ": the name of a tensor holds a control character: ", shown(key));
        }
        m_tensors.emplace(key, readEntry(JsonObject(value, name() + ": tensor '" + key + "'"), dataBegin));
    }
    checkLayout(name(), m_tensors, dataBegin, m_source->size());
}

void SafetensorsFile::read(const StoredTensor& tensor, std::uint64_t offsetInTensor, std::span<std::byte> to) const {
    if (offsetInTensor > tensor.bytes || to.size() > tensor.bytes - offsetInTensor) {
        throw Error(name(), ": ", to.size(), " bytes at offset ", offsetInTensor, " of a tensor of ", tensor.bytes);
    }
    m_source->read(tensor.offset + offsetInTensor, to);
}

}  // namespace gptq
