// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "kernels/error.h"

namespace gptq {

Pattern::Pattern(const std::string& expression) : m_expression(expression) {
    int error = 0;
    PCRE2_SIZE at = 0;
    pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(), PCRE2_UTF,
                                     &error, &at, nullptr);
    if (!code) {
        PCRE2_UCHAR reason[128];
        pcre2_get_error_message(error, reason, sizeof reason);
        throw Error("the pattern '", expression, "' is wrong at character ", at + 1, ": ",
                    reinterpret_cast<const char*>(reason));
    }
    m_code = std::shared_ptr<void>(code, [](void* owned) { pcre2_code_free(static_cast<pcre2_code*>(owned)); });
}

bool Pattern::foundIn(const std::string& name) const {
    return run(name, 0);
}

bool Pattern::matchesStartOf(const std::string& name) const {
    return run(name, PCRE2_ANCHORED);
}

bool Pattern::run(const std::string& name, unsigned options) const {
    const auto* code = static_cast<const pcre2_code*>(m_code.get());
    const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match(
        pcre2_match_data_create_from_pattern(code, nullptr), pcre2_match_data_free);
    const int found =
        pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(name.data()), name.size(), 0, options, match.get(), nullptr);
    if (found < 0 && found != PCRE2_ERROR_NOMATCH) {
        throw Error("the pattern '", m_expression, "' takes too long on ", name, "; write a simpler one");
    }
    return found >= 0;
}

}  // namespace gptq
