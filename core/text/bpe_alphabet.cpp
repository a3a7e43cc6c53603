// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_alphabet.h"

#include <algorithm>
#include <utility>

#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {

namespace {

constexpr int kByteCharacters = 0x144;  // characters that stand for bytes lie below: 256 + 68 unprintable ones

// Printable bytes stand for themselves; the others follow from U+0100 on, in their order.
const std::array<char32_t, 256>& byteCharacters() {
    static const std::array<char32_t, 256> table = [] {
        std::array<char32_t, 256> characters{};
        char32_t next = 0x100;
        for (char32_t byte = 0; byte < 256; ++byte) {
            const bool isPrintable =
                (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
            characters[byte] = isPrintable ? byte : next++;
        }
        return characters;
    }();
    return table;
}

std::string bytePiece(int byte) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string piece = "<0x00>";
    piece[3] = kDigits[static_cast<std::size_t>(byte >> 4)];
    piece[4] = kDigits[static_cast<std::size_t>(byte & 15)];
    return piece;
}

}  // namespace

char32_t byteLevelCharacter(unsigned char byte) {
    return byteCharacters()[byte];
}

std::optional<std::string> byteLevelBytes(std::string_view piece) {
    static const std::array<int, kByteCharacters> bytes = [] {
        std::array<int, kByteCharacters> table{};
        table.fill(-1);
        for (int byte = 0; byte < 256; ++byte) table[byteCharacters()[static_cast<std::size_t>(byte)]] = byte;
        return table;
    }();
    std::string behind;
    for (std::size_t at = 0; at < piece.size();) {
        const CodePoint character = codePointAt(piece, at);
        if (character.value >= kByteCharacters || bytes[character.value] < 0) return std::nullopt;
        behind += static_cast<char>(bytes[character.value]);
        at += character.bytes;
    }
    return behind;
}

BpeAlphabet::BpeAlphabet(const BpeVocabulary& vocabulary, BpeUnits units, const BpeUnknown& unknown)
    : m_units(units), m_unknown(unknown) {
    m_small.fill(kNone);
    m_bytePieces.fill(kNone);
    for (const auto& [piece, id] : vocabulary.ids()) {
        if (piece.empty()) continue;
        const CodePoint first = codePointAt(piece, 0);
        if (first.bytes != piece.size()) continue;
        if (units == BpeUnits::Bytes) {
            if (const auto byte = byteLevelBytes(piece)) m_small[static_cast<unsigned char>((*byte)[0])] = id;
        } else if (first.value < 0x80) {
            m_small[first.value] = id;
        } else {
            m_characters.emplace(first.value, id);
        }
    }
    if (units != BpeUnits::Characters || !unknown.byteFallback) return;
    for (int byte = 0; byte < 256; ++byte) {
        m_bytePieces[static_cast<std::size_t>(byte)] = vocabulary.find(bytePiece(byte)).value_or(kNone);
    }
    m_hasAllBytePieces = std::count(m_bytePieces.begin(), m_bytePieces.end(), kNone) == 0;
}

bool BpeAlphabet::isBytePiece(TokenId id) const {
    return std::find(m_bytePieces.begin(), m_bytePieces.end(), id) != m_bytePieces.end();
}

bool BpeAlphabet::knowsEveryByte() const {
    return std::count(m_small.begin(), m_small.end(), kNone) == 0;
}

TokenId BpeAlphabet::find(std::string_view text, std::size_t at, std::size_t& bytes) const {
    const auto first = static_cast<unsigned char>(text[at]);
    bytes = 1;
    if (m_units == BpeUnits::Bytes || first < 0x80) return m_small[first];
    const CodePoint character = codePointAt(text, at);
    bytes = character.bytes;
    const auto found = m_characters.find(character.value);
    return found == m_characters.end() ? kNone : found->second;
}

bool BpeAlphabet::appendBytePieces(std::string_view character, std::vector<TokenId>& symbols) const {
    const auto pieceOf = [this](char c) { return m_bytePieces[static_cast<unsigned char>(c)]; };
    if (std::any_of(character.begin(), character.end(), [&](char c) { return pieceOf(c) == kNone; })) return false;
    for (const char c : character) symbols.push_back(pieceOf(c));
    return true;
}

// As Hugging Face's library does it: an unknown token is put down only when a known unit, another unknown one or the end
// follows, and byte pieces do not count as such.
void BpeAlphabet::append(std::string_view word, std::vector<TokenId>& symbols) const {
    bool pending = false;
    const auto putUnknown = [&] {
        if (std::exchange(pending, false)) symbols.push_back(*m_unknown.token);
    };
    for (std::size_t at = 0, bytes = 0; at < word.size(); at += bytes) {
        const TokenId id = find(word, at, bytes);
        if (id != kNone) {
            putUnknown();
            symbols.push_back(id);
        } else if (!appendBytePieces(word.substr(at, bytes), symbols) && m_unknown.token) {
            if (!m_unknown.fuse) putUnknown();
            pending = true;
        }
    }
    putUnknown();
}

}  // namespace gptq
