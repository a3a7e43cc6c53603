// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstdio>
#include <iostream>

#include "app/commands/command.h"
#include "app/commands/progress_json.h"
#include "app/commands/progress_line.h"
#include "core/io/resources.h"
#include "core/quantization/job.h"
#include "kernels/error.h"

namespace gptq {
namespace {

struct QuantizeOptions : ModelOptions {
    QuantizationPlan plan;
    std::string calibration;
    std::string output;
    std::string format;
    bool symmetric = false;
    bool asymmetric = false;
    bool noFallback = false;
    std::vector<std::string> overrides;
    std::vector<std::string> exclusions;
    std::string shardSize = "4G";
    std::uint64_t shuffleSeed = 0;
};

class JsonSink final : public ProgressSink {
public:
    void receive(const ProgressEvent& event) override { printJson(toJson(event)); }
};

// One line that moves while the job runs; warnings stay.
class TerminalSink final : public ProgressSink {
public:
    void receive(const ProgressEvent& event) override {
        if (const auto* warning = std::get_if<Warning>(&event)) {
            m_line.clear();
            std::cerr << "warning: " << warning->text << '\n';
        } else if (const auto* phase = std::get_if<PhaseChanged>(&event)) {
            m_line.show(text(nameOf(phase->phase), " ..."));
        } else if (const auto* layer = std::get_if<LayerQuantized>(&event)) {
            m_layer = *layer;
        } else if (const auto* progress = std::get_if<StepProgress>(&event)) {
            show(*progress);
        } else if (std::holds_alternative<JobFinished>(event)) {
            m_line.clear();
        }
    }

private:
    void show(const StepProgress& progress) {
        char error[32];
        std::snprintf(error, sizeof error, "%.5f", m_layer.report.relativeError);
        const std::string left =
            m_layer.index < 2 || progress.secondsLeft < 0 ? "estimating" : secondsText(progress.secondsLeft) + " left";
        m_line.show(text(m_layer.index, "/", m_layer.modules, "  ", m_layer.report.name, "  error ", error, "  ",
                         secondsText(progress.seconds), ", ", left));
    }

