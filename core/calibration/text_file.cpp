// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/calibration/text_file.h"

#include "core/io/byte_source.h"
#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {

constexpr std::uint64_t kTextLimit = std::uint64_t{1} << 30;

std::string readText(const std::filesystem::path& path) {
    std::string text = readWhole(path, kTextLimit);
    if (text.empty()) throw Error(path.string(), ": is empty. Name a text of at least a few thousand words");
    if (const auto bad = firstInvalidUtf8(text)) {
        throw Error(path.string(), ": byte ", *bad, " is not UTF-8. Save the text as UTF-8, or name another file");
    }
    return text;
}

}  // namespace gptq
