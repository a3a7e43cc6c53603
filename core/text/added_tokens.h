// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Tokens that are found in a text before anything else looks at it: control tokens, and words that somebody added.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace gptq {

struct AddedToken {
    std::string content;  // not empty
    TokenId id = 0;
    bool isSpecial = false;
    bool isNormalized = false;  // looked for in the normalized text
    bool singleWord = false;    // only between characters that are no part of words
    bool takesSpaceBefore = false;
    bool takesSpaceAfter = false;
};

class AddedTokens {
public:
    AddedTokens() = default;
    explicit AddedTokens(std::vector<AddedToken> tokens);

    bool isEmpty() const { return m_tokens.empty(); }

    // Calls the sink with the text's parts in order: the stretches between the tokens, none of them empty, and the tokens with
    // their ids. At each place the longest token counts. SpecialTokens::AsText leaves out those that are special.
    using Sink = std::function<void(std::string_view text, std::optional<TokenId> id)>;
    void split(std::string_view text, SpecialTokens special, const Sink& sink) const;

private:
    const AddedToken* longestAt(std::string_view text) const;

    std::vector<AddedToken> m_tokens;  // sorted by content
    std::array<bool, 256> m_begins{};  // by byte
};

}  // namespace gptq
