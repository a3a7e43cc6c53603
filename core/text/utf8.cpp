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

std::string withReplacements(std::string text, Replacement replacement) {
    std::string valid;
    std::string_view rest = text;
    for (;;) {
        const auto invalid = firstInvalidUtf8(rest);
        if (!invalid && rest.size() == text.size()) return text;
        valid += rest.substr(0, invalid.value_or(rest.size()));
        if (!invalid) return valid;
        rest.remove_prefix(*invalid);
        const std::size_t piece = validBytes(rest, characterFrom(static_cast<unsigned char>(rest[0])));
        rest.remove_prefix(replacement == Replacement::EachPiece && piece > 0 ? piece : 1);
        valid += "\xef\xbf\xbd";
    }
}

CodePoint codePointAt(std::string_view text, std::size_t at) {
    const auto byte = [text, at](std::size_t i) {
        return static_cast<char32_t>(static_cast<unsigned char>(text[at + i]));
    };
    const char32_t lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    if (lead < 0xe0) return {(lead & 0x1f) << 6 | (byte(1) & 0x3f), 2};
    if (lead < 0xf0) return {(lead & 0xf) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
    return {(lead & 7) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f), 4};
}

CodePoint codePointBefore(std::string_view text, std::size_t at) {
    do --at;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
    return codePointAt(text, at);
}

void appendUtf8(std::string& text, char32_t value) {
    const auto put = [&text](char32_t byte) { text += static_cast<char>(byte); };
    const auto putTail = [&put, value](int shift) { put(0x80 | (value >> shift & 0x3f)); };
    if (value < 0x80) return put(value);
    if (value < 0x800) {
        put(0xc0 | value >> 6);
    } else if (value < 0x10000) {
        put(0xe0 | value >> 12);
        putTail(6);
    } else {
        put(0xf0 | value >> 18);
        putTail(12);
        putTail(6);
    }
    putTail(0);
}

bool isWhiteSpace(char32_t value) {
    return (value >= 0x09 && value <= 0x0d) || value == 0x20 || value == 0x85 || value == 0xa0 || value == 0x1680 ||
           (value >= 0x2000 && value <= 0x200a) || value == 0x2028 || value == 0x2029 || value == 0x202f ||
           value == 0x205f || value == 0x3000;
}

}  // namespace gptq
