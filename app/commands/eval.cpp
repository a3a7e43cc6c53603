// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstdio>

#include "app/commands/opened_model.h"
#include "app/commands/progress_line.h"
#include "core/calibration/text_file.h"
#include "core/evaluation/perplexity.h"
#include "core/io/resources.h"

namespace gptq {
namespace {

struct EvalOptions : ModelOptions {
    std::string textFile;
    std::int64_t sequenceLength = 2048;
};

int evaluate(const EvalOptions& options, JobControl& control) {
    const std::filesystem::path file =
        options.textFile.empty() ? demoHeldOutText() : std::filesystem::path(options.textFile);
    const std::string content = readText(file);
    const OpenedModel opened(options, control);
    LongTextOptions stoppable;
    stoppable.beforePiece = [&control] { control.checkpoint(); };
    const std::vector<TokenId> ids = evaluationIds(opened.tokenizer(), content, stoppable);
    ProgressLine line;
    const Perplexity result = measurePerplexity(
        opened.model(), ids, options.sequenceLength, file.string(), [&](const Perplexity& soFar, std::int64_t windows) {
            control.checkpoint();
            line.show(text("window ", soFar.windows, "/", windows, "  perplexity ", soFar.perplexity));
        });
    line.clear();
    if (options.json) {
        printJson({{"model", options.model},
                   {"text", file.string()},
                   {"perplexity", result.perplexity},
                   {"nll_sum", result.nllSum},
                   {"tokens", result.tokens},
                   {"windows", result.windows},
                   {"sequence_length", result.sequenceLength}});
    } else {
        std::printf("perplexity %.4f  (%lld tokens in %lld windows of %lld)\n", result.perplexity,
                    static_cast<long long>(result.tokens), static_cast<long long>(result.windows),
                    static_cast<long long>(result.sequenceLength));
    }
    return kExitDone;
}

}  // namespace

void addEvalCommand(CLI::App& app, RunCommand& run) {
    CLI::App* command = app.add_subcommand("eval", "measure a model's perplexity on a text");
    const auto options = std::make_shared<EvalOptions>();
    options->addTo(*command);
    command->add_option("--text", options->textFile, "a UTF-8 text (default for 'demo': its held-out book)");
    command->add_option("--seq-len", options->sequenceLength, "tokens a window, at most the model's context")
        ->check(CLI::Range(2, 1 << 20))
        ->capture_default_str();
    command->callback([&run, options] {
        if (options->textFile.empty() && !options->isDemo()) throw CLI::RequiredError("--text");
        run = [options](JobControl& control) { return evaluate(*options, control); };
    });
}

}  // namespace gptq
