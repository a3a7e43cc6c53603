// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/checkpoint.h"

#include "core/architecture/model_layout.h"
#include "core/checkpoint/checkpoint_format.h"
#include "core/checkpoint/float_source.h"
#include "kernels/error.h"

namespace gptq {
namespace {

namespace fs = std::filesystem;

Shape shapeOf(const ExpectedTensor& tensor) {
    return tensor.shape.size() == 1 ? Shape{tensor.shape[0]} : Shape{tensor.shape[0], tensor.shape[1]};
}

void checkTensors(const Checkpoint& model) {
    for (const ExpectedTensor& expected : expectedTensors(model.config, model.names())) {
        const auto found = model.weights->find(expected.name);
        if (!found) {
            throw Error(model.folder.string(), ": the tensor ", expected.name,
                        " is missing; config.json asks for it. The download is incomplete, or config.json belongs to "
                        "another model");
        }
        if (found->shape != shapeOf(expected)) {
            throw Error(model.weights->describe(expected.name), ": has the shape ", nameOf(found->shape),
                        ", but config.json asks for ", nameOf(shapeOf(expected)));
        }
        if (found->dtype != DType::Float32 && found->dtype != DType::Float16 && found->dtype != DType::BFloat16) {
            throw Error(model.weights->describe(expected.name), ": holds ", nameOf(found->dtype),
                        "; expected float16, bfloat16 or float32");
        }
    }
}

}  // namespace

void requireMatchingTokenizer(const Tokenizer& tokenizer, const Checkpoint& model) {
    if (tokenizer.size() <= model.config.vocabulary) return;
    throw Error(model.folder.string(), ": the tokenizer has ", tokenizer.size(), " tokens, but the embedding only ",
                model.config.vocabulary, " rows; they belong to different models");
}

Checkpoint openCheckpoint(const fs::path& folder) {
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) throw Error(folder.string(), ": there is no such folder");
    if (!fs::is_directory(folder, ignored))
        throw Error(folder.string(), ": is not a folder. Name the model's folder, the one with config.json in it");
    if (!fs::exists(folder / "config.json", ignored))
        throw Error(folder.string(), ": has no config.json, so it is not a model folder");

    Checkpoint model;
    model.folder = folder;
    model.configJson = readJson(folder / "config.json");
    const JsonObject config(model.configJson, (folder / "config.json").string());
    model.architecture = &architectureOf(config);
    model.config = model.architecture->parse(config);
    const CheckpointFormat* format = detectFormat(config);
    model.format = format ? std::string(format->name()) : "huggingface";
    if (format) {
        QuantizedCheckpoint opened = format->read(folder, config);
        model.weights = std::move(opened.weights);
        model.scheme = opened.scheme;
    } else {
        model.weights = std::make_unique<FloatSource>(folder);
    }
    checkTensors(model);
    model.dtype = model.weights->info(model.names().embedding).dtype;
    return model;
}

}  // namespace gptq
