// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// gptq: everything the window can do, from the command line, without Qt.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/commands/command.h"
#include "app/commands/interrupts.h"
#include "kernels/error.h"

namespace {

int runCommand(const gptq::RunCommand& run) {
    gptq::JobControl control;
    try {
        const gptq::Interrupts interrupts([&control] { control.requestStop(); });
        return run(control);
    } catch (const gptq::Stopped&) {
        std::cerr << "gptq: interrupted\n";
        return gptq::kExitInterrupted;
    } catch (const std::bad_alloc&) {
        std::cerr << "gptq: the computer has no memory left; close other programs or use shorter sequences\n";
    } catch (const std::exception& error) {
        std::cerr << "gptq: " << error.what() << '\n';
    }
    return gptq::kExitFailed;
}

// A result that could not be written is no success. Nobody reads where a pipe's other end has gone; nobody wants to where standard
// output was closed.
bool isOutputLost() {
    std::cout.flush();
    struct stat output {};
    return !std::cout && fstat(STDOUT_FILENO, &output) == 0 && !S_ISFIFO(output.st_mode) && !S_ISSOCK(output.st_mode);
}

// What stands where a command must, if it is none; CLI11 would not name it.
std::optional<std::string_view> wrongCommand(const CLI::App& app, int argc, char** argv) {
    const std::string word = argc > 1 ? argv[1] : "";
    const auto commands = app.get_subcommands([&word](const CLI::App* command) { return command->check_name(word); });
    if (!commands.empty() || app.get_option_no_throw(word)) return std::nullopt;
    return argc > 1 ? argv[1] : "";
}

int refuseCommand(const CLI::App& app, std::string_view word) {
    std::cerr << "gptq: ";
    if (word.empty()) {
        std::cerr << "a command is missing";
    } else {
        std::cerr << "there is no command '" << word << '\'';
    }
    std::cerr << ". Commands:";
    const char* before = " ";
    for (const CLI::App* command : app.get_subcommands({}))
        std::cerr << std::exchange(before, ", ") << command->get_name();
    std::cerr << ". 'gptq COMMAND --help' says what each takes\n";
    return gptq::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is an error to report, not an end without a word
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("Quantizes large language models with GPTQ, measures what was lost, and runs the result.", "gptq");
    app.set_version_flag("--version", GPTQ_STUDIO_VERSION);
    app.require_subcommand(1);
    gptq::RunCommand run;
    gptq::addDevicesCommand(app, run);
    gptq::addInspectCommand(app, run);
    gptq::addQuantizeCommand(app, run);
    gptq::addEvalCommand(app, run);
    gptq::addGenerateCommand(app, run);
    gptq::addBenchCommand(app, run);
    if (const auto word = wrongCommand(app, argc, argv)) return refuseCommand(app, *word);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? gptq::kExitDone : gptq::kExitUsage;
    }
    const int status = runCommand(run);
    if (status != gptq::kExitDone || !isOutputLost()) return status;
    std::cerr << "gptq: the result could not be written to standard output; is the disk full?\n";
    return gptq::kExitFailed;
}
