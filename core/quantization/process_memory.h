// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>

namespace gptq {

// Anonymous memory of this process that is resident, in bytes; 0 where the system does not tell.
std::size_t anonymousBytes();

}  // namespace gptq
