// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The one exception type. Its text says what happened, where (file, tensor, offset), why, and what to do.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace gptq {

// Joins its parts as an output stream would print them: text("row ", 3, " of ", 8) == "row 3 of 8".
template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream joined;
    (joined << ... << parts);
    return joined.str();
}

class Error : public std::runtime_error {
public:
    template <class... Parts>
    explicit Error(const Parts&... parts) : std::runtime_error(text(parts...)) {}
    ~Error() override;  // defined in error.cpp: one type across shared libraries
    Error(const Error&) = default;
};

}  // namespace gptq
