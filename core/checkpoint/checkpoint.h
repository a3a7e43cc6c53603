// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A model on disk, opened and checked: what it is, its configuration, its weights.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/architecture/architectures.h"
#include "core/checkpoint/weight_source.h"
#include "core/io/json.h"
#include "core/text/tokenizer.h"

namespace gptq {

struct Checkpoint {
    std::filesystem::path folder;
    Json configJson;
    const Architecture* architecture = nullptr;  // a row of the table
    ModelConfig config;
    std::unique_ptr<WeightSource> weights;
    DType dtype = DType::Float16;       // of the weights, as stored
    std::string format;                 // "huggingface", or the row of the table of formats: "gptq"
    std::optional<QuantScheme> scheme;  // of a quantized checkpoint

    const TensorNames& names() const { return architecture->names; }
};

// Throws Error where a tokenizer has more tokens than the model's embedding has rows. Fewer is normal: the rest is padding.
void requireMatchingTokenizer(const Tokenizer& tokenizer, const Checkpoint& model);

// Reads config.json and every header, and checks that each expected tensor is there in its shape. Throws Error.
Checkpoint openCheckpoint(const std::filesystem::path& folder);

}  // namespace gptq
