// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Texts for calibration and evaluation.
#pragma once

#include <filesystem>
#include <string>

namespace gptq {

// A UTF-8 text file, whole. Throws Error that says which byte is not UTF-8, or that the file is empty or too large.
std::string readText(const std::filesystem::path& path);

}  // namespace gptq
