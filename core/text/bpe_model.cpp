// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_model.h"

#include <algorithm>
#include <bit>

#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {

namespace {

constexpr std::size_t kLongestWord = 16u << 20;  // bytes; merging takes some 40 for each
constexpr std::size_t kLongestKnown = 64;        // bytes; longer words hardly come again
constexpr std::size_t kMostKnown = 1u << 14;     // slots, half a megabyte

TokenId require(const BpeVocabulary& vocabulary, std::string_view piece, std::size_t rank) {
    const auto id = vocabulary.find(piece);
    if (!id || piece.empty()) {
        throw Error(vocabulary.where(), ": merge ", rank, " is of or makes ", shownPiece(piece),
                    ", which is no piece of the vocabulary");
    }
    return *id;
}

}  // namespace

void BpeJunctions::add(char32_t left, char32_t right) {
    const std::size_t row = indexOf(left);
    const std::size_t column = indexOf(right);
    if (row < kCommon && column < kCommon) {
        m_common[row * kCommon + column] = true;
    } else {
        m_others.insert(keyOf(left, right));
    }
}

BpeModel::BpeModel(const BpeVocabulary& vocabulary, const Merges& merges, const BpeModelOptions& options)
    : m_alphabet(vocabulary, options.units, options.unknown), m_merges(merges.size()) {
    bool mergesBytePieces = false;
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
        const auto& [left, right] = merges[rank];
        const TokenId leftId = require(vocabulary, left, rank);
        const TokenId rightId = require(vocabulary, right, rank);
        const TokenId product = require(vocabulary, std::string(left) += right, rank);
        m_merges.add(leftId, rightId, {static_cast<std::uint32_t>(rank), product});
        m_junctions.add(codePointBefore(left, left.size()).value, codePointAt(right, 0).value);
        mergesBytePieces = mergesBytePieces || m_alphabet.isBytePiece(leftId) || m_alphabet.isBytePiece(rightId);
    }
    // A character that is no piece stands alone where it becomes byte pieces that nothing merges.
    m_cutsStretches = options.units == BpeUnits::Characters && m_alphabet.fallsBackOnBytes() && !mergesBytePieces &&
                      !options.ignoreMerges;
    if (!options.ignoreMerges) return;
    for (const auto& [piece, id] : vocabulary.ids()) {
        if (options.units == BpeUnits::Characters) {
            m_wholePieces.emplace(piece, id);
        } else if (auto bytes = byteLevelBytes(piece)) {
            m_wholePieces.emplace(std::move(*bytes), id);
        }
    }
}

BpeEncoder::BpeEncoder(const BpeModel& model, std::size_t expectedBytes) : m_model(model), m_merger(model.m_merges) {
    m_known.resize(std::bit_ceil(std::clamp<std::size_t>(expectedBytes / 4, 16, kMostKnown)));
    m_ids.reserve(expectedBytes / 3);
}

void BpeEncoder::encode(std::string_view stretch) {
    if (stretch.empty()) return;
    if (!m_model.m_cutsStretches) return encodeWord(stretch);
    std::size_t begin = 0;
    CodePoint last = codePointAt(stretch, 0);
    for (std::size_t at = last.bytes; at < stretch.size();) {
        const CodePoint next = codePointAt(stretch, at);
        if (!m_model.m_junctions.joins(last.value, next.value)) {
            encodeWord(stretch.substr(begin, at - begin));
            begin = at;
        }
        last = next;
        at += next.bytes;
    }
    encodeWord(stretch.substr(begin));
}

void BpeEncoder::encodeWord(std::string_view word) {
    if (word.size() > kLongestKnown) return encodeAnew(word);
    Known& known = m_known[std::hash<std::string_view>{}(word) & (m_known.size() - 1)];
    const std::size_t first = m_ids.size();
    if (known.word != word) {  // an unused slot holds no word, and no word is empty
        encodeAnew(word);
        known = {word, first, m_ids.size() - first};
        return;
    }
    m_ids.resize(first + known.count);
    std::copy_n(m_ids.begin() + static_cast<std::ptrdiff_t>(known.first), known.count,
                m_ids.begin() + static_cast<std::ptrdiff_t>(first));
}

void BpeEncoder::encodeAnew(std::string_view word) {
    if (const auto whole = m_model.m_wholePieces.find(word); whole != m_model.m_wholePieces.end()) {
        return m_ids.push_back(whole->second);
    }
    if (word.size() > kLongestWord) {
        throw Error("a stretch of ", word.size(),
                    " bytes without a place to split it is too long to be tokenized; at most ", kLongestWord,
                    " bytes can be");
    }
    m_symbols.clear();
    m_model.m_alphabet.append(word, m_symbols);
    m_merger.merge(m_symbols);
    m_ids.insert(m_ids.end(), m_symbols.begin(), m_symbols.end());
}

}  // namespace gptq
