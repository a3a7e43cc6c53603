// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A byte-pair encoding's model: stretches of text, as the pre-tokenizer leaves them, to ids.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/text/bpe_alphabet.h"
#include "core/text/bpe_merges.h"
#include "core/text/bpe_vocabulary.h"

namespace gptq {

struct BpeModelOptions {
    BpeUnits units = BpeUnits::Bytes;
    BpeUnknown unknown;
    bool ignoreMerges = false;  // a whole stretch that is a piece is that piece, whatever the merges would make of it
};

// Which characters some merge joins: between two that none joins, a stretch can be cut and merged apart with the same result.
class BpeJunctions {
public:
    void add(char32_t left, char32_t right);
    bool joins(char32_t left, char32_t right) const {
        const std::size_t row = indexOf(left);
        const std::size_t column = indexOf(right);
        if (row < kCommon && column < kCommon) return m_common[row * kCommon + column];
        return m_others.count(keyOf(left, right)) != 0;
    }

private:
    static constexpr std::size_t kCommon = 129;  // ASCII and U+2581, SentencePiece's space
    static std::size_t indexOf(char32_t c) { return c == 0x2581 ? kCommon - 1 : c < 0x80 ? c : kCommon; }
    static std::uint64_t keyOf(char32_t left, char32_t right) { return std::uint64_t{left} << 32 | right; }

    std::array<bool, kCommon * kCommon> m_common{};
    std::unordered_set<std::uint64_t> m_others;
};

class BpeModel {
public:
    using Merges = std::vector<std::pair<std::string_view, std::string_view>>;  // highest priority first

    // Throws Error, naming the vocabulary's file, where a merge is of unknown pieces or makes one.
    BpeModel(const BpeVocabulary& vocabulary, const Merges& merges, const BpeModelOptions& options);

    BpeUnits units() const { return m_alphabet.units(); }
    const BpeAlphabet& alphabet() const { return m_alphabet; }
    // Whether a stretch may be cut between these characters.
    bool separates(char32_t left, char32_t right) const { return m_cutsStretches && !m_junctions.joins(left, right); }

private:
    friend class BpeEncoder;

    BpeAlphabet m_alphabet;
    BpeMerges m_merges;
    BpeJunctions m_junctions;
    bool m_cutsStretches = false;
    StringIds m_wholePieces;  // by text; only where merges are ignored
};

// Encodes stretches of texts that all outlive it. One thread uses an encoder at a time.
class BpeEncoder {
public:
    // `expectedBytes`: of all texts together, roughly.
    BpeEncoder(const BpeModel& model, std::size_t expectedBytes);

    void encode(std::string_view stretch);
    void add(TokenId id) { m_ids.push_back(id); }
    std::vector<TokenId> take() { return std::move(m_ids); }  // the end of this encoder

private:
    struct Known {  // a word that was encoded already
        std::string_view word;
        std::size_t first = 0;  // where its ids are in m_ids
        std::size_t count = 0;
    };

    void encodeWord(std::string_view word);
    void encodeAnew(std::string_view word);

    const BpeModel& m_model;
    WordMerger m_merger;
    std::vector<TokenId> m_symbols;
    std::vector<TokenId> m_ids;
    std::vector<Known> m_known;  // a slot for each hash; a newer word replaces an older one
};

}  // namespace gptq
