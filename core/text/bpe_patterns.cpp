// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_patterns.h"

namespace gptq {

namespace {

// In the three above no alternative goes on from a letter to a space, none looks back, and none looks further ahead than one
// character behind a run of spaces: what comes before such a place and what comes after split as if they were alone.
SplitStep::BeforeSpace knownBeforeSpace(std::string_view pattern, SplitBehavior behavior) {
    using BeforeSpace = SplitStep::BeforeSpace;
    if (pattern == R"(\p{N})" || pattern == R"(\p{N}{1,3})") return BeforeSpace::Passes;
    const bool isKnown = pattern == kGpt2Pattern || pattern == kLlama3Pattern || pattern == kQwen2Pattern;
    return isKnown && behavior == SplitBehavior::Isolated ? BeforeSpace::Separates : BeforeSpace::Unknown;
}

}  // namespace

SplitStep splitByRegex(std::string_view pattern, SplitBehavior behavior, SplitMatches matches,
                       const std::string& where) {
    return {Regex(pcre2FromOniguruma(pattern, where), where), behavior, matches, knownBeforeSpace(pattern, behavior)};
}

}  // namespace gptq
