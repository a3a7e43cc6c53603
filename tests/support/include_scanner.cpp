// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/include_scanner.h"

#include <algorithm>
#include <optional>

namespace gptq::test {
namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool takePrefix(std::string_view& text, std::string_view prefix) {
    if (text.substr(0, prefix.size()) != prefix) return false;
    text = trimmed(text.substr(prefix.size()));
    return true;
}

// Where the string literal that begins at `begin` ends: behind its closing mark, or at the line's end.
std::size_t endOfString(std::string_view source, std::size_t begin) {
    std::size_t at = begin + 1;
    while (at < source.size() && source[at] != '"' && source[at] != '\n') at += source[at] == '\\' ? 2 : 1;
    return std::min(at + 1, source.size());
}

// The same for a raw one, R"mark( ... )mark", whose quotation mark is at `begin`.
std::size_t endOfRawString(std::string_view source, std::size_t begin) {
    const std::size_t open = std::min(source.find('(', begin), source.size());
    const std::string closing = ")" + std::string(source.substr(begin + 1, open - begin - 1)) + '"';
    const std::size_t close = source.find(closing, open);
    return close == std::string_view::npos ? source.size() : close + closing.size();
}

void blank(std::string& text, std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) text[at] = text[at] == '\n' ? '\n' : ' ';
}

// The text with every comment and raw string turned into spaces; line breaks stay.
std::string withoutComments(std::string_view source) {
    std::string text(source);
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = std::string_view(text).substr(at);
        std::size_t end = at + 1;
        if (rest.substr(0, 2) == "//") {
            end = std::min(text.find('\n', at), text.size());
            blank(text, at, end);
        } else if (rest.substr(0, 2) == "/*") {
            const std::size_t close = text.find("*/", at + 2);
            end = close == std::string::npos ? text.size() : close + 2;
            blank(text, at, end);
        } else if (rest.substr(0, 3) == "'\"'") {
            end = at + 3;
        } else if (rest.substr(0, 2) == "R\"") {
            end = endOfRawString(text, at + 1);
            blank(text, at, end);
        } else if (rest[0] == '"') {
            end = endOfString(text, at);
        }
        at = end;
    }
    return text;
}

std::optional<IncludeLine> includeOf(std::string_view directive, int line) {
    std::string_view rest = trimmed(directive);
    if (!takePrefix(rest, "#")) return std::nullopt;
    if (!takePrefix(rest, "include_next") && !takePrefix(rest, "include") && !takePrefix(rest, "import")) {
        return std::nullopt;
    }
    const bool quoted = !rest.empty() && rest[0] == '"';
    const bool angle = !rest.empty() && rest[0] == '<';
    const std::size_t close = quoted ? rest.find('"', 1) : angle ? rest.find('>', 1) : std::string_view::npos;
    if (close == std::string_view::npos || close == 1) {
        return IncludeLine{IncludeLine::Form::Computed, std::string(rest), line};
    }
    const auto form = quoted ? IncludeLine::Form::Quoted : IncludeLine::Form::Angle;
    return IncludeLine{form, std::string(rest.substr(1, close - 1)), line};
}

}  // namespace

std::vector<IncludeLine> includesOf(std::string_view source) {
    const std::string text = withoutComments(source);
    std::vector<IncludeLine> found;
    std::string directive;  // a line and those that continue it
    int line = 0, firstLine = 1;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        std::string_view part = std::string_view(text).substr(begin, end - begin);
        begin = end + 1;
        ++line;
        if (!part.empty() && part.back() == '\r') part.remove_suffix(1);
        const bool continued = !part.empty() && part.back() == '\\' && begin < text.size();
        if (continued) part.remove_suffix(1);
        directive += part;
        if (continued) continue;
        if (auto include = includeOf(directive, firstLine)) found.push_back(std::move(*include));
        directive.clear();
        firstLine = line + 1;
    }
    return found;
}

}  // namespace gptq::test
