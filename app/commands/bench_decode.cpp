// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A whole model's decoding, batch 1: seconds a token at several lengths of context, held against the time its bytes take at the
// measured bandwidth. And prefill: tokens a second of a prompt.
#include <algorithm>
#include <cmath>

#include "app/commands/bench_report.h"
#include "core/architecture/model_layout.h"
#include "core/chat/text_generator.h"
#include "core/checkpoint/synthetic_model.h"
#include "core/estimate/bandwidth.h"
#include "core/quantization/stopwatch.h"
#include "kernels/error.h"

namespace gptq {
namespace {

constexpr std::int64_t kSteps = 64;
constexpr std::int64_t kTokensBeside = kSteps + 8;  // a context's

std::vector<TokenId> someTokens(std::int64_t count, std::int64_t vocabulary) {
    std::vector<TokenId> ids;
    for (std::int64_t i = 0; i < count; ++i) ids.push_back(static_cast<TokenId>((i * 7919 + 13) % vocabulary));
    return ids;
}

// What a decode step must read: weights of the blocks, the head, keys and values of the context.
double bytesOfStep(const Checkpoint& model, std::int64_t context) {
    const ModelConfig& config = model.config;
    double bytes = static_cast<double>(config.vocabulary * config.hidden) * 2;
    for (const LinearModule& module : blockLayout(config, model.names(), 0).modules()) {
        const auto weights = static_cast<double>(module.out * module.in) * static_cast<double>(config.layers);
        if (!model.scheme || !module.quantizable()) bytes += weights * 2;
        else
            bytes += weights * model.scheme->bits / 8 +
                     static_cast<double>(model.scheme->groups(module.in) * module.out * config.layers) *
                         (model.scheme->symmetric ? 2 : 3);
    }
    return bytes + static_cast<double>(context * config.layers * config.attention.spec.kvWidth()) * 4;
}

void decodeRow(const BenchOptions& options, const Checkpoint& model, const DecoderModel& decoder, std::int64_t context,
               double bandwidth, BenchReport& report) {
    DecodeSequence sequence(decoder, context + kTokensBeside);
    if (context > 0) sequence.advance(someTokens(context, model.config.vocabulary));
    else sequence.advance({17});
    // Every step takes the token that the step before it chose, as generation does.
    sequence.likeliest(model.config.vocabulary);
    for (int i = 0; i < 4; ++i) sequence.advanceByLikeliest();
    std::vector<double> steps;  // seconds from token to token, as a user has them
    double before = 0;
    const Stopwatch watch;
    for (std::int64_t i = 0; i < kSteps; ++i) {
        sequence.advanceByLikeliest();
        const double now = watch.seconds();
        steps.push_back(now - before);
        before = now;
    }
    std::sort(steps.begin(), steps.end());
    const double seconds = steps[steps.size() / 2], bytes = bytesOfStep(model, context);
    report.row({{"shape", options.shape},
                {"scheme", model.scheme ? nameOf(*model.scheme) : std::string(nameOf(decoder.activations()))},
                {"context", context},
                {"ms", seconds * 1e3},
                {"p95 ms", steps[steps.size() * 95 / 100] * 1e3},
                {"tok/s", 1 / seconds},
                {"mean tok/s", static_cast<double>(kSteps) / before},
                {"GB a step", bytes * 1e-9},
                {"bound tok/s", bandwidth / bytes},
                {"share", bytes / seconds / bandwidth}});
}

template <class Measure>
void forBoth(const BenchOptions& options, Backend& backend, JobControl& control, const Measure& measure) {
    for (const bool quantized : {true, false}) {
        const Checkpoint model =
            syntheticModel(options.shape, quantized ? std::optional(options.scheme) : std::nullopt);
        const double needed = static_cast<double>(parameterCount(model.config, model.names())) * 2;
        const auto free = static_cast<double>(backend.memory().free);
        if (!quantized && free > 0 && needed > 0.9 * free) return;  // the float model does not fit
        const DecoderModel decoder(backend, model, [&control] { control.checkpoint(); });
        measure(model, decoder);
    }
}

// Of the usual lengths those that the model's context does not hold are left out; others are refused.
void checkLengths(const BenchOptions& options, std::int64_t tokensBeside) {
    const std::int64_t context = syntheticModel(options.shape, std::nullopt).config.context;
    for (const std::int64_t tokens : options.tokens) {
        if (tokens + tokensBeside > context)
            throw Error("--tokens: ", options.shape, " has a context of ", context, " tokens, and ",
                        tokens + tokensBeside, " are needed; ask for fewer");
    }
}

}  // namespace

int benchDecode(const BenchOptions& options, Backend& backend, JobControl& control) {
    checkLengths(options, kTokensBeside);
    const double bandwidth = measureCopyBandwidth(backend);
    BenchReport(options.json)
        .heading({{"bench", "decode"}, {"device", nameOf(backend.device())}, {"copy GB/s", bandwidth * 1e-9}});
    BenchReport report(options.json);
    forBoth(options, backend, control, [&](const Checkpoint& model, const DecoderModel& decoder) {
        for (const std::int64_t context : options.tokensOr({0, 2048, 8000}, {0})) {
            if (context + kTokensBeside <= model.config.context)
                decodeRow(options, model, decoder, context, bandwidth, report);
        }
    });
    return kExitDone;
}

int benchPrefill(const BenchOptions& options, Backend& backend, JobControl& control) {
    checkLengths(options, 0);
    BenchReport(options.json).heading({{"bench", "prefill"}, {"device", nameOf(backend.device())}});
    BenchReport report(options.json);
    forBoth(options, backend, control, [&](const Checkpoint& model, const DecoderModel& decoder) {
        for (const std::int64_t tokens : options.tokensOr({128, 512, 2048}, {512})) {
            if (tokens > model.config.context) continue;
            Workspace workspace(backend, model.config, decoder.activations(), tokens);
            KvCache cache(backend, model.config, decoder.activations(), 1, tokens, KvLayers::Each);
            const std::vector<TokenId> ids = someTokens(tokens, model.config.vocabulary);
            const Tensor onDevice = backend.upload(hostView(ids.data(), {tokens}), DType::Int32);
            Tensor past = backend.allocate(DType::Int32, {1}),
                   logits = backend.allocate(DType::Float32, {1, model.config.vocabulary});
            backend.fillZero(past.view());
            BlockState state = workspace.state(tokens);
            state.batch = {1, tokens, past.view(), 0};
            const Timing timing = measure(backend, options.quick ? 5 : 10, [&] {
                decoder.forward(onDevice.view(), state, cache);
                decoder.logits(state.residual.rowRange(tokens - 1, 1), state.normed, logits.view());
            });
            report.row(
                {{"shape", options.shape},
                 {"scheme", model.scheme ? nameOf(*model.scheme) : std::string(nameOf(decoder.activations()))},
                 {"tokens", tokens},
                 {"ms", timing.median * 1e3},
                 {"tok/s", static_cast<double>(tokens) / timing.median},
                 {"TFLOP/s", 2e-12 * static_cast<double>(tokens) *
                                 static_cast<double>(parameterCount(model.config, model.names())) / timing.median}});
        }
    });
    return kExitDone;
}

}  // namespace gptq
