// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Regular expressions (PCRE2) over the names of modules, as users write them and as checkpoints hold them.
#pragma once

#include <memory>
#include <string>

namespace gptq {

class Pattern {
public:
    // Throws Error that shows where the expression is wrong.
    explicit Pattern(const std::string& expression);

    const std::string& expression() const { return m_expression; }
    bool foundIn(const std::string& name) const;         // anywhere, as re.search
    bool matchesStartOf(const std::string& name) const;  // from the first character on, as Python's re.match

private:
    bool run(const std::string& name, unsigned options) const;

    std::string m_expression;
    std::shared_ptr<void> m_code;  // pcre2_code
};

}  // namespace gptq
