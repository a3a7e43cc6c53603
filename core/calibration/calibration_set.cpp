// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/calibration/calibration_set.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "core/text/long_text.h"
#include "kernels/error.h"

namespace gptq {

std::vector<TokenId> calibrationIds(const Tokenizer& tokenizer, std::string_view text,
                                    const CalibrationRequest& request, const std::function<void()>& checkpoint) {
    LongTextOptions options;
    options.beforePiece = checkpoint;
    if (!request.shuffleSeed && request.samples > 0 && request.sequenceLength > 0)
        options.enoughIds =
            static_cast<std::size_t>(request.samples) * static_cast<std::size_t>(request.sequenceLength);
    return encodeLongText(tokenizer, text, options);
}

CalibrationSet makeCalibrationSet(const std::vector<TokenId>& textIds, const CalibrationRequest& request,
                                  const std::string& where) {
    const std::int64_t length = request.sequenceLength;
    if (request.samples <= 0 || length <= 0) throw Error("calibration needs at least one sample of at least one token");
    const std::int64_t windows = static_cast<std::int64_t>(textIds.size()) / length;
    if (windows == 0) {
        throw Error(where, ": has ", textIds.size(), " tokens, too few for one window of ", length,
                    ". Use a longer text or a shorter --seq-len");
    }
    std::vector<std::int64_t> order(static_cast<std::size_t>(windows));
    std::iota(order.begin(), order.end(), 0);
    if (request.shuffleSeed) {  // Fisher and Yates, so that a seed means the same everywhere
        std::mt19937_64 random(*request.shuffleSeed);
        for (std::size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random() % (i + 1)]);
    }
    CalibrationSet set{{}, std::min(request.samples, windows), length};
    for (std::int64_t i = 0; i < set.samples; ++i) {
        const auto begin = textIds.begin() + order[static_cast<std::size_t>(i)] * length;
        set.ids.insert(set.ids.end(), begin, begin + length);
    }
    return set;
}

}  // namespace gptq
