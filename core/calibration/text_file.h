// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Texts for calibration and evaluation.
#pragma once

#include <filesystem>
#include <string>

namespace gptq {

// A UTF-8 text file, whole. By its name: .jsonl and .json hold records, one a line or in one list, each with a `text` or with
// `messages` of a `role` and a `content`; their texts are joined by empty lines. Anything else is the text itself (.txt, .md).
// Behind any of these, .gz means compressed. Throws Error with the file, the line and the cause where it is empty, too large,
// damaged, not UTF-8, or where a record holds no text.
std::string readText(const std::filesystem::path& path);

}  // namespace gptq
