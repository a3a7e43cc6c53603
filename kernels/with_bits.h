// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/error.h"

namespace gptq {

// Calls function.template operator()<bits>() with a scheme's bits as a constant.
template <class Function>
void withBits(int bits, const Function& function) {
    switch (bits) {
        case 2: return function.template operator()<2>();
        case 3: return function.template operator()<3>();
        case 4: return function.template operator()<4>();
        case 8: return function.template operator()<8>();
        default: throw Error("no packed product for ", bits, " bits");
    }
}

}  // namespace gptq
