// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The regular expressions of tokenizer.json: Oniguruma's (Ruby's) there, PCRE2's here.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gptq {

// The same expression as PCRE2 reads it. Passes only what means the same in both and rewrites what means something else
// (\s, \v, scripts ...). Throws Error, naming `where`, with the part that it does not know, and where a match may take many
// times as many steps as the text has characters.
std::string pcre2FromOniguruma(std::string_view pattern, const std::string& where);
std::string pcre2Literal(std::string_view text);  // an expression that matches this text

// A compiled expression. It may be shared by threads; each matches with a RegexScanner of its own.
class Regex {
public:
    // `pattern` as pcre2FromOniguruma leaves it. Throws Error, naming `where`, where PCRE2 refuses it or it can match nothing.
    Regex(std::string_view pattern, std::string where);
    ~Regex();
    Regex(Regex&&) noexcept;
    Regex& operator=(Regex&&) noexcept;

private:
    friend class RegexScanner;
    struct Code;

    std::unique_ptr<Code> m_code;
};

struct RegexMatch {
    std::size_t begin = 0;
    std::size_t end = 0;  // beyond begin
};

class RegexScanner {
public:
    explicit RegexScanner(const Regex& regex);
    ~RegexScanner();
    RegexScanner(RegexScanner&&) noexcept;
    RegexScanner& operator=(RegexScanner&&) noexcept = delete;

    // The first match at `from` or later, in valid UTF-8. Throws Error where the matches together take too long.
    std::optional<RegexMatch> next(std::string_view text, std::size_t from);

private:
    struct State;
    void watchTime(std::size_t scanned, int looks);

    std::unique_ptr<State> m_state;
};

}  // namespace gptq
