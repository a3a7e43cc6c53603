// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a decoder model is made of, as data: parts that the forward pass reads, so that no architecture's name appears outside
// its own file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/inference_ops.h"

namespace gptq {

struct NormConfig {
    NormKind kind = NormKind::Rms;
    float epsilon = 1e-5f;
};

// Angles of the rotary embedding before any scaling: base^(-2i/width) a position.
struct RotaryConfig {
    enum class Scaling : std::uint8_t { None, Linear, Llama3, Yarn };

    double base = 10000.0;
    std::int64_t width = 0;  // rotary elements of a head
    Scaling scaling = Scaling::None;
    double factor = 1.0;
    double lowFrequencyFactor = 1.0;   // Llama 3
    double highFrequencyFactor = 4.0;  // Llama 3
    std::int64_t originalContext = 0;  // Llama 3, YaRN
    double betaFast = 32.0;            // YaRN
    double betaSlow = 1.0;             // YaRN
    bool truncate = true;              // YaRN: the ramp's ends are whole dimensions
    double magnitude = 1.0;            // YaRN: of sine and cosine
};

struct AttentionConfig {
    AttentionSpec spec;       // heads, head size, scale; window: of the layers that have one
    bool inputBias = false;   // q, k, v carry a bias
    bool outputBias = false;  // o carries one
    bool headNorms = false;   // queries and keys are normed, head by head
};

enum class FeedForwardKind : std::uint8_t { GatedSilu };

struct FeedForwardConfig {
    FeedForwardKind kind = FeedForwardKind::GatedSilu;
    std::int64_t width = 0;
    bool bias = false;
};

struct ModelConfig {
    std::string architecture;     // the row of the table: "llama"
    std::int64_t vocabulary = 0;  // rows of the embedding
    std::int64_t hidden = 0;
    std::int64_t layers = 0;
    std::int64_t context = 0;  // positions
    NormConfig norm;
    RotaryConfig rotary;
    AttentionConfig attention;
    std::vector<std::int64_t> windows;  // of each layer, 0: none; empty: none anywhere
    FeedForwardConfig feedForward;
    bool tiedHead = false;  // the head is the embedding

    std::int64_t windowOf(std::int64_t layer) const {
        return windows.empty() ? 0 : windows[static_cast<std::size_t>(layer)];
    }
};

}  // namespace gptq
