// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the operating system says about a failed call, in words that tell the user what to do.
#pragma once

#include <string>

namespace gptq {

// For an errno value: "the disk is full; free some space or choose another disk".
std::string systemReason(int code);

}  // namespace gptq
