// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <array>

#include "core/io/json.h"
#include "core/text/bpe_regex.h"
#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {

namespace {

// Unicode's White_Space, Oniguruma's \s. PCRE2's own has U+180E besides, which lost that property with Unicode 6.3.
constexpr std::string_view kSpace =
    "\\t-\\r \\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
constexpr std::string_view kNotSpace =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{d7ff}\\x{e000}-\\x{10ffff}";

bool isAsciiDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isAsciiLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool isHexDigit(char c) {
    return isAsciiDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Upper bounds of what matching a part takes.
struct Cost {
    double ways = 1;       // in which it can match, each of which is tried where something behind it fails
    double worst = 1;      // steps before it fails
    bool canFail = false;  // else it matches nothing at least
};
constexpr double kLong = 1e6;  // an unbounded repetition, as if of so many characters
constexpr double kMostSteps =
    1e8;  // one such, and a hundred other ways: two in a row, or one in another, take too long

class Translation {
public:
    Translation(std::string_view pattern, const std::string& where) : m_pattern(pattern), m_where(where) {}

    std::string run() {
        Cost cost = alternatives(0);
        while (!atEnd()) {  // a parenthesis too many, which PCRE2 complains of
            copy(1);
            cost = alternatives(0);
        }
        if (cost.worst > kMostSteps) {
            throw Error(m_where, ": the regular expression may take too long: its repetitions multiply");
        }
        return std::move(m_result);
    }

private:
    enum class Place { Outside, InClass };
    enum class Item { Character, Set };  // of a class
    enum class Kind { Character, Group, Look };
    struct Count {
        double least = 1;
        double most = 1;
    };

    Cost alternatives(int depth) {
        Cost sum{0, 0, false};
        for (;;) {
            const Cost one = branch(depth);
            sum = {sum.ways + one.ways, sum.worst + one.worst, sum.canFail || one.canFail};
            if (peek() != '|') return sum;
            copy(1);
        }
    }

    Cost branch(int depth) {
        Cost total;
        while (!atEnd() && peek() != '|' && peek() != ')') {
            const Cost one = part(depth);
            if (one.canFail) {
                total.worst = std::max(total.worst, total.ways * one.worst);
                total.canFail = true;
            }
            total.ways = std::min(total.ways * one.ways, 1e300);
        }
        return total;
    }

    Cost part(int depth) {
        const std::size_t begin = m_at;
        const char c = peek();
        if (c == '(') return groupPart(depth);
        if (c == '\\') {
            escape(Place::Outside);
        } else if (c == '[') {
            characterClass();
        } else if (c == '*' || c == '+' || c == '?' || c == '{' || c == '^') {
            refuse(c == '{' ? 3 : 1);  // Ruby's ^ differs from PCRE2's behind the last line
        } else if (c == ']' || c == '}') {
            m_result += '\\';
            copy(1);
        } else {
            copy(codePointAt(m_pattern, begin).bytes);  // characters, and . $
        }
        const Count count = quantifier();
        return {count.most - count.least + 1, std::max(count.least, 1.0), count.least > 0};
    }

    Cost groupPart(int depth) {
        constexpr int kDeepest = 32;
        const std::size_t begin = m_at;
        const Kind kind = group();
        if (depth == kDeepest) refuse(4);
        const Cost inner = alternatives(depth + 1);
        if (peek() != ')') {
            m_at = begin;
            refuse(m_pattern.size() - begin);
        }
        copy(1);
        const std::size_t behind = m_at;
        const Count count = quantifier();
        if (kind == Kind::Look && behind == m_at) return {1, std::max(inner.worst, inner.ways), true};
        if (kind == Kind::Group && count.most == 1) {
            return count.least == 1 ? inner : Cost{inner.ways + 1, inner.worst, false};
        }
        m_at = behind;
        refuse(2);  // a repeated group
    }

    bool atEnd() const { return m_at >= m_pattern.size(); }
    char peek(std::size_t ahead = 0) const { return m_at + ahead < m_pattern.size() ? m_pattern[m_at + ahead] : '\0'; }
    bool startsWith(std::string_view begin) const { return m_pattern.substr(m_at).starts_with(begin); }
    void copy(std::size_t count) {
        m_result += m_pattern.substr(m_at, count);
        m_at += count;
    }
    void replace(std::size_t count, std::string_view by) {
        m_result += by;
        m_at += count;
    }
    [[noreturn]] void refuse(std::size_t count) const {
        std::string part(m_pattern.substr(m_at, count));
        part.resize(completeUtf8Prefix(part));
        throw Error(m_where, ": the regular expression has ", shown(Json(part)), " at byte ", m_at,
                    ", which is not supported");
    }

    Item escape(Place place) {
        const char c = peek(1);
        switch (c) {
            case 's': space(place, kSpace, "[", "]"); return Item::Set;
            case 'S': space(place, kNotSpace, "[", "]"); return Item::Set;
            case 'd': replace(2, "\\p{Nd}"); return Item::Set;
            case 'D': replace(2, "\\P{Nd}"); return Item::Set;
            case 'p':
            case 'P': property(); return Item::Set;
            case 'v': replace(2, "\\x{b}"); return Item::Character;  // PCRE2's is a set
            case 'r':
            case 'n':
            case 't':
            case 'f': copy(2); return Item::Character;
            case 'u':
            case 'x': number(); return Item::Character;
            default: break;
        }
        if (c <= ' ' || c > '~' || isAsciiDigit(c) || isAsciiLetter(c)) refuse(2);
        copy(2);  // punctuation stands for itself
        return Item::Character;
    }

    void space(Place place, std::string_view ranges, std::string_view open, std::string_view close) {
        if (place == Place::Outside) m_result += open;
        replace(2, ranges);
        if (place == Place::Outside) m_result += close;
    }

    // \p{L}, \p{Lu}, \p{^N}, \p{Han}
    void property() {
        const std::size_t close = m_pattern.find('}', m_at);
        if (peek(2) != '{' || close == std::string_view::npos) refuse(3);
        std::string_view name = m_pattern.substr(m_at + 3, close - m_at - 3);
        const std::size_t length = close + 1 - m_at;
        m_result += m_pattern.substr(m_at, 3);
        if (name.starts_with('^')) {
            m_result += '^';
            name.remove_prefix(1);
        }
        if (name.empty()) refuse(length);
        for (const char c : name) {
            if (!isAsciiLetter(c) && c != '_') refuse(length);
        }
        // A script's name alone is, for PCRE2, all that other scripts share with it as well.
        if (name.size() > 2) m_result += "sc:";
        replace(length, name);
        m_result += '}';
    }

    // \uHHHH, \x{H...}
    void number() {
        std::string digits;
        std::size_t length = 6;
        if (peek(1) == 'u') {
            digits = m_pattern.substr(m_at + 2, 4);
            if (digits.size() < 4) refuse(length);
        } else {
            const std::size_t close = m_pattern.find('}', m_at);
            if (peek(2) != '{' || close == std::string_view::npos) refuse(4);
            digits = m_pattern.substr(m_at + 3, close - m_at - 3);
            length = close + 1 - m_at;
        }
        if (digits.empty() || digits.size() > 6) refuse(length);
        for (const char c : digits) {
            if (!isHexDigit(c)) refuse(length);
        }
        replace(length, "\\x{" + digits + "}");
    }

    void characterClass() {
        const std::size_t begin = m_at;
        copy(1);
        if (peek() == '^') copy(1);
        if (peek() == ']') refuse(1);
        bool afterSet = false;
        while (peek() != ']') {
            if (atEnd()) {
                m_at = begin;
                refuse(m_pattern.size() - begin);
            }
            if (peek() == '[' || startsWith("&&")) refuse(2);  // a class in a class
            if (peek() == '\\') {
                afterSet = escape(Place::InClass) == Item::Set;
            } else if (peek() == '-' && (afterSet || endsInSet())) {
                replace(1, "\\-");  // no range
                afterSet = false;
            } else {
                copy(codePointAt(m_pattern, m_at).bytes);
                afterSet = false;
            }
        }
        copy(1);
    }
    bool endsInSet() const {
        constexpr std::string_view kSets = "sSdDpP";
        return peek(1) == '\\' && kSets.find(peek(2)) != std::string_view::npos && peek(2) != '\0';
    }

    Kind group() {
        constexpr std::array<std::string_view, 4> kGroups{"(?:", "(?>", "(?i:", "(?-i:"};
        constexpr std::array<std::string_view, 4> kLooks{"(?=", "(?!", "(?<=", "(?<!"};
        if (peek(1) == '*') refuse(2);
        if (peek(1) != '?') {
            replace(1, "(?:");  // nothing refers to what it captures
            return Kind::Group;
        }
        const auto isHere = [this](std::string_view begin) { return startsWith(begin); };
        const auto group = std::find_if(kGroups.begin(), kGroups.end(), isHere);
        const auto look = std::find_if(kLooks.begin(), kLooks.end(), isHere);
        if (group == kGroups.end() && look == kLooks.end()) refuse(4);
        copy(group != kGroups.end() ? group->size() : look->size());
        return group != kGroups.end() ? Kind::Group : Kind::Look;
    }

    // Nothing where there is none: once.
    Count quantifier() {
        const char c = peek();
        Count count;
        if (c == '*' || c == '+' || c == '?') {
            count = {c == '+' ? 1.0 : 0.0, c == '?' ? 1.0 : kLong};
            copy(1);
            // Lazy or possessive; anything beyond that the libraries read differently.
            if (peek() == '?' || peek() == '+') copy(1);
        } else if (c == '{') {
            count = numbersInBraces();
        } else {
            return count;
        }
        if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{') refuse(1);
        return count;
    }

    // {n}, {n,}, {n,m}
    Count numbersInBraces() {
        constexpr std::size_t kMostDigits = 5;
        std::size_t length = 1;
        const auto number = [&] {
            double value = 0;
            for (std::size_t i = 0; isAsciiDigit(peek(length)); ++i, ++length) {
                if (i == kMostDigits) refuse(length);
                value = 10 * value + (peek(length) - '0');
            }
            return value;
        };
        if (!isAsciiDigit(peek(1))) refuse(3);
        Count count;
        count.least = count.most = number();
        if (peek(length) == ',') {
            ++length;
            count.most = isAsciiDigit(peek(length)) ? number() : std::max(kLong, count.least);
        }
        if (peek(length) != '}' || count.most < count.least) refuse(length + 1);
        copy(length + 1);
        return count;
    }

    std::string_view m_pattern;
    const std::string& m_where;
    std::string m_result;
    std::size_t m_at = 0;
};

}  // namespace

std::string pcre2FromOniguruma(std::string_view pattern, const std::string& where) {
    if (firstInvalidUtf8(pattern)) throw Error(where, ": the regular expression is not UTF-8");
    return Translation(pattern, where).run();
}

std::string pcre2Literal(std::string_view text) {
    std::string pattern;
    for (const char c : text) {
        const bool isPlain = static_cast<unsigned char>(c) >= 0x80 || isAsciiDigit(c) || isAsciiLetter(c);
        if (!isPlain && c > ' ' && c <= '~') pattern += '\\';
        if (c == '\0') {
            pattern += "\\x{0}";
        } else {
            pattern += c;
        }
    }
    return pattern;
}

}  // namespace gptq
