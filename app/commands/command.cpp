// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/commands/command.h"

#include <cctype>
#include <cstdio>
#include <iostream>

#include "core/io/resources.h"
#include "kernels/error.h"

namespace gptq {

void ModelOptions::addTo(CLI::App& command) {
    command.add_option("MODEL", model, "a model folder, one of our checkpoints, or 'demo'")->required();
    command.add_option("--device", device, "cuda:0, cpu, ... (default: the best there is)")
        ->check(accepts([](const std::string& name) { parseDevice(name); }, "DEVICE"));
    command.add_option("--vram", vram, "most memory of the GPU to take, such as 8G (default: all of it)")
        ->check(accepts([](const std::string& size) { parseBytes(size); }, "SIZE"));
    command.add_flag("--json", json, "print JSON");
}

std::unique_ptr<Backend> ModelOptions::openBackend() const {
    DeviceOptions options;
    if (!vram.empty()) options.vramBytes = parseBytes(vram);
    return openDevice(device.empty() ? std::nullopt : std::optional(parseDevice(device)), options);
}

bool ModelOptions::isDemo() const {
    return model == kDemoName;
}

std::uint64_t parseBytes(const std::string& text) {
    std::size_t used = 0;
    double value = -1;
    try {
        value = std::stod(text, &used);
    } catch (const std::exception&) {
        used = 0;
    }
    static const std::string units = "KMGT";
    std::uint64_t unit = 1;
    if (used > 0 && used + 1 == text.size()) {
        const auto at = units.find(static_cast<char>(std::toupper(static_cast<unsigned char>(text[used]))));
        if (at != std::string::npos) {
            unit = std::uint64_t{1} << (10 * (at + 1));
            ++used;
        }
    }
    if (used == 0 || used != text.size() || !(value > 0) || value * static_cast<double>(unit) > 0x1p60) {
        throw Error("'", text, "' is not a size; write 4G, 500M or a number of bytes");
    }
    return static_cast<std::uint64_t>(value * static_cast<double>(unit));
}

CLI::Validator accepts(const std::function<void(const std::string&)>& check, const std::string& name) {
    return CLI::Validator(
        [check](std::string& value) -> std::string {
            try {
                check(value);
                return {};
            } catch (const Error& error) {
                return error.what();
            }
        },
        name);
}

CLI::Validator within(double least, double most) {
    return accepts(
        [least, most](const std::string& value) {
            double number = 0;
            if (!CLI::detail::lexical_cast(value, number) || !(number >= least && number <= most))
                throw Error("'", value, "' is not a number from ", least, " to ", most);
        },
        text("FLOAT in [", least, " - ", most, "]"));
}

void printJson(const Json& json) {
    // Paths may hold bytes that are not UTF-8; JSON may not.
    std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
}

std::string bytesText(double bytes) {
    const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    for (; bytes >= 1024 && unit < 4; ++unit) bytes /= 1024;
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return buffer;
}

std::string secondsText(double seconds) {
    const auto whole = static_cast<long long>(seconds + 0.5);
    char buffer[32];
    if (whole < 3600) std::snprintf(buffer, sizeof buffer, "%lld:%02lld", whole / 60, whole % 60);
    else std::snprintf(buffer, sizeof buffer, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    return buffer;
}

}  // namespace gptq
