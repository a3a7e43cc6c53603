// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/quantization/scheme_rules.h"

#include <charconv>

#include "kernels/error.h"

namespace gptq {
namespace {

constexpr const char* kUsage = "expected REGEX=bits:3,group:64,sym:false";

std::int64_t parseNumber(const std::string& value, const std::string& text) {
    std::int64_t number = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end)
        throw Error("'", text, "': '", value, "' is not a number; ", kUsage);
    return number;
}

void applySetting(SchemeOverride& rule, const std::string& setting, const std::string& text) {
    const auto colon = setting.find(':');
    const std::string key = setting.substr(0, colon);
    const std::string value = colon == std::string::npos ? "" : setting.substr(colon + 1);
    if (key == "bits") rule.bits = static_cast<int>(parseNumber(value, text));
    else if (key == "group") rule.groupSize = parseNumber(value, text);
    else if (key == "sym" && (value == "true" || value == "false")) rule.symmetric = value == "true";
    else throw Error("'", text, "': cannot read '", setting, "'; ", kUsage);
}

QuantScheme overridden(QuantScheme scheme, const SchemeOverride& rule) {
    scheme.bits = rule.bits.value_or(scheme.bits);
    scheme.groupSize = rule.groupSize.value_or(scheme.groupSize);
    scheme.symmetric = rule.symmetric.value_or(scheme.symmetric);
    return scheme;
}

}  // namespace

SchemeOverride parseOverride(const std::string& text) {
    const auto equals = text.rfind('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) throw Error("'", text, "': ", kUsage);
    SchemeOverride rule{Pattern(text.substr(0, equals)), {}, {}, {}};
    const std::string settings = text.substr(equals + 1);
    for (std::size_t begin = 0; begin <= settings.size();) {
        const std::size_t comma = std::min(settings.find(',', begin), settings.size());
        applySetting(rule, settings.substr(begin, comma - begin), text);
        begin = comma + 1;
    }
    checkScheme(overridden({}, rule));
    return rule;
}

std::optional<QuantScheme> SchemeRules::schemeOf(const std::string& module, QuantScheme base) const {
    for (const Pattern& exclusion : exclusions) {
        if (exclusion.foundIn(module)) return std::nullopt;
    }
    for (const SchemeOverride& rule : overrides) {
        if (rule.pattern.foundIn(module)) base = overridden(base, rule);
    }
    return base;
}

}  // namespace gptq
