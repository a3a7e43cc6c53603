// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Token ids of texts of any length, piece by piece: a library may refuse a long text, takes much memory for it, and cannot be
// stopped on the way.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace gptq {

struct LongTextOptions {
    std::size_t enoughIds = std::numeric_limits<std::size_t>::max();  // what lies behind them is not looked at
    std::size_t pieceBytes = std::size_t{4} << 20;                    // a shorter text is one piece
    std::function<void()> beforePiece;                                // may throw to stop
};

// Bytes of the text's first piece, `most` at most: to the end of its last empty line, else of its last line, else before its last
// space, else to the end of a character.
std::size_t firstPiece(std::string_view text, std::size_t most);

// At least `enoughIds`, where the text has them. Each piece is encoded as a text of its own.
std::vector<TokenId> encodeLongText(const Tokenizer& tokenizer, std::string_view text,
                                    const LongTextOptions& options = {});

}  // namespace gptq
