// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// UTF-8 (RFC 3629): shortest forms only, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace gptq {

// Offset of the first byte that belongs to no valid character; nothing where the text is valid.
std::optional<std::size_t> firstInvalidUtf8(std::string_view text);
// Length of the longest prefix that does not end inside a character.
std::size_t completeUtf8Prefix(std::string_view text);

}  // namespace gptq
