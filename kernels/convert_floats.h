// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Many floating-point numbers from one type to another at once.
#pragma once

#include <cstddef>

#include "kernels/tensor.h"

namespace gptq {

// Converts `count` numbers of Float32, Float16 or BFloat16, which need not be aligned, to another of these types as float16.h does one
// by one: to the nearest, ties to even, beyond the largest to infinity; what is not a number stays none. Throws Error for other types.
void convertFloats(DType fromType, const std::byte* from, DType toType, std::byte* to, std::size_t count);

}  // namespace gptq
