// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Writes a folder of safetensors shards with its index, tensor by tensor, in the order given: nothing larger than one tensor is
// held in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/safetensors.h"

namespace gptq {

struct TensorToWrite {
    std::string name;
    StoredType type = StoredType::F32;
    std::vector<std::int64_t> shape;
    // Produces the tensor's bytes, in pieces, by calling `sink`; the pieces must add up to the size that shape and type say.
    std::function<void(const std::function<void(std::span<const std::byte>)>& sink)> produce;

    std::uint64_t bytes() const;
};

// One file "model.safetensors" where all fits in shardBytes, else "model-00001-of-0000N.safetensors" and an index with
// metadata.total_size and weight_map. File metadata: {"format": "pt"} and what `metadata` adds. All files are fsynced.
void writeSafetensorsFolder(const std::filesystem::path& folder, const std::vector<TensorToWrite>& tensors,
                            std::uint64_t shardBytes, const std::map<std::string, std::string>& metadata);

}  // namespace gptq
