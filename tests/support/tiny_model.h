// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A Llama of random weights, small enough to be quantized in a moment, with the demo's tokenizer.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/checkpoint/safetensors.h"
#include "core/io/json.h"

namespace gptq::test {

struct TinyModel {
    std::int64_t hidden = 64;
    std::int64_t feedForward = 96;
    std::int64_t layers = 2;
    std::int64_t heads = 4;
    std::int64_t kvHeads = 2;
    std::int64_t vocabulary = 4096;
    std::int64_t context = 128;
    bool tiedHead = true;
    bool biases = false;
    StoredType type = StoredType::F16;  // or BF16, F32
    std::uint64_t seed = 1;
    // May change a tensor's values before they are written.
    std::function<void(const std::string& name, std::vector<float>& values)> change;

    Json config() const;
    void write(const std::filesystem::path& folder) const;  // config, weights, tokenizer
};

std::string demoText(std::size_t bytes);  // the begin of the demo's calibration text

}  // namespace gptq::test
