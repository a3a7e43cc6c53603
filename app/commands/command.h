// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the commands of the command line share: how they are added, how a model is named, how results leave.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/io/json.h"
#include "core/quantization/job_control.h"
#include "kernels/devices.h"

namespace gptq {

// A parsed command line ends in one of these; the number is the exit status.
using RunCommand = std::function<int(JobControl& control)>;

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

// Each adds its subcommand; parsing it sets `run`.
void addDevicesCommand(CLI::App& app, RunCommand& run);
void addInspectCommand(CLI::App& app, RunCommand& run);
void addQuantizeCommand(CLI::App& app, RunCommand& run);
void addEvalCommand(CLI::App& app, RunCommand& run);
void addGenerateCommand(CLI::App& app, RunCommand& run);
void addBenchCommand(CLI::App& app, RunCommand& run);

// Options of every command that opens a model.
struct ModelOptions {
    std::string model;
    std::string device;  // empty: the best there is
    std::string vram;    // that a GPU may give; empty: all
    bool json = false;

    void addTo(CLI::App& command);
    std::unique_ptr<Backend> openBackend() const;
    bool isDemo() const;
};

// A size as "4G", "500M", "64K" or bytes; G is 2^30.
std::uint64_t parseBytes(const std::string& text);
// A validator for CLI11 from a function that throws Error.
CLI::Validator accepts(const std::function<void(const std::string&)>& check, const std::string& name);
// A finite number of the range; CLI::Range lets NaN through.
CLI::Validator within(double least, double most);

void printJson(const Json& json);         // one line on standard output
std::string bytesText(double bytes);      // "1.5 GiB"
std::string secondsText(double seconds);  // "1:05"

}  // namespace gptq
