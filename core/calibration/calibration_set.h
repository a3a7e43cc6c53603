// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The token windows that a model is calibrated on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/tokenizer.h"

namespace gptq {

struct CalibrationRequest {
    std::int64_t samples = 128;
    std::int64_t sequenceLength = 2048;
    std::optional<std::uint64_t> shuffleSeed;  // absent: the text's first windows, in order
};

struct CalibrationSet {
    std::vector<TokenId> ids;  // (samples, sequenceLength)
    std::int64_t samples = 0;
    std::int64_t sequenceLength = 0;

    std::int64_t tokens() const { return samples * sequenceLength; }
};

// The text's ids as far as the windows need them: the first ones where they are taken in order, all where they are drawn at random.
// `checkpoint` is called before each piece of a long text, and may throw to stop.
std::vector<TokenId> calibrationIds(const Tokenizer& tokenizer, std::string_view text,
                                    const CalibrationRequest& request, const std::function<void()>& checkpoint = {});

// Consecutive windows of the text's tokens that do not overlap, without BOS; with a seed, a random choice of them. A text with
// fewer windows than asked for gives what it has. Throws Error, naming `where`, where it has not even one.
CalibrationSet makeCalibrationSet(const std::vector<TokenId>& textIds, const CalibrationRequest& request,
                                  const std::string& where);

}  // namespace gptq
