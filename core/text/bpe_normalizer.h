// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The normalizer of a byte-pair encoding: what is done to a text before it is cut and merged.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gptq {

struct PrependNormalizer {
    std::string content;  // put in front of a text that is not empty
};
struct ReplaceNormalizer {
    std::string from;  // not empty
    std::string to;
};
struct NfcNormalizer {};  // Unicode's canonical composition
using NormalizerStep = std::variant<PrependNormalizer, ReplaceNormalizer, NfcNormalizer>;

class BpeNormalizer {
public:
    BpeNormalizer() = default;
    explicit BpeNormalizer(std::vector<NormalizerStep> steps) : m_steps(std::move(steps)) {}

    bool isEmpty() const { return m_steps.empty(); }
    std::string apply(std::string_view text) const;  // valid UTF-8

private:
    std::vector<NormalizerStep> m_steps;
};

// Every occurrence, from the left.
std::string replaced(std::string_view text, std::string_view from, std::string_view to);
std::string composed(std::string_view text);  // NFC

}  // namespace gptq
