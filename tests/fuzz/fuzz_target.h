// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What each *_fuzz.cpp defines: the function that libFuzzer calls, and inputs to begin with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace gptq::test {

std::vector<std::string> fuzzSeeds();

// Ends the program, which is how a fuzzer learns of a finding.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

// An input may be refused with an Error, and with nothing else.
template <class Action>
void attempt(const Action& action) {
    try {
        action();
    } catch (const Error&) {}
}

inline std::string_view textOf(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

}  // namespace gptq::test
