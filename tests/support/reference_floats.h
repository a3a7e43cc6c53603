// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Rounding to a binary floating-point type by its definition, in float64: independent of the conversions of the kernels.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace gptq::test::reference {

struct FloatFormat {
    int significantBits;
    int leastExponent;     // of the least normal number, 2^leastExponent
    int greatestExponent;  // of the greatest finite number's leading bit
};
inline constexpr FloatFormat kFloat16{11, -14, 15};
inline constexpr FloatFormat kBFloat16{8, -126, 127};

// To the nearest number of the format, ties to the even one; infinity from half a step above the greatest on.
inline double rounded(double value, const FloatFormat& format) {
    if (value == 0 || !std::isfinite(value)) return value;
    const int exponent = std::max(std::ilogb(value), format.leastExponent);
    const double step = std::ldexp(1.0, exponent - format.significantBits + 1);
    const double nearest = std::nearbyint(value / step) * step;
    if (std::abs(nearest) < std::ldexp(2.0, format.greatestExponent)) return nearest;
    return std::copysign(std::numeric_limits<double>::infinity(), value);
}

// What the bits of a 16-bit float stand for; the sign of a zero is kept.
inline double valueOfBits(unsigned bits, const FloatFormat& format) {
    const int mantissaBits = format.significantBits - 1, exponentBits = 15 - mantissaBits;
    const unsigned mantissa = bits & ((1u << mantissaBits) - 1);
    const int exponent = static_cast<int>(bits >> mantissaBits & ((1u << exponentBits) - 1));
    const double sign = bits >> 15 != 0 ? -1.0 : 1.0;
    if (exponent == (1 << exponentBits) - 1) {
        return sign *
               (mantissa != 0 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity());
    }
    if (exponent == 0) return sign * std::ldexp(mantissa, format.leastExponent - mantissaBits);
    return sign * std::ldexp((1u << mantissaBits) + mantissa, exponent - 1 + format.leastExponent - mantissaBits);
}

}  // namespace gptq::test::reference
