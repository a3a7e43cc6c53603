// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstdio>
#include <iostream>

#include "app/commands/opened_model.h"
#include "core/chat/text_generator.h"
#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {
namespace {

struct GenerateOptions : ModelOptions {
    std::string prompt;
    std::int64_t maxTokens = 128;
    SamplerSettings sampler;
};

int generate(const GenerateOptions& options, JobControl& control) {
    if (const auto bad = firstInvalidUtf8(options.prompt)) throw Error("the prompt: byte ", *bad, " is not UTF-8");
    const OpenedModel opened(options, control);
    if (!options.json) std::cout << options.prompt << std::flush;
    const GenerationResult result = generateText(opened.model(), opened.tokenizer(), options.prompt, options.maxTokens,
                                                 options.sampler, [&](const std::string& piece) {
                                                     control.checkpoint();
                                                     if (!options.json) std::cout << piece << std::flush;
                                                 });
    if (options.json) {
        printJson({{"model", options.model},
                   {"prompt", options.prompt},
                   {"text", result.text},
                   {"ids", result.ids},
                   {"prompt_tokens", result.promptTokens},
                   {"tokens", result.ids.size()},
                   {"end", nameOf(result.end)},
                   {"prompt_seconds", result.promptSeconds},
                   {"decode_seconds", result.decodeSeconds},
                   {"tokens_per_second", result.tokensPerSecond()}});
        return kExitDone;
    }
    std::cout << std::endl;
    std::fprintf(stderr, "(%zu tokens, %.1f tokens/s)\n", result.ids.size(), result.tokensPerSecond());
    return kExitDone;
}

}  // namespace

void addGenerateCommand(CLI::App& app, RunCommand& run) {
    CLI::App* command = app.add_subcommand("generate", "continue a text");
    const auto options = std::make_shared<GenerateOptions>();
    options->addTo(*command);
    command->add_option("--prompt", options->prompt, "the text to continue")->required();
    command->add_option("--max-tokens", options->maxTokens, "tokens to add at most")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    command->add_option("--temperature", options->sampler.temperature, "0: always the likeliest token")
        ->check(within(0, 100))
        ->capture_default_str();
    command->add_option("--top-k", options->sampler.topK, "choose among the k likeliest; 0: all")
        ->check(CLI::Range(0, 1 << 24))
        ->capture_default_str();
    command->add_option("--top-p", options->sampler.topP, "choose among the likeliest that together reach p")
        ->check(within(0, 1))
        ->capture_default_str();
    command
        ->add_option("--min-p", options->sampler.minP, "leave out what is less likely than this share of the likeliest")
        ->check(within(0, 1))
        ->capture_default_str();
    command->add_option("--seed", options->sampler.seed, "of the random choice")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command->callback(
        [&run, options] { run = [options](JobControl& control) { return generate(*options, control); }; });
}

}  // namespace gptq
