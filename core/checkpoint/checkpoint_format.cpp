// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/checkpoint_format.h"

#include <algorithm>
#include <array>

#include "core/checkpoint/checkpoint.h"
#include "core/io/durable_file.h"
#include "kernels/error.h"

namespace gptq {
namespace {

namespace fs = std::filesystem;

// Hugging Face's names for what travels with a model.
constexpr std::array kCompanionFiles{"tokenizer.model",
                                     "tokenizer.json",
                                     "tokenizer_config.json",
                                     "special_tokens_map.json",
                                     "added_tokens.json",
                                     "vocab.json",
                                     "merges.txt",
                                     "generation_config.json",
                                     "chat_template.jinja",
                                     "chat_template.json",
                                     "LICENSE",
                                     "LICENSE.txt",
                                     "LICENSE.md",
                                     "NOTICE",
                                     "USE_POLICY.md"};

void compare(const WeightSource& wanted, const WeightSource& written, const std::vector<ModuleScheme>& modules,
             const std::function<void()>& checkStop) {
    QuantizedMatrix a, b;
    for (const ModuleScheme& entry : modules) {
        if (!entry.scheme) continue;
        checkStop();
        const std::string name = entry.module.weight();
        if (!wanted.readQuantized(name, a) || !written.readQuantized(name, b) || !sameCodes(a, b))
            throw Error(written.describe(name),
                        ": reads back other than it was written. The disk or its memory is at fault; nothing was kept");
    }
}

}  // namespace

const std::vector<const CheckpointFormat*>& checkpointFormats() {
    static const std::vector<const CheckpointFormat*> table{&gptqFormat(), &gptqV2Format()};
    return table;
}

const CheckpointFormat& formatNamed(std::string_view name) {
    std::string known;
    for (const CheckpointFormat* format : checkpointFormats()) {
        if (format->name() == name) return *format;
        known += (known.empty() ? "" : ", ") + std::string(format->name());
    }
    throw Error("there is no format '", name, "'. Formats: ", known);
}

const CheckpointFormat* detectFormat(const JsonObject& config) {
    const auto quantization = config.objectIfAny("quantization_config");
    if (!quantization) return nullptr;
    for (const CheckpointFormat* format : checkpointFormats()) {
        if (format->detects(config)) return format;
    }
    throw Error(config.where(), ": the model is already quantized, by the method '",
                quantization->stringOr("quant_method", "unknown"), "', which cannot be read. Readable: GPTQ v1 and v2");
}

void writeCheckpoint(const CheckpointFormat& format, WriteRequest request, const std::function<void()>& checkStop) {
    PartialFolder partial(request.folder);
    request.folder = partial.path();
    format.write(request);
    checkStop();
    compare(request.weights, *openCheckpoint(partial.path()).weights, request.modules, checkStop);
    partial.commit();
}

void copyCompanionFiles(const fs::path& from, const fs::path& to) {
    for (const char* name : kCompanionFiles) {
        std::error_code ignored;
        if (fs::is_regular_file(from / name, ignored)) copyFile(from / name, to / name);
    }
}

}  // namespace gptq
