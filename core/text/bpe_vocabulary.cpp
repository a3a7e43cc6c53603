// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_vocabulary.h"

#include "core/io/json.h"
#include "kernels/error.h"

namespace gptq {

void BpeVocabulary::add(std::string_view piece, std::int64_t id) {
    if (id < 0 || id >= kMostIds) {
        throw Error(m_where, ": the id of ", shownPiece(piece), " must be from 0 to ", kMostIds - 1, ", but it is ",
                    id);
    }
    const auto index = static_cast<std::size_t>(id);
    if (index < m_pieces.size() && m_pieces[index] != nullptr) {
        throw Error(m_where, ": ", shownPiece(*m_pieces[index]), " and ", shownPiece(piece), " have the same id ", id);
    }
    const auto [entry, isNew] = m_ids.emplace(piece, static_cast<TokenId>(id));
    if (!isNew) {
        throw Error(m_where, ": ", shownPiece(piece), " has two ids, ", entry->second, " and ", id);
    }
    if (index >= m_pieces.size()) m_pieces.resize(index + 1);
    m_pieces[index] = &entry->first;
}

void BpeVocabulary::checkHoles() const {
    constexpr std::size_t kSmall = 4096;  // room for padding and reserved ids
    if (m_ids.empty()) throw Error(m_where, ": there are no pieces");
    if (m_pieces.size() > 2 * m_ids.size() + kSmall) {
        throw Error(m_where, ": the ids reach ", m_pieces.size() - 1, ", but there are only ", m_ids.size(), " pieces");
    }
}

std::optional<TokenId> BpeVocabulary::find(std::string_view piece) const {
    const auto entry = m_ids.find(piece);
    return entry == m_ids.end() ? std::nullopt : std::optional(entry->second);
}

std::string_view BpeVocabulary::piece(TokenId id) const {
    const std::string* piece = m_pieces[static_cast<std::size_t>(id)];
    return piece == nullptr ? std::string_view() : std::string_view(*piece);
}

std::string shownPiece(std::string_view piece) {
    return shown(Json(piece));
}

}  // namespace gptq
