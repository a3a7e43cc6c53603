// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/utf8.h"

#include <algorithm>

namespace gptq {

namespace {

struct Character {
    std::size_t length;  // of the whole character; 0 where no character begins so
    unsigned char low;   // bounds of its second byte (RFC 3629, section 4)
    unsigned char high;
};

Character characterFrom(unsigned char lead) {
    if (lead < 0x80) return {1, 0, 0};
    if (lead < 0xc2) return {0, 0, 0};
    if (lead < 0xe0) return {2, 0x80, 0xbf};
    if (lead == 0xe0) return {3, 0xa0, 0xbf};
    if (lead == 0xed) return {3, 0x80, 0x9f};
    if (lead < 0xf0) return {3, 0x80, 0xbf};
    if (lead == 0xf0) return {4, 0x90, 0xbf};
    if (lead < 0xf4) return {4, 0x80, 0xbf};
    if (lead == 0xf4) return {4, 0x80, 0x8f};
    return {0, 0, 0};
}

// Bytes of the character at the text's begin that are there and valid: all of it, a part of it, or none.
std::size_t validBytes(std::string_view text, const Character& character) {
    std::size_t count = character.length == 0 ? 0 : 1;
    for (; count < character.length && count < text.size(); ++count) {
        const auto byte = static_cast<unsigned char>(text[count]);
        if (byte < (count == 1 ? character.low : 0x80) || byte > (count == 1 ? character.high : 0xbf)) break;
    }
    return count;
}

}  // namespace

std::optional<std::size_t> firstInvalidUtf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const Character character = characterFrom(static_cast<unsigned char>(text[at]));
        if (character.length == 0 || validBytes(text.substr(at), character) < character.length) return at;
        at += character.length;
    }
    return std::nullopt;
}

std::size_t completeUtf8Prefix(std::string_view text) {
    // An unfinished character is at most three bytes, all valid as far as they go.
    for (std::size_t tail = 1; tail <= std::min<std::size_t>(3, text.size()); ++tail) {
        const std::string_view end = text.substr(text.size() - tail);
        const Character character = characterFrom(static_cast<unsigned char>(end[0]));
        if (character.length > tail && validBytes(end, character) == tail) return text.size() - tail;
    }
    return text.size();
}

}  // namespace gptq
