// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// UTF-8 (RFC 3629): shortest forms only, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gptq {

// Offset of the first byte that belongs to no valid character; nothing where the text is valid.
std::optional<std::size_t> firstInvalidUtf8(std::string_view text);
// The text with U+FFFD in place of what is no valid character: one for each byte, or one for each piece of a character that
// ends too early.
enum class Replacement : std::uint8_t { EachByte, EachPiece };
std::string withReplacements(std::string text, Replacement replacement);
// Length of the longest prefix that does not end inside a character.
std::size_t completeUtf8Prefix(std::string_view text);

struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 0;
};
// The character that begins at `at`, which lies inside the text; the text is valid.
CodePoint codePointAt(std::string_view text, std::size_t at);
// The one that ends before `at`, which is not 0.
CodePoint codePointBefore(std::string_view text, std::size_t at);
void appendUtf8(std::string& text, char32_t value);
// Unicode's property White_Space.
bool isWhiteSpace(char32_t value);

}  // namespace gptq
