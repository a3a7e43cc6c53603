// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The include lines of a C++ source text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gptq::test {

struct IncludeLine {
    enum class Form { Quoted, Angle, Computed };  // "a.h", <a.h>, anything else
    Form form = Form::Computed;
    std::string name;  // as written, without its marks
    int line = 0;      // counted from 1
};

// Sees through comments and continued lines; both branches of a conditional count.
std::vector<IncludeLine> includesOf(std::string_view source);

}  // namespace gptq::test
