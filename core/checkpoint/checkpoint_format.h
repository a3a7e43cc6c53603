// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The formats of quantized checkpoints. To add one: a file x_format.cpp and a row in checkpoint_format.cpp.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/architecture/model_layout.h"
#include "core/checkpoint/weight_source.h"
#include "core/io/json.h"

namespace gptq {

struct Checkpoint;

struct QuantizedCheckpoint {
    std::unique_ptr<WeightSource> weights;
    QuantScheme scheme;  // of the modules that no override names
};

// A linear layer of the blocks and how it is to be stored; no scheme: it stays float.
struct ModuleScheme {
    LinearModule module;
    std::optional<QuantScheme> scheme;
};

struct WriteRequest {
    const Checkpoint& original;  // its config, tokenizer and generation files are carried along
    const WeightSource& weights;
    QuantScheme scheme;
    std::vector<ModuleScheme> modules;
    Json recipe;  // how it was made, for the format's "meta"
    std::filesystem::path folder;
    std::uint64_t shardBytes = std::uint64_t{4} << 30;
};

class CheckpointFormat {
public:
    virtual ~CheckpointFormat() = default;

    virtual std::string_view name() const = 0;  // as the command line takes it
    virtual bool detects(const JsonObject& config) const = 0;
    virtual QuantizedCheckpoint read(const std::filesystem::path& folder, const JsonObject& config) const = 0;
    // Why this format cannot hold the scheme of the modules, or nothing. Asked before a run.
    virtual std::optional<std::string> refuses(const std::vector<ModuleScheme>& modules) const = 0;
    // Writes everything but the durability of the folder, which is its caller's. Throws Error where a matrix does not fit.
    virtual void write(const WriteRequest& request) const = 0;
};

const std::vector<const CheckpointFormat*>& checkpointFormats();
const CheckpointFormat& formatNamed(std::string_view name);  // throws Error that lists the formats

// The format of a config.json with a quantization_config; null where it has none. Throws Error for a kind that is not known.
const CheckpointFormat* detectFormat(const JsonObject& config);

// Writes a checkpoint beside its place (FOLDER.partial), re-opens it, compares every code with `weights`, then renames it.
// `checkStop` is called between matrices and may throw.
void writeCheckpoint(const CheckpointFormat& format, WriteRequest request, const std::function<void()>& checkStop);

// Copies what a model folder holds beside weights and config: tokenizer, generation settings, chat template, licence.
void copyCompanionFiles(const std::filesystem::path& from, const std::filesystem::path& to);

const CheckpointFormat& gptqFormat();  // GPTQ v1
const CheckpointFormat& gptqV2Format();

}  // namespace gptq
