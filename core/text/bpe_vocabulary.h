// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The pieces of a byte-pair encoding: content to id, and back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text/tokenizer.h"

namespace gptq {

// Looked up by string_view without making a string.
struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using StringIds = std::unordered_map<std::string, TokenId, StringHash, std::equal_to<>>;

class BpeVocabulary {
public:
    static constexpr TokenId kMostIds = 1 << 22;  // the largest known vocabulary has some 2^18

    explicit BpeVocabulary(std::string where) : m_where(std::move(where)) {}  // for messages
    BpeVocabulary(const BpeVocabulary&) = delete;
    BpeVocabulary& operator=(const BpeVocabulary&) = delete;
    BpeVocabulary(BpeVocabulary&&) = default;
    BpeVocabulary& operator=(BpeVocabulary&&) = default;

    // Throws Error where the piece is there already, or its id is out of range or another piece's.
    void add(std::string_view piece, std::int64_t id);
    // Throws Error where most ids below the largest belong to no piece.
    void checkHoles() const;

    const std::string& where() const { return m_where; }
    std::optional<TokenId> find(std::string_view piece) const;
    std::int64_t size() const { return static_cast<std::int64_t>(m_pieces.size()); }  // the largest id and one
    std::string_view piece(TokenId id) const;  // empty where the id, which is below size(), belongs to none
    const StringIds& ids() const { return m_ids; }

private:
    std::string m_where;
    StringIds m_ids;
    std::vector<const std::string*> m_pieces;  // by id; keys of m_ids, which stay where they are
};

// A piece as messages show it.
std::string shownPiece(std::string_view piece);

}  // namespace gptq
