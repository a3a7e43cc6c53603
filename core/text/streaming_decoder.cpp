// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/text/tokenizer.h"
#include "core/text/utf8.h"

namespace gptq {

namespace {

constexpr std::size_t kLongTail = 64;  // ids; then the tail is cut to kShortTail, or twice, four times ... as much
constexpr std::size_t kShortTail = 16;

bool endsWith(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The part of a text that later tokens cannot change. A tokenizer shows the bytes of an unfinished character as they are
// or as U+FFFD, one each; a character has at most four bytes, so at most three of them are unfinished.
std::size_t certainBytes(std::string_view text) {
    constexpr std::string_view kReplacement = "\xef\xbf\xbd";
    std::size_t certain = completeUtf8Prefix(text);
    if (certain < text.size()) return certain;
    for (int i = 0; i < 3 && endsWith(text.substr(0, certain), kReplacement); ++i) certain -= kReplacement.size();
    return certain;
}

}  // namespace

StreamingDecoder::StreamingDecoder(const Tokenizer& tokenizer, std::vector<TokenId> context)
    : m_tokenizer(tokenizer), m_ids(std::move(context)) {
    const std::string text = m_tokenizer.decode(m_ids);
    m_shown = text;
    shorten(text);
}

std::string StreamingDecoder::push(TokenId id) {
    m_ids.push_back(id);
    return take(Take::WhatIsCertain);
}

std::string StreamingDecoder::finish() {
    return take(Take::Everything);
}

std::string StreamingDecoder::take(Take what) {
    const std::string text = m_tokenizer.decode(m_ids);
    const std::size_t end = what == Take::Everything ? text.size() : certainBytes(text);
    if (!std::string_view(text).starts_with(m_shown)) {
        // The context ended inside a character, which is now complete.
        const auto difference = std::mismatch(m_shown.begin(), m_shown.end(), text.begin(), text.end()).first;
        m_shown.erase(difference, m_shown.end());
        m_shown.resize(completeUtf8Prefix(m_shown));
    }
    if (end <= m_shown.size()) return {};
    std::string fresh = text.substr(m_shown.size(), end - m_shown.size());
    m_shown += fresh;
    if (m_ids.size() > kLongTail) shorten(text);
    return fresh;
}

// Forgets the first ids where the rest alone decodes to the end of the same text. Some text of the rest must be shown
// already: then the rest holds all bytes of an unfinished character, and its first piece has had its space removed or not.
void StreamingDecoder::shorten(const std::string& text) {
    const std::size_t held = text.size() - m_shown.size();
    for (std::size_t count = kShortTail; count < m_ids.size(); count *= 2) {
        std::vector<TokenId> tail(m_ids.end() - static_cast<std::ptrdiff_t>(count), m_ids.end());
        std::string tailText = m_tokenizer.decode(tail);
        if (tailText.size() > held && endsWith(text, tailText)) {
            tailText.resize(tailText.size() - held);
            m_shown = std::move(tailText);
            m_ids = std::move(tail);
            return;
        }
    }
}

}  // namespace gptq
