// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/error.h"

namespace gptq {

Error::~Error() = default;

}  // namespace gptq
