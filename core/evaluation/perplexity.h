// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Perplexity: how surprised a model is by a text. BOS once in front where the tokenizer adds one, consecutive windows, the mean over
// the predicted tokens (all but the first) of the full windows.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/model/decoder_model.h"
#include "core/text/long_text.h"

namespace gptq {

struct Perplexity {
    double perplexity = 0;
    double nllSum = 0;  // natural logarithm, over `tokens`
    std::int64_t tokens = 0;
    std::int64_t windows = 0;
    std::int64_t sequenceLength = 0;
};

// Ids as the evaluation sees them: the opening token, then the text's.
std::vector<TokenId> evaluationIds(const Tokenizer& tokenizer, std::string_view text,
                                   const LongTextOptions& options = {});

// The sequence length is capped at the model's context. `progress` gets each state of the figure and may throw to stop. Throws
// Error, naming `where`, for a text of less than one window.
Perplexity measurePerplexity(const DecoderModel& model, const std::vector<TokenId>& ids, std::int64_t sequenceLength,
                             const std::string& where,
                             const std::function<void(const Perplexity& soFar, std::int64_t windows)>& progress);

}  // namespace gptq
