// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Chooses the next token from a model's logits.
#pragma once

#include <cstdint>
#include <random>
#include <span>

#include "core/text/tokenizer.h"

namespace gptq {

struct SamplerSettings {
    double temperature = 0;  // 0: always the likeliest token
    std::int64_t topK = 0;   // only the k likeliest; 0: all
    double topP = 1;         // only the likeliest that together reach p (Holtzman et al. 2019, arXiv 1904.09751)
    double minP = 0;         // only those at least this share of the likeliest's probability (arXiv 2407.01082)
    std::uint64_t seed = 0;
};

class Sampler {
public:
    explicit Sampler(const SamplerSettings& settings) : m_settings(settings), m_random(settings.seed) {}
    // logits: one a token that may be chosen; padding rows of the embedding are the caller's to leave out.
    TokenId choose(std::span<const float> logits);

private:
    SamplerSettings m_settings;
    std::mt19937_64 m_random;
};

}  // namespace gptq
