// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/quant_scheme.h"

#include <algorithm>

#include "kernels/error.h"

namespace gptq {

const std::vector<int>& supportedBits() {
    static const std::vector<int> bits{2, 3, 4, 8};
    return bits;
}

void checkScheme(const QuantScheme& scheme) {
    const auto& known = supportedBits();
    if (std::find(known.begin(), known.end(), scheme.bits) == known.end()) {
        throw Error("weights cannot be quantized to ", scheme.bits, " bits; choose 2, 3, 4 or 8");
    }
    if (scheme.groupSize != -1 && (scheme.groupSize <= 0 || scheme.groupSize % 8 != 0)) {
        throw Error("a group of ", scheme.groupSize,
                    " columns is not possible; choose a multiple of 8, or -1 for whole rows");
    }
}

std::string nameOf(const QuantScheme& scheme) {
    return text(scheme.bits, "-bit, ", scheme.groupSize < 0 ? "whole rows" : text("group ", scheme.groupSize), ", ",
                scheme.symmetric ? "symmetric" : "asymmetric");
}

}  // namespace gptq
