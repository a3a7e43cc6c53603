// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {

namespace {

bool isAscii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

utf8proc_propval_t combiningClass(char32_t c) {
    return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

// Canonical order of long runs of combining marks: utf8proc sorts them too, but in quadratic time.
std::string withSortedMarks(std::string_view text) {
    constexpr std::size_t kLongRun = 32;
    std::string result;
    std::vector<char32_t> marks;
    const auto putMarks = [&] {
        if (marks.size() > kLongRun) {
            std::stable_sort(marks.begin(), marks.end(),
                             [](char32_t a, char32_t b) { return combiningClass(a) < combiningClass(b); });
        }
        for (const char32_t mark : marks) appendUtf8(result, mark);
        marks.clear();
    };
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint character = codePointAt(text, at);
        at += character.bytes;
        if (combiningClass(character.value) != 0) {
            marks.push_back(character.value);
        } else {
            putMarks();
            appendUtf8(result, character.value);
        }
    }
    putMarks();
    return result;
}

void appendComposed(std::string& result, std::string_view part) {
    const std::string sorted = withSortedMarks(part);
    utf8proc_uint8_t* composed = nullptr;
    const utf8proc_ssize_t length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(sorted.data()),
                                                 static_cast<utf8proc_ssize_t>(sorted.size()), &composed,
                                                 static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, &std::free);
    if (length < 0) throw Error("a text cannot be normalized (NFC): ", utf8proc_errmsg(length));
    result.append(reinterpret_cast<const char*>(composed), static_cast<std::size_t>(length));
}

std::string apply(const PrependNormalizer& step, std::string_view text) {
    return text.empty() ? std::string() : std::string(step.content) += text;
}
std::string apply(const ReplaceNormalizer& step, std::string_view text) {
    return replaced(text, step.from, step.to);
}
std::string apply(const NfcNormalizer&, std::string_view text) {
    return composed(text);
}

}  // namespace

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
    std::string result;
    result.reserve(text.size() + text.size() / 4);
    std::size_t at = 0;
    for (;;) {
        const std::size_t found = text.find(from, at);
        result += text.substr(at, found - at);  // to the end where there is none
        if (found == std::string_view::npos) return result;
        result += to;
        at = found + from.size();
    }
}

// ASCII stays as it is, but for a character that marks follow.
std::string composed(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto rest = text.begin() + static_cast<std::ptrdiff_t>(at);
        const auto other = static_cast<std::size_t>(std::find_if_not(rest, text.end(), isAscii) - text.begin());
        if (other == text.size()) return result += text.substr(at);
        const std::size_t begin = other > at ? other - 1 : other;
        const auto end = static_cast<std::size_t>(
            std::find_if(text.begin() + static_cast<std::ptrdiff_t>(other), text.end(), isAscii) - text.begin());
        result += text.substr(at, begin - at);
        appendComposed(result, text.substr(begin, end - begin));
        at = end;
    }
    return result;
}

std::string BpeNormalizer::apply(std::string_view text) const {
    std::string result(text);
    for (const NormalizerStep& step : m_steps) {
        result = std::visit([&result](const auto& kind) { return gptq::apply(kind, result); }, step);
    }
    return result;
}

}  // namespace gptq
