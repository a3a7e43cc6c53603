// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_merges.h"

#include <algorithm>
#include <bit>

namespace gptq {

namespace {

constexpr std::size_t kShortWord = 48;  // symbols; beyond, searching all pairs costs more than a queue does
constexpr TokenId kGone = -1;           // a symbol that became part of the one before it
constexpr std::uint32_t kEnd = ~std::uint32_t{0};

}  // namespace

BpeMerges::BpeMerges(std::size_t count) {
    const std::size_t slots = std::bit_ceil(std::max<std::size_t>(2 * count, 2));
    m_slots.resize(slots);
    m_mask = slots - 1;
    m_shift = 64 - std::countr_zero(slots);
}

void BpeMerges::add(TokenId left, TokenId right, BpeMerge merge) {
    const std::uint64_t key = keyOf(left, right);
    std::size_t i = slotOf(key);
    while (m_slots[i].key != kFree && m_slots[i].key != key) i = (i + 1) & m_mask;
    m_slots[i] = {key, merge};
}

void WordMerger::merge(std::vector<TokenId>& symbols) {
    if (symbols.size() < 2) return;
    if (symbols.size() <= kShortWord) {
        mergeShort(symbols);
    } else {
        mergeLong(symbols);
    }
}

void WordMerger::mergeShort(std::vector<TokenId>& symbols) {
    const auto pairAt = [this, &symbols](std::size_t i) { return m_merges.find(symbols[i], symbols[i + 1]); };
    m_pairs.resize(symbols.size() - 1);
    for (std::size_t i = 0; i < m_pairs.size(); ++i) m_pairs[i] = pairAt(i);
    const auto byRank = [](const BpeMerge& a, const BpeMerge& b) { return a.rank < b.rank; };
    while (!m_pairs.empty()) {
        const auto best = std::min_element(m_pairs.begin(), m_pairs.end(), byRank);
        if (best->rank == BpeMerge::kNone) return;
        const auto i = static_cast<std::size_t>(best - m_pairs.begin());
        symbols[i] = best->product;
        symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        m_pairs.erase(best);
        if (i < m_pairs.size()) m_pairs[i] = pairAt(i);
        if (i > 0) m_pairs[i - 1] = pairAt(i - 1);
    }
}

void WordMerger::offer(const std::vector<TokenId>& symbols, std::uint32_t left) {
    const BpeMerge merge = m_merges.find(symbols[left], symbols[m_next[left]]);
    if (merge.rank != BpeMerge::kNone) m_queue.push({merge, left});
}

void WordMerger::mergeLong(std::vector<TokenId>& symbols) {
    const auto count = static_cast<std::uint32_t>(symbols.size());
    m_next.resize(count);
    m_previous.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        m_next[i] = i + 1 < count ? i + 1 : kEnd;
        m_previous[i] = i > 0 ? i - 1 : kEnd;
    }
    for (std::uint32_t i = 0; i + 1 < count; ++i) offer(symbols, i);
    while (!m_queue.empty()) {
        const auto [merge, left] = m_queue.top();
        m_queue.pop();
        const std::uint32_t right = m_next[left];
        if (symbols[left] == kGone || right == kEnd) continue;
        if (m_merges.find(symbols[left], symbols[right]).rank != merge.rank) continue;  // one of them has grown since
        symbols[left] = merge.product;
        symbols[right] = kGone;
        m_next[left] = m_next[right];
        if (m_next[left] != kEnd) {
            m_previous[m_next[left]] = left;
            offer(symbols, left);
        }
        if (m_previous[left] != kEnd) offer(symbols, m_previous[left]);
    }
    std::erase(symbols, kGone);
}

}  // namespace gptq
