// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/quantization/method.h"

#include "kernels/error.h"

namespace gptq {

const char* nameOf(SolveOutcome outcome) {
    switch (outcome) {
        case SolveOutcome::AsAsked: return "";
        case SolveOutcome::MoreDamping: return "more damping";
        case SolveOutcome::DiagonalFloor: return "diagonal floor";
        case SolveOutcome::RoundedToNearest: return "rounded to nearest";
    }
    return "";
}

const std::vector<QuantizationMethod>& quantizationMethods() {
    static const std::vector<QuantizationMethod> table{kGptqMethod, kRtnMethod};
    return table;
}

const QuantizationMethod& methodNamed(std::string_view name) {
    std::string known;
    for (const QuantizationMethod& method : quantizationMethods()) {
        if (method.name == name) return method;
        known += (known.empty() ? "" : ", ") + std::string(method.name);
    }
    throw Error("there is no method '", name, "'. Methods: ", known);
}

}  // namespace gptq
