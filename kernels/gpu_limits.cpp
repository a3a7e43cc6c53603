// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/gpu_limits.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "kernels/error.h"

namespace gptq {
namespace {

struct Known {
    int capability;
    std::size_t sharedBytes;
};
constexpr Known kKnown[] = {{75, 64u << 10}, {80, 163u << 10}, {86, 99u << 10},   {87, 163u << 10},
                            {89, 99u << 10}, {90, 227u << 10}, {100, 227u << 10}, {120, 99u << 10}};

constexpr int kPlayable[] = {75, 80, 86, 89, 90};

}  // namespace

GpuLimits limitsOf(int capability) {
    const auto above = std::find_if(std::begin(kKnown), std::end(kKnown),
                                    [capability](const Known& known) { return known.capability > capability; });
    if (above == std::begin(kKnown))
        throw Error("GPUs of sm_", capability, " are too old: sm_", kKnown[0].capability, " or newer is needed");
    return {capability, std::prev(above)->sharedBytes, capability};
}

GpuLimits limitsAsIf(int card, const char* wanted) {
    if (!wanted || !*wanted) return limitsOf(card);
    for (const int capability : kPlayable) {
        if (std::to_string(capability) != wanted) continue;
        if (capability > card)
            throw Error("GPTQ_STUDIO_SM is ", wanted, ", and this card is older: sm_", card,
                        ". Name an older generation than the card's, or unset it");
        GpuLimits limits = limitsOf(capability);
        limits.card = card;
        limits.sharedBytes = std::min(limits.sharedBytes, limitsOf(card).sharedBytes);
        return limits;
    }
    throw Error("GPTQ_STUDIO_SM is '", wanted, "'; expected 75, 80, 86, 89 or 90");
}

}  // namespace gptq
