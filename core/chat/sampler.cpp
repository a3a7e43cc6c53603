// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/chat/sampler.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace gptq {
namespace {

struct Candidate {
    TokenId id;
    double probability;  // not yet summing to one
};

}  // namespace

TokenId Sampler::choose(std::span<const float> logits) {
    const auto best = std::max_element(logits.begin(), logits.end());
    if (m_settings.temperature <= 0) return static_cast<TokenId>(best - logits.begin());

    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const double probability = std::exp((static_cast<double>(logits[i]) - *best) / m_settings.temperature);
        if (probability > 0 && probability >= m_settings.minP)
            candidates.push_back({static_cast<TokenId>(i), probability});
    }
    if (candidates.empty()) return static_cast<TokenId>(best - logits.begin());  // no logit is a number
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.probability > b.probability; });
    if (m_settings.topK > 0 && static_cast<std::size_t>(m_settings.topK) < candidates.size())
        candidates.resize(static_cast<std::size_t>(m_settings.topK));

    double total = 0;
    for (const Candidate& candidate : candidates) total += candidate.probability;
    double kept = 0;
    std::size_t count = 0;
    while (count < candidates.size() && (count == 0 || kept < m_settings.topP * total))
        kept += candidates[count++].probability;

    // 53 random bits: a number in [0, 1) that is the same with every standard library.
    double left = static_cast<double>(m_random() >> 11) * 0x1p-53 * kept;
    for (std::size_t i = 0; i + 1 < count; ++i) {
        left -= candidates[i].probability;
        if (left < 0) return candidates[i].id;
    }
    return candidates[count - 1].id;
}

}  // namespace gptq
