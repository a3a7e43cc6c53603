// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cstdio>

#include "app/commands/bench_report.h"
#include "core/checkpoint/synthetic_model.h"
#include "kernels/error.h"

namespace gptq {
namespace {

int bench(const BenchOptions& options, JobControl& control) {
    const auto backend = openDevice(options.device.empty() ? std::nullopt : std::optional(parseDevice(options.device)));
    if (options.kind == "kernels") return benchKernels(options, *backend, control);
    if (options.kind == "decode") return benchDecode(options, *backend, control);
    return benchPrefill(options, *backend, control);
}

std::string cellText(const Json& cell) {
    if (cell.is_string()) return cell.get<std::string>();
    if (cell.is_null()) return "";
    if (cell.is_number_integer()) return std::to_string(cell.get<std::int64_t>());
    char buffer[32];
    const double value = cell.get<double>();
    std::snprintf(buffer, sizeof buffer,
                  value != 0 && (value < 0.001 || value >= 1e6) ? "%.2e"
                  : value < 10                                  ? "%.3f"
                                                                : "%.1f",
                  value);
    return buffer;
}

// Texts begin below each other, numbers end so.
std::string aligned(const std::string& text, std::size_t width, bool left) {
    const std::string padding(width - std::min(width, text.size()), ' ');
    return (left ? text + padding : padding + text) + "  ";
}

}  // namespace

void BenchReport::heading(const Json& values) {
    if (m_json) return printJson(values);
    for (const auto& [key, value] : values.items()) std::printf("%s: %s\n", key.c_str(), cellText(value).c_str());
    std::printf("\n");
}

void BenchReport::row(const Json& cells) {
    if (m_json) return printJson(cells);
    std::string titles, line;
    const bool first = m_widths.empty();
    std::size_t column = 0;
    for (const auto& [key, value] : cells.items()) {
        const std::string text = cellText(value);
        if (first) m_widths.push_back(std::max({key.size(), text.size(), std::size_t{9}}));
        const std::size_t width = m_widths[column++];
        titles += aligned(key, width, value.is_string());
        line += aligned(text, width, value.is_string());
    }
    if (first) std::printf("%s\n", titles.c_str());
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void addBenchCommand(CLI::App& app, RunCommand& run) {
    CLI::App* command =
        app.add_subcommand("bench", "measure kernels, decoding and prefill on models of well-known shapes");
    const auto options = std::make_shared<BenchOptions>();
    command->add_option("WHAT", options->kind, "what to measure")
        ->required()
        ->check(CLI::IsMember({"kernels", "decode", "prefill"}));
    command->add_option("--shape", options->shape, "a model's shape; ':4' after it takes its first four blocks")
        ->check(accepts([](const std::string& name) { syntheticModel(name, std::nullopt); }, "SHAPE"))
        ->capture_default_str();
    command->add_option("--bits", options->scheme.bits, "bits of a weight")
        ->check(CLI::IsMember(supportedBits()))
        ->capture_default_str();
    command->add_option("--group-size", options->scheme.groupSize, "columns that share a scale")
        ->check(accepts(
            [](const std::string& value) {
                checkScheme({4, std::atoll(value.c_str()), true});
            },
            "INT"))
        ->capture_default_str();
    command->add_flag("--asym", options->asymmetric, "a zero for each group");
    command->add_option("--tokens", options->tokens, "tokens of products, contexts or prompts, as 1,16,64")
        ->delimiter(',')
        ->check(CLI::Range(0, 1 << 16));
    command->add_flag("--quick", options->quick, "fewer sizes");
    command->add_option("--device", options->device, "cuda:0, cpu, ... (default: the best there is)")
        ->check(accepts([](const std::string& name) { parseDevice(name); }, "DEVICE"));
    command->add_flag("--json", options->json, "print JSON, one object a line");
    command->callback([&run, options] {
        if (options->kind != "decode" && std::ranges::count(options->tokens, 0) > 0)
            throw CLI::ValidationError("--tokens", "0 is a context, of decode only");
        options->scheme.symmetric = !options->asymmetric;
        run = [options](JobControl& control) { return bench(*options, control); };
    });
}

}  // namespace gptq