    ProgressLine m_line;
    LayerQuantized m_layer;
};

void printTable(const JobFinished& result, const std::string& output) {
    std::printf("%-40s %12s %5s %6s %10s  %s\n", "layer", "size", "bits", "group", "rel. error", "");
    for (const ModuleReport& report : result.reports) {
        std::printf("%-40s %12s %5d %6lld %10.6f  %s\n", report.name.c_str(),
                    text(report.rows, "x", report.columns).c_str(), report.scheme.bits,
                    static_cast<long long>(report.scheme.groupSize), report.relativeError, nameOf(report.outcome));
    }
    for (const std::string& name : result.keptFloat) std::printf("%-40s stays float\n", name.c_str());
    std::printf("\nmean relative error %.6f, %.3f bits per weight, %s in %s\n%s\n", result.meanRelativeError,
                result.bitsPerWeight, bytesText(static_cast<double>(result.outputBytes)).c_str(),
                secondsText(result.seconds).c_str(), output.c_str());
}

void addOptions(CLI::App& command, QuantizeOptions& options) {
    QuantizationPlan& plan = options.plan;
    options.addTo(command);
    command.add_option("--calibration", options.calibration,
                       "a UTF-8 text to calibrate on (default for 'demo': its own)");
    command.add_option("--out", options.output, "the folder to write; it may not exist yet")->required();
    std::vector<std::string> methods, formats;
    for (const QuantizationMethod& method : quantizationMethods()) methods.emplace_back(method.name);
    for (const CheckpointFormat* format : checkpointFormats()) formats.emplace_back(format->name());
    command.add_option("--method", plan.method, "how codes are chosen")
        ->check(CLI::IsMember(methods))
        ->capture_default_str();
    command.add_option("--format", options.format, "the checkpoint's format (default: gptq; gptq-v2 with --asym)")
        ->check(CLI::IsMember(formats));
    command.add_option("--bits", plan.scheme.bits, "bits of a weight")
        ->check(CLI::IsMember(supportedBits()))
        ->capture_default_str();
    command
        .add_option("--group-size", plan.scheme.groupSize,
                    "columns that share a scale: a multiple of 8, or -1 for whole rows")
        ->check(accepts(
            [](const std::string& value) {
                checkScheme({4, std::atoll(value.c_str()), true});
            },
            "INT"))
        ->capture_default_str();
    auto* symmetric = command.add_flag("--sym", options.symmetric, "a zero in the middle (default)");
    command.add_flag("--asym", options.asymmetric, "a zero for each group")->excludes(symmetric);
    command.add_flag("--act-order", plan.options.actOrder,
                     "solve columns in the order of their activations, with static groups");
    command.add_option("--damp", plan.options.damping, "damping, a share of the Hessian's mean diagonal")
        ->check(within(0, 1))
        ->capture_default_str();
    command.add_option("--block-size", plan.options.blockSize, "columns solved at a time")
        ->check(CLI::Range(1, 65536))
        ->capture_default_str();
    command.add_option("--samples", plan.samples.samples, "windows of calibration text")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    command.add_option("--seq-len", plan.samples.sequenceLength, "tokens a window, at most the model's context")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    command.add_option("--shuffle", options.shuffleSeed, "draw the windows at random with this seed, not in order")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--shard-size", options.shardSize, "largest file of the checkpoint")
        ->check(accepts([](const std::string& size) { parseBytes(size); }, "SIZE"))
        ->capture_default_str();
    command
        .add_option("--override", options.overrides,
                    "REGEX=bits:3,group:64,sym:false for layers whose name has REGEX in it; may be repeated")
        ->check(accepts([](const std::string& text) { parseOverride(text); }, "RULE"))
        ->expected(1)
        ->take_all();
    command
        .add_option("--exclude", options.exclusions, "keep layers whose name has REGEX in it float; may be repeated")
        ->check(accepts([](const std::string& text) { Pattern{text}; }, "REGEX"))
        ->expected(1)
        ->take_all();
    command.add_flag("--no-fallback", options.noFallback, "stop where a layer would have to be rounded to nearest");
}

// What only shows when all options are known; a wrong command line still.
void completePlan(const CLI::App& command, QuantizeOptions& options) {
    QuantizationPlan& plan = options.plan;
    if (options.calibration.empty() && !options.isDemo()) throw CLI::RequiredError("--calibration");
    if (options.asymmetric && options.format == "gptq") {
        throw CLI::ValidationError(
            "--asym", "GPTQ v1 cannot hold a zero of 0, which asymmetric weights may need; use --format gptq-v2");
    }
    plan.scheme.symmetric = !options.asymmetric;
    plan.format = !options.format.empty() ? options.format : options.asymmetric ? "gptq-v2" : "gptq";
    for (const std::string& rule : options.overrides) plan.rules.overrides.push_back(parseOverride(rule));
    for (const std::string& pattern : options.exclusions) plan.rules.exclusions.emplace_back(pattern);
    plan.options.fallback = !options.noFallback;
    plan.shardBytes = parseBytes(options.shardSize);
    plan.output = options.output;
    if (command.count("--shuffle") > 0) plan.samples.shuffleSeed = options.shuffleSeed;
}

int quantize(QuantizeOptions& options, JobControl& control) {
    QuantizationPlan& plan = options.plan;
    plan.model = resolveModel(options.model);
    plan.calibration = options.calibration.empty() ? demoCalibrationText() : std::filesystem::path(options.calibration);
    const auto backend = options.openBackend();
    JsonSink json;
    TerminalSink terminal;
    ProgressSink& sink = options.json ? static_cast<ProgressSink&>(json) : terminal;
    const JobFinished result = runQuantization(*backend, plan, sink, control);
    if (result.stopped) {
        std::cerr << "gptq: interrupted; nothing was written to " << plan.output.string() << '\n';
        return kExitInterrupted;
    }
    if (!options.json) printTable(result, plan.output.string());
    return kExitDone;
}

}  // namespace

void addQuantizeCommand(CLI::App& app, RunCommand& run) {
    CLI::App* command = app.add_subcommand("quantize", "quantize a model and write a checkpoint");
    const auto options = std::make_shared<QuantizeOptions>();
    addOptions(*command, *options);
    command->callback([&run, command, options] {
        completePlan(*command, *options);
        run = [options](JobControl& control) { return quantize(*options, control); };
    });
}

}  // namespace gptq
