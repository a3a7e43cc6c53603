// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_pre_tokenizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "core/text/utf8.h"

namespace gptq {

namespace {

using Emit = std::function<void(std::string_view)>;

// Turns a text's matches and the gaps between them, given in order, into stretches.
class Assembler {
public:
    Assembler(std::string_view text, SplitBehavior behavior, const Emit& emit)
        : m_text(text), m_behavior(behavior), m_emit(emit) {}

    void add(std::size_t begin, std::size_t end, bool isMatch) {
        if (begin == end) return;
        switch (m_behavior) {
            case SplitBehavior::Isolated: put(begin, end); break;
            case SplitBehavior::Removed:
                if (!isMatch) put(begin, end);
                break;
            case SplitBehavior::Contiguous: extendOrOpen(begin, end, isMatch == m_lastIsMatch); break;
            case SplitBehavior::MergedWithPrevious: extendOrOpen(begin, end, isMatch && !m_lastIsMatch); break;
            case SplitBehavior::MergedWithNext: extendOrOpen(begin, end, m_lastIsMatch && !isMatch); break;
        }
        m_lastIsMatch = isMatch;
    }
    void finish() {
        if (m_isOpen) put(m_begin, m_end);
    }

private:
    void put(std::size_t begin, std::size_t end) { m_emit(m_text.substr(begin, end - begin)); }
    void extendOrOpen(std::size_t begin, std::size_t end, bool extends) {
        if (!m_isOpen || !extends) {
            finish();
            m_begin = begin;
            m_isOpen = true;
        }
        m_end = end;
    }

    std::string_view m_text;
    SplitBehavior m_behavior;
    const Emit& m_emit;
    bool m_lastIsMatch = false;
    bool m_isOpen = false;
    std::size_t m_begin = 0;
    std::size_t m_end = 0;
};

// Rust's char::is_numeric.
bool isNumeric(char32_t c) {
    if (c < 0x80) return c >= '0' && c <= '9';
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO;
}

bool separates(const std::vector<PreTokenizerStep>& steps) {
    bool separates = false;
    for (const PreTokenizerStep& step : steps) {
        const auto* split = std::get_if<SplitStep>(&step);
        if (split == nullptr) continue;  // digits: looks at each character by itself
        if (split->beforeSpace == SplitStep::BeforeSpace::Unknown) return false;
        separates = separates || split->beforeSpace == SplitStep::BeforeSpace::Separates;
    }
    return separates;
}

}  // namespace

BpePreTokenizer::BpePreTokenizer(std::vector<PreTokenizerStep> steps, SpacePreparation preparation)
    : m_steps(std::move(steps)), m_preparation(std::move(preparation)), m_separatesBeforeSpace(separates(m_steps)) {}

std::optional<std::string> BpePreTokenizer::prepared(std::string_view text, bool isStart) const {
    const std::string& space = m_preparation.space;
    const bool mayPrefix = m_preparation.prefix == SpacePreparation::Prefix::Always ||
                           (m_preparation.prefix == SpacePreparation::Prefix::AtStart && isStart);
    const bool replaces = space != " " && text.find(' ') != std::string_view::npos;
    const bool prefixes = mayPrefix && !text.starts_with(' ') && !text.starts_with(space);
    if (!replaces && !prefixes) return std::nullopt;
    std::string result = prefixes ? space : std::string();
    for (const char c : text) {
        if (c == ' ') {
            result += space;
        } else {
            result += c;
        }
    }
    return result;
}

BpePreTokenizerRun::BpePreTokenizerRun(const BpePreTokenizer& preTokenizer, Sink sink)
    : m_preTokenizer(preTokenizer), m_sink(std::move(sink)) {
    for (const PreTokenizerStep& step : preTokenizer.m_steps) {
        auto& scanner = m_scanners.emplace_back();
        if (const auto* split = std::get_if<SplitStep>(&step)) scanner.emplace(split->regex);
    }
}

void BpePreTokenizerRun::runStep(std::size_t step, std::string_view text) {
    if (step == m_preTokenizer.m_steps.size()) return m_sink(text);
    if (std::holds_alternative<SplitStep>(m_preTokenizer.m_steps[step])) return runSplit(step, text);
    runDigits(step, text);
}

void BpePreTokenizerRun::runSplit(std::size_t step, std::string_view text) {
    const auto& split = std::get<SplitStep>(m_preTokenizer.m_steps[step]);
    RegexScanner& scanner = *m_scanners[step];
    const bool matchesAreGaps = split.matches == SplitMatches::AreGaps;
    const Emit emit = [this, step](std::string_view part) { runStep(step + 1, part); };
    Assembler assembler(text, split.behavior, emit);
    std::size_t at = 0;
    while (at < text.size()) {
        const auto match = scanner.next(text, at);
        if (!match) break;
        assembler.add(at, match->begin, matchesAreGaps);
        assembler.add(match->begin, match->end, !matchesAreGaps);
        at = match->end;
    }
    assembler.add(at, text.size(), matchesAreGaps);
    assembler.finish();
}

void BpePreTokenizerRun::runDigits(std::size_t step, std::string_view text) {
    const bool each = std::get<DigitsStep>(m_preTokenizer.m_steps[step]).unit == DigitsStep::Unit::Each;
    std::size_t begin = 0;
    bool lastIsDigit = false;
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint character = codePointAt(text, at);
        const bool isDigit = isNumeric(character.value);
        if (at > begin && (isDigit != lastIsDigit || (isDigit && each))) {
            runStep(step + 1, text.substr(begin, at - begin));
            begin = at;
        }
        lastIsDigit = isDigit;
        at += character.bytes;
    }
    if (begin < text.size()) runStep(step + 1, text.substr(begin));
}

}  // namespace gptq
