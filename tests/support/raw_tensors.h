// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The tensors of a checkpoint's file as bytes, to be looked at or changed behind the program's back.
#pragma once

#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/checkpoint/safetensors.h"

namespace gptq::test {

struct RawTensor {
    StoredType type = StoredType::F32;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;

    template <class T>
    std::vector<T> as() const {
        std::vector<T> values(bytes.size() / sizeof(T));
        std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
        return values;
    }
    template <class T>
    void set(const std::vector<T>& values) {
        bytes.resize(values.size() * sizeof(T));
        std::memcpy(bytes.data(), values.data(), bytes.size());
    }
};

using RawTensors = std::map<std::string, RawTensor>;

RawTensors readTensors(const std::filesystem::path& folder);  // of its model.safetensors or shards
void editTensors(const std::filesystem::path& folder, const std::function<void(RawTensors&)>& edit);

}  // namespace gptq::test
