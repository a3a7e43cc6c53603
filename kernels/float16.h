// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The two 16-bit floating-point types as they lie in memory, and their conversions (round to nearest, ties to even).
#pragma once

#include <bit>
#include <cstdint>

// Device code uses these too: every device rounds alike.
#if defined(__CUDACC__)
#define GPTQ_HOST_DEVICE __host__ __device__
#else
#define GPTQ_HOST_DEVICE
#endif

namespace gptq {

struct Float16 {  // IEEE 754 binary16
    std::uint16_t bits = 0;
};

struct BFloat16 {  // the upper half of binary32
    std::uint16_t bits = 0;
};

GPTQ_HOST_DEVICE inline float toFloat(float value) {
    return value;
}

GPTQ_HOST_DEVICE inline float toFloat(BFloat16 value) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

GPTQ_HOST_DEVICE inline float toFloat(Float16 value) {
    const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x8000u) << 16;
    const std::uint32_t magnitude = value.bits & 0x7fffu;
    if (magnitude >= 0x7c00u) {  // infinity, NaN
        return std::bit_cast<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    }
    // Exponent and mantissa moved into place, then scaled by 2^112: exact for normal and subnormal numbers alike.
    const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(scaled));
}

GPTQ_HOST_DEVICE inline BFloat16 toBFloat16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return {static_cast<std::uint16_t>(bits >> 16 | 0x40u)};  // a quiet NaN
    }
    return {static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
}

GPTQ_HOST_DEVICE inline Float16 toFloat16(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint16_t sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000u);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
        return {static_cast<std::uint16_t>(sign | 0x7e00u)};
    }
    if (magnitude >= 0x477ff000u) {  // 65520 and above round to infinity
        return {static_cast<std::uint16_t>(sign | 0x7c00u)};
    }
    if (magnitude < 0x38800000u) {  // below 2^-14: subnormal, the unit is 2^-24; the addition rounds
        const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
        return {static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u))};
    }
    const std::uint32_t rounded = magnitude + 0xfffu + (magnitude >> 13 & 1u) - 0x38000000u;
    return {static_cast<std::uint16_t>(sign | rounded >> 13)};
}

}  // namespace gptq
