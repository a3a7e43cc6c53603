// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Schemes of single layers: overrides and exclusions by pattern, searched in the Hugging Face module name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/io/pattern.h"
#include "kernels/quant_scheme.h"

namespace gptq {

struct SchemeOverride {
    Pattern pattern;
    std::optional<int> bits;
    std::optional<std::int64_t> groupSize;
    std::optional<bool> symmetric;
};

// "REGEX=bits:3,group:64,sym:false"; what follows the last '=' are the settings. Throws Error for anything else.
SchemeOverride parseOverride(const std::string& text);

struct SchemeRules {
    std::vector<SchemeOverride> overrides;  // each that matches is applied, in order
    std::vector<Pattern> exclusions;        // stay float

    // The scheme of a module; nothing where it is excluded.
    std::optional<QuantScheme> schemeOf(const std::string& module, QuantScheme base) const;
};

}  // namespace gptq
