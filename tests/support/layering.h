// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The layering rules of docs/architecture.md, checked on a source tree: which folder, and which floor of core, may
// include which.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gptq::test {

struct LayeringReport {
    int files = 0;                        // source files read
    int includes = 0;                     // include lines followed
    std::vector<std::string> violations;  // "core/io/file.h:3: core/model/linear.h is on a higher floor"
};

// Reads every source file of kernels/, core/, ui/ and app/ below root; a folder that is not there is empty.
LayeringReport checkLayering(const std::filesystem::path& root);

}  // namespace gptq::test
