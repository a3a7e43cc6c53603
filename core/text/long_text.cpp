// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/long_text.h"

#include <algorithm>

namespace gptq {

namespace {

bool isInsideCharacter(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

}  // namespace

std::size_t firstPiece(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text.size();
    const std::string_view head = text.substr(0, most);
    for (const std::string_view end : {"\n\n", "\n"}) {
        if (const auto at = head.rfind(end); at != std::string_view::npos) return at + end.size();
    }
    if (const auto at = head.rfind(' '); at != std::string_view::npos && at > 0) return at;
    std::size_t bytes = most;
    while (bytes > 0 && isInsideCharacter(text[bytes])) --bytes;
    if (bytes > 0) return bytes;
    bytes = std::max<std::size_t>(most, 1);  // one character is longer than `most`
    while (bytes < text.size() && isInsideCharacter(text[bytes])) ++bytes;
    return bytes;
}

std::vector<TokenId> encodeLongText(const Tokenizer& tokenizer, std::string_view text, const LongTextOptions& options) {
    std::vector<TokenId> ids;
    while (!text.empty() && ids.size() < options.enoughIds) {
        if (options.beforePiece) options.beforePiece();
        const std::size_t bytes = firstPiece(text, options.pieceBytes);
        const std::vector<TokenId> piece = tokenizer.encode(text.substr(0, bytes));
        ids.insert(ids.end(), piece.begin(), piece.end());
        text.remove_prefix(bytes);
    }
    return ids;
}

}  // namespace gptq
