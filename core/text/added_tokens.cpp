// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "core/text/utf8.h"

namespace gptq {

namespace {

// A character of words as regular expressions have it (UTS #18, \w).
bool isWordCharacter(char32_t c) {
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ME:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_PC: return true;
        default: break;
    }
    const bool isLetterInCircle = (c >= 0x24b6 && c <= 0x24e9) || (c >= 0x1f130 && c <= 0x1f149) ||
                                  (c >= 0x1f150 && c <= 0x1f169) || (c >= 0x1f170 && c <= 0x1f189);
    return isLetterInCircle || c == 0x200c || c == 0x200d;  // the joiners
}

bool standsAlone(std::string_view text, std::size_t begin, std::size_t end) {
    const bool wordBefore = begin > 0 && isWordCharacter(codePointBefore(text, begin).value);
    const bool wordAfter = end < text.size() && isWordCharacter(codePointAt(text, end).value);
    return !wordBefore && !wordAfter;
}

std::size_t beginOfSpaceBefore(std::string_view text, std::size_t at, std::size_t least) {
    while (at > least) {
        const CodePoint character = codePointBefore(text, at);
        if (!isWhiteSpace(character.value)) break;
        at -= character.bytes;
    }
    return at;
}

std::size_t endOfSpaceAfter(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        const CodePoint character = codePointAt(text, at);
        if (!isWhiteSpace(character.value)) break;
        at += character.bytes;
    }
    return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : m_tokens(std::move(tokens)) {
    std::sort(m_tokens.begin(), m_tokens.end(),
              [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
    for (const AddedToken& token : m_tokens) m_begins[static_cast<unsigned char>(token.content[0])] = true;
}

// Narrows the sorted tokens down to those that go on as the text does, byte by byte.
const AddedToken* AddedTokens::longestAt(std::string_view text) const {
    struct AtDepth {
        std::size_t depth;
        bool operator()(const AddedToken& token, unsigned char byte) const { return byteOf(token) < byte; }
        bool operator()(unsigned char byte, const AddedToken& token) const { return byte < byteOf(token); }
        int byteOf(const AddedToken& token) const {
            return depth < token.content.size() ? static_cast<unsigned char>(token.content[depth]) : -1;
        }
    };
    const AddedToken* longest = nullptr;
    auto first = m_tokens.begin();
    auto last = m_tokens.end();
    for (std::size_t depth = 0; depth < text.size() && first != last; ++depth) {
        std::tie(first, last) = std::equal_range(first, last, static_cast<unsigned char>(text[depth]), AtDepth{depth});
        if (first != last && first->content.size() == depth + 1) longest = &*first;
    }
    return longest;
}

void AddedTokens::split(std::string_view text, SpecialTokens special, const Sink& sink) const {
    std::size_t done = 0;  // the text before it went to the sink
    for (std::size_t at = 0; !m_tokens.empty() && at < text.size();) {
        if (!m_begins[static_cast<unsigned char>(text[at])]) {
            ++at;
            continue;
        }
        const AddedToken* token = longestAt(text.substr(at));
        if (token == nullptr) {
            ++at;
            continue;
        }
        std::size_t begin = at;
        std::size_t end = at += token->content.size();
        if (token->isSpecial && special == SpecialTokens::AsText) continue;
        if (token->singleWord && !standsAlone(text, begin, end)) continue;
        if (token->takesSpaceBefore) begin = beginOfSpaceBefore(text, begin, std::min(done, begin));
        if (token->takesSpaceAfter) end = endOfSpaceAfter(text, end);
        if (done < begin) sink(text.substr(done, begin - done), std::nullopt);
        sink(text.substr(begin, end - begin), token->id);
        done = end;
    }
    if (done < text.size()) sink(text.substr(done), std::nullopt);
}

}  // namespace gptq
