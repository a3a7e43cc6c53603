// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The pre-tokenizer of a byte-pair encoding: cuts a text into the stretches inside which pieces are merged.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/text/bpe_regex.h"

namespace gptq {

// What becomes of the matches of a split, and of what is between them (Hugging Face's SplitDelimiterBehavior).
enum class SplitBehavior : std::uint8_t { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous };
enum class SplitMatches : std::uint8_t { AreMatches, AreGaps };  // AreGaps: what lies between counts as matched

struct SplitStep {
    Regex regex;
    SplitBehavior behavior = SplitBehavior::Isolated;
    SplitMatches matches = SplitMatches::AreMatches;
    // What is known of the expression where an ASCII letter stands before a space.
    enum class BeforeSpace : std::uint8_t {
        Unknown,
        Separates,  // a cut, always, and nothing on either side depends on the other
        Passes,     // sees single kinds of characters only, such as digits: no harm where another step cuts
    };
    BeforeSpace beforeSpace = BeforeSpace::Unknown;
};
struct DigitsStep {
    enum class Unit : std::uint8_t { Each, Run };
    Unit unit = Unit::Each;
};
using PreTokenizerStep = std::variant<SplitStep, DigitsStep>;

// Applied to a text before the steps.
struct SpacePreparation {
    enum class Prefix : std::uint8_t {
        Never,
        Always,
        AtStart
    };  // where there is none; AtStart: of the whole text only

    std::string space = " ";  // takes the place of every space; the prefix
    Prefix prefix = Prefix::Never;
};

class BpePreTokenizer {
public:
    BpePreTokenizer() = default;  // leaves texts whole
    BpePreTokenizer(std::vector<PreTokenizerStep> steps, SpacePreparation preparation);

    bool leavesWhole() const { return m_steps.empty(); }
    const std::string& space() const { return m_preparation.space; }  // in a prepared text
    // Nothing where the text stays as it is.
    std::optional<std::string> prepared(std::string_view text, bool isStart) const;
    // Whether a prepared text may be cut in two between an ASCII letter and a space.
    bool separatesBeforeSpace() const { return m_separatesBeforeSpace; }

private:
    friend class BpePreTokenizerRun;

    std::vector<PreTokenizerStep> m_steps;
    SpacePreparation m_preparation;
    bool m_separatesBeforeSpace = false;
};

// One thread's use of a pre-tokenizer.
class BpePreTokenizerRun {
public:
    using Sink = std::function<void(std::string_view)>;

    BpePreTokenizerRun(const BpePreTokenizer& preTokenizer, Sink sink);
    void split(std::string_view preparedText) { runStep(0, preparedText); }

private:
    void runStep(std::size_t step, std::string_view text);
    void runSplit(std::size_t step, std::string_view text);
    void runDigits(std::size_t step, std::string_view text);

    const BpePreTokenizer& m_preTokenizer;
    Sink m_sink;
    std::vector<std::optional<RegexScanner>> m_scanners;  // by step
};

}  // namespace gptq
