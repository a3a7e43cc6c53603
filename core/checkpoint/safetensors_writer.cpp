// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/safetensors_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "core/io/durable_file.h"
#include "core/io/json.h"
#include "kernels/error.h"

namespace gptq {

namespace {

constexpr std::uint64_t kAlignment = 8;  // of the data's begin, as the reference implementation has it

using Shard = std::vector<const TensorToWrite*>;

std::string quoted(const std::string& text) {
    return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::uint64_t bytesOf(const Shard& shard) {
    std::uint64_t bytes = 0;
    for (const TensorToWrite* tensor : shard) bytes += tensor->bytes();
    return bytes;
}

// The format leaves no room for padding, but other readers want every tensor at a multiple of its element's size. Where the
// given order breaks that (an odd number of 16-bit elements before 32-bit ones), wide elements go first.
void align(Shard& shard) {
    std::uint64_t offset = 0;
    bool isAligned = true;
    for (const TensorToWrite* tensor : shard) {
        isAligned = isAligned && offset % bytesOf(tensor->type) == 0;
        offset += tensor->bytes();
    }
    if (isAligned) return;
    std::stable_sort(shard.begin(), shard.end(), [](const TensorToWrite* a, const TensorToWrite* b) {
        return bytesOf(a->type) > bytesOf(b->type);
    });
}

// Each shard takes what fits, but at least one tensor.
std::vector<Shard> divide(const std::vector<TensorToWrite>& tensors, std::uint64_t shardBytes) {
    std::vector<Shard> shards(1);
    std::uint64_t filled = 0;
    for (const TensorToWrite& tensor : tensors) {
        const std::uint64_t bytes = tensor.bytes();
        if (!shards.back().empty() && (filled > shardBytes || bytes > shardBytes - filled)) {
            shards.emplace_back();
            filled = 0;
        }
        shards.back().push_back(&tensor);
        filled += bytes;
    }
    for (Shard& shard : shards) align(shard);
    return shards;
}

// Length and JSON, padded with spaces.
std::string headerOf(const Shard& shard, const std::map<std::string, std::string>& metadata) {
    std::string json = "{\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
        json += (json.back() == '{' ? "" : ",") + quoted(key) + ":" + quoted(value);
    }
    json += '}';
    std::uint64_t offset = 0;
    for (const TensorToWrite* tensor : shard) {
        const std::uint64_t end = offset + tensor->bytes();
        json += "," + quoted(tensor->name) + ":{\"dtype\":\"" + nameOf(tensor->type) +
                "\",\"shape\":" + Json(tensor->shape).dump() + ",\"data_offsets\":" + text("[", offset, ",", end, "]}");
        offset = end;
    }
    json += '}';
    json.resize((json.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
    std::string header;
    for (int i = 0; i < 8; ++i) header += static_cast<char>(json.size() >> (8 * i) & 0xff);
    return header + json;
}

void writeShard(const std::filesystem::path& path, const Shard& shard,
                const std::map<std::string, std::string>& metadata) {
    FileWriter file(path);
    file.write(headerOf(shard, metadata));
    for (const TensorToWrite* tensor : shard) {
        const std::uint64_t begin = file.written();
        tensor->produce([&file](std::span<const std::byte> piece) { file.write(piece); });
        if (file.written() - begin != tensor->bytes()) {
            throw Error(path.string(), ": the tensor '", tensor->name, "' should have ", tensor->bytes(),
                        " bytes, but ", file.written() - begin, " were produced");
        }
    }
    file.finish();
}

std::string shardName(std::size_t number, std::size_t count) {
    if (count == 1) return "model.safetensors";
    std::array<char, 64> name{};
    std::snprintf(name.data(), name.size(), "model-%05zu-of-%05zu.safetensors", number, count);
    return name.data();
}

void writeIndex(const std::filesystem::path& folder, const std::vector<Shard>& shards) {
    std::uint64_t total = 0;
    std::map<std::string, std::string> shardOf;
    for (std::size_t i = 0; i < shards.size(); ++i) {
        total += bytesOf(shards[i]);
        for (const TensorToWrite* tensor : shards[i]) shardOf[tensor->name] = shardName(i + 1, shards.size());
    }
    std::string json = text("{\n  \"metadata\": {\n    \"total_size\": ", total, "\n  },\n  \"weight_map\": {");
    for (const auto& [tensor, shard] : shardOf) {
        json += (json.back() == '{' ? "\n    " : ",\n    ") + quoted(tensor) + ": " + quoted(shard);
    }
    FileWriter file(folder / "model.safetensors.index.json");
    file.write(json + "\n  }\n}\n");
    file.finish();
}

}  // namespace

std::uint64_t TensorToWrite::bytes() const {
    std::uint64_t bytes = bytesOf(type);
    for (const std::int64_t extent : shape) {
        if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes)) {
            throw Error("the tensor '", name, "' cannot be written: the size of its shape overflows");
        }
    }
    return bytes;
}

void writeSafetensorsFolder(const std::filesystem::path& folder, const std::vector<TensorToWrite>& tensors,
                            std::uint64_t shardBytes, const std::map<std::string, std::string>& metadata) {
    std::set<std::string> names;
    for (const TensorToWrite& tensor : tensors) {
        if (!names.insert(tensor.name).second) throw Error("two tensors to write are named '", tensor.name, "'");
    }
    std::map<std::string, std::string> allMetadata{{"format", "pt"}};
    for (const auto& [key, value] : metadata) allMetadata[key] = value;
    const std::vector<Shard> shards = divide(tensors, shardBytes);
    for (std::size_t i = 0; i < shards.size(); ++i) {
        writeShard(folder / shardName(i + 1, shards.size()), shards[i], allMetadata);
    }
    if (shards.size() > 1) writeIndex(folder, shards);
}

}  // namespace gptq
