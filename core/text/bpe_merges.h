// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The merges of a byte-pair encoding, and the merging of one word.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "core/text/tokenizer.h"

namespace gptq {

struct BpeMerge {
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    std::uint32_t rank = kNone;  // the lowest goes first; kNone: the pair does not merge
    TokenId product = 0;
};

class BpeMerges {
public:
    explicit BpeMerges(std::size_t count);                  // at most so many pairs
    void add(TokenId left, TokenId right, BpeMerge merge);  // in place of an earlier one of the pair

    BpeMerge find(TokenId left, TokenId right) const {
        for (std::size_t i = slotOf(keyOf(left, right));; i = (i + 1) & m_mask) {
            const Slot& slot = m_slots[i];
            if (slot.key == keyOf(left, right)) return slot.merge;
            if (slot.key == kFree) return {};
        }
    }

private:
    static constexpr std::uint64_t kFree = ~std::uint64_t{0};
    struct Slot {
        std::uint64_t key = kFree;
        BpeMerge merge;
    };

    static std::uint64_t keyOf(TokenId left, TokenId right) {
        return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
    }
    std::size_t slotOf(std::uint64_t key) const {
        return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> m_shift);  // Fibonacci hashing
    }

    std::vector<Slot> m_slots;  // open addressing, at most half full
    std::size_t m_mask = 0;
    int m_shift = 0;
};

// Merges the symbols of a word, the pair of lowest rank first, of equal ones the leftmost. Keeps its memory for the next.
class WordMerger {
public:
    explicit WordMerger(const BpeMerges& merges) : m_merges(merges) {}
    void merge(std::vector<TokenId>& symbols);

private:
    struct Candidate {
        BpeMerge merge;
        std::uint32_t left = 0;                         // index of the pair's left symbol
        bool operator<(const Candidate& other) const {  // for a queue whose top is the largest
            return merge.rank != other.merge.rank ? merge.rank > other.merge.rank : left > other.left;
        }
    };

    void mergeShort(std::vector<TokenId>& symbols);
    void mergeLong(std::vector<TokenId>& symbols);
    void offer(const std::vector<TokenId>& symbols, std::uint32_t left);

    const BpeMerges& m_merges;
    std::vector<BpeMerge> m_pairs;      // of a short word: the merge of each symbol with the next
    std::vector<std::uint32_t> m_next;  // of a long one: the neighbours that are left
    std::vector<std::uint32_t> m_previous;
    std::priority_queue<Candidate> m_queue;
};

}  // namespace gptq
