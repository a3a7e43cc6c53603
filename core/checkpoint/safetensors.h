// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The safetensors file format (huggingface/safetensors, "Format"): eight bytes of header length, a JSON header, raw tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/io/byte_source.h"
#include "kernels/tensor.h"

namespace gptq {

enum class StoredType : std::uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };  // and no others

struct StoredTensor {
    StoredType type = StoredType::F32;
    std::vector<std::int64_t> shape;
    std::uint64_t offset = 0;  // from the file's begin
    std::uint64_t bytes = 0;
};

// The header of one file, checked before anything is believed: lengths inside the file, offsets in order, without holes or
// overlaps, byte counts that agree with shape and type, nothing after the last tensor.
class SafetensorsFile {
public:
    explicit SafetensorsFile(std::unique_ptr<ByteSource> source);

    const std::string& name() const { return m_source->name(); }
    const std::map<std::string, StoredTensor>& tensors() const { return m_tensors; }
    const std::map<std::string, std::string>& metadata() const { return m_metadata; }
    void read(const StoredTensor& tensor, std::uint64_t offsetInTensor, std::span<std::byte> to) const;

private:
    std::unique_ptr<ByteSource> m_source;
    std::map<std::string, StoredTensor> m_tensors;
    std::map<std::string, std::string> m_metadata;
};

// The tensors of a folder: one model.safetensors, or shards with model.safetensors.index.json. Shard names may not leave the
// folder. All headers are checked; every tensor of the index must be in the shard that it names.
class SafetensorsFolder {
public:
    explicit SafetensorsFolder(const std::filesystem::path& folder);

    struct Entry {
        const SafetensorsFile* file;
        const StoredTensor* tensor;
    };
    const std::map<std::string, Entry>& entries() const { return m_entries; }
    const Entry* find(const std::string& name) const;
    std::vector<std::filesystem::path> files() const { return m_paths; }

private:
    std::vector<std::filesystem::path> m_paths;
    std::vector<std::unique_ptr<SafetensorsFile>> m_files;
    std::map<std::string, Entry> m_entries;
};

std::uint64_t bytesOf(StoredType type);
const char* nameOf(StoredType type);  // "F16"
DType dtypeOf(StoredType type);       // throws for those that no kernel takes (I64, F64, ...)

}  // namespace gptq
