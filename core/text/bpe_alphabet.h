// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The symbols that a byte-pair encoding starts from: bytes, or characters.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text/bpe_vocabulary.h"

namespace gptq {

// GPT-2's printable character for each byte (its bytes_to_unicode), as pieces of byte-level vocabularies are written.
char32_t byteLevelCharacter(unsigned char byte);
// The bytes behind such a piece; nothing where one of its characters stands for no byte.
std::optional<std::string> byteLevelBytes(std::string_view piece);

enum class BpeUnits : std::uint8_t { Bytes, Characters };

// What happens to a unit that is no piece.
struct BpeUnknown {
    bool byteFallback = false;     // a character becomes its bytes' pieces, "<0x0A>" ...
    std::optional<TokenId> token;  // else this one; without it the unit is dropped
    bool fuse = false;             // one token for a run of them
};

class BpeAlphabet {
public:
    BpeAlphabet(const BpeVocabulary& vocabulary, BpeUnits units, const BpeUnknown& unknown);

    BpeUnits units() const { return m_units; }
    // All 256 byte pieces are there, so that no character is unknown.
    bool fallsBackOnBytes() const { return m_hasAllBytePieces; }
    bool isBytePiece(TokenId id) const;
    bool knowsEveryByte() const;  // of units that are bytes
    void append(std::string_view word, std::vector<TokenId>& symbols) const;

private:
    static constexpr TokenId kNone = -1;

    TokenId find(std::string_view text, std::size_t at, std::size_t& bytes) const;
    bool appendBytePieces(std::string_view character, std::vector<TokenId>& symbols) const;

    BpeUnits m_units;
    BpeUnknown m_unknown;
    bool m_hasAllBytePieces = false;
    std::array<TokenId, 256> m_bytePieces{};
    std::array<TokenId, 256> m_small{};  // by byte, or by character below U+0080
    std::unordered_map<char32_t, TokenId> m_characters;
};

}  // namespace gptq
