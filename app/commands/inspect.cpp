// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cstdio>

#include "app/commands/command.h"
#include "core/architecture/model_layout.h"
#include "core/checkpoint/checkpoint.h"
#include "core/io/resources.h"
#include "core/text/tokenizer.h"

namespace gptq {
namespace {

Json describe(const Checkpoint& model, const Tokenizer& tokenizer) {
    const ModelConfig& config = model.config;
    std::int64_t linear = 0, keptFloat = 0;
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        for (const LinearModule& module : blockLayout(config, model.names(), layer).modules()) {
            ++linear;
            keptFloat += module.quantizable() ? 0 : 1;
        }
    }
    Json json{{"model", model.folder.string()},
              {"supported", true},
              {"architecture", std::string(model.architecture->className)},
              {"format", model.format},
              {"dtype", nameOf(model.dtype)},
              {"parameters", parameterCount(config, model.names())},
              {"layers", config.layers},
              {"hidden", config.hidden},
              {"feed_forward", config.feedForward.width},
              {"heads", config.attention.spec.heads},
              {"kv_heads", config.attention.spec.kvHeads},
              {"head_size", config.attention.spec.headSize},
              {"vocabulary", config.vocabulary},
              {"context", config.context},
              {"tied_head", config.tiedHead},
              {"tokenizer", tokenizer.description()},
              {"linear_modules", linear},
              {"kept_float", keptFloat}};
    if (model.scheme)
        json["quantization"] = {{"bits", model.scheme->bits},
                                {"group_size", model.scheme->groupSize},
                                {"symmetric", model.scheme->symmetric}};
    return json;
}

void print(const Checkpoint& model, const Json& json) {
    const auto row = [](const char* name, const std::string& value) { std::printf("%-14s %s\n", name, value.c_str()); };
    const ModelConfig& config = model.config;
    const AttentionSpec& attention = config.attention.spec;
    row("model", model.folder.string());
    row("architecture", text(model.architecture->className, ", supported"));
    row("weights",
        text(nameOf(model.dtype), ", format ", model.format, model.scheme ? ", " + nameOf(*model.scheme) : ""));
    char parameters[64];
    std::snprintf(parameters, sizeof parameters, "%.1f million",
                  static_cast<double>(json["parameters"].get<std::int64_t>()) / 1e6);
    row("parameters", parameters);
    row("blocks", text(config.layers, " of hidden size ", config.hidden, ", feed-forward ", config.feedForward.width));
    row("attention",
        text(attention.heads, " heads of ", attention.headSize, ", ", attention.kvHeads, " of keys and values"));
    row("context", text(config.context, " tokens"));
    row("vocabulary", text(config.vocabulary, config.tiedHead ? ", the head tied to it" : ""));
    row("tokenizer", json["tokenizer"].get<std::string>());
    row("linear layers", text(json["linear_modules"].get<std::int64_t>(), " in the blocks, of which ",
                              json["kept_float"].get<std::int64_t>(), " must stay float"));
}

}  // namespace

void addInspectCommand(CLI::App& app, RunCommand& run) {
    CLI::App* command = app.add_subcommand("inspect", "say what a model is and whether it is supported");
    const auto options = std::make_shared<ModelOptions>();
    options->addTo(*command);
    command->callback([&run, options] {
        run = [options](JobControl&) {
            const std::filesystem::path folder = resolveModel(options->model);
            const Checkpoint model = openCheckpoint(folder);
            const auto tokenizer = loadTokenizer(folder);
            requireMatchingTokenizer(*tokenizer, model);
            const Json json = describe(model, *tokenizer);
            if (options->json) printJson(json);
            else print(model, json);
            return kExitDone;
        };
    });
}

}  // namespace gptq
