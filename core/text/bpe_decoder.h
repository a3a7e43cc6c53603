// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The decoder of a byte-pair encoding: pieces back to text.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/text/bpe_normalizer.h"
#include "core/text/tokenizer.h"

namespace gptq {

struct ByteLevelDecoder {};
// Hugging Face's Replace, ByteFallback, Fuse and Strip, in this order.
struct SequenceDecoder {
    std::vector<ReplaceNormalizer> replacements;
    bool byteFallback = false;   // pieces like <0x0A> are bytes
    std::string stripped;        // a character, taken off the text's ends
    std::size_t stripStart = 0;  // at most so many times
    std::size_t stripStop = 0;
};
struct MetaspaceDecoder {
    std::string space;        // stands for a space
    bool dropsFirst = false;  // in the first piece, for nothing
};
using DecoderKind = std::variant<ByteLevelDecoder, SequenceDecoder, MetaspaceDecoder>;

class BpeDecoder {
public:
    explicit BpeDecoder(DecoderKind kind) : m_kind(std::move(kind)) {}

    // Pieces in the order of their ids; no piece follows later. An id without a piece has no text.
    void addPiece(std::string_view piece);
    // Ids that are there. Bytes that form no character appear as U+FFFD.
    std::string decode(const std::vector<TokenId>& ids) const;

private:
    DecoderKind m_kind;
    std::vector<std::string> m_texts;  // by id; bytes
};

}  // namespace gptq
