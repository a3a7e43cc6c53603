// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What ships with the program: the demo model and its texts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace gptq {

// Beside the programs (../share/gptq-studio, in a build folder as well as installed), or where the environment variable
// GPTQ_STUDIO_RESOURCES points; nothing where they are not installed.
std::optional<std::filesystem::path> findResources();
std::filesystem::path resourceFolder();  // the same; throws Error that lists where it looked

inline constexpr const char* kDemoName = "demo";

// A model as users name it: a folder, or "demo".
std::filesystem::path resolveModel(const std::string& name);
std::filesystem::path demoCalibrationText();
std::filesystem::path demoHeldOutText();
std::filesystem::path generalCalibrationText();  // for any model: prose in several languages, and code

}  // namespace gptq
