// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/convert_floats.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "kernels/error.h"
#include "kernels/float16.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace gptq {
namespace {

constexpr std::size_t kPiece = 1024;  // numbers, as float32 in the first-level cache

template <class T>
T load(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
}
template <class T>
void store(T value, std::byte* to) {
    std::memcpy(to, &value, sizeof(T));
}

void widenHalves(const std::byte* from, float* to, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) to[i] = toFloat(load<Float16>(from + i * sizeof(Float16)));
}
void narrowToHalves(const float* from, std::byte* to, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) store(toFloat16(from[i]), to + i * sizeof(Float16));
}

// Processors have instructions for float16 that compilers do not find in the arithmetic of float16.h.
#if defined(__x86_64__)
#define GPTQ_F16C __attribute__((target("avx,f16c")))

GPTQ_F16C void widenHalvesF16c(const std::byte* from, float* to, std::size_t count) {
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i * sizeof(Float16)));
        _mm256_storeu_ps(to + i, _mm256_cvtph_ps(halves));
    }
    widenHalves(from + i * sizeof(Float16), to + i, count - i);
}
GPTQ_F16C void narrowToHalvesF16c(const float* from, std::byte* to, std::size_t count) {
    std::size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * sizeof(Float16)), halves);
    }
    narrowToHalves(from + i, to + i * sizeof(Float16), count - i);
}

bool hasF16c() {
    static const bool has = [] {
        unsigned a = 0, b = 0, c = 0, d = 0;  // clang 14's __builtin_cpu_supports does not know f16c
        return __builtin_cpu_supports("avx") && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
    }();
    return has;
}
#else
bool hasF16c() {
    return false;
}
void widenHalvesF16c(const std::byte*, float*, std::size_t) {}
void narrowToHalvesF16c(const float*, std::byte*, std::size_t) {}
#endif

void widen(DType type, const std::byte* from, float* to, std::size_t count) {
    switch (type) {
        case DType::Float32: std::memcpy(to, from, count * sizeof(float)); return;
        case DType::Float16: return hasF16c() ? widenHalvesF16c(from, to, count) : widenHalves(from, to, count);
        case DType::BFloat16:
            for (std::size_t i = 0; i < count; ++i) to[i] = toFloat(load<BFloat16>(from + i * sizeof(BFloat16)));
            return;
        default: throw Error("a tensor of ", nameOf(type), " was taken for floating point");
    }
}

void narrow(DType type, const float* from, std::byte* to, std::size_t count) {
    switch (type) {
        case DType::Float32: std::memcpy(to, from, count * sizeof(float)); return;
        case DType::Float16: return hasF16c() ? narrowToHalvesF16c(from, to, count) : narrowToHalves(from, to, count);
        case DType::BFloat16:
            for (std::size_t i = 0; i < count; ++i) store(toBFloat16(from[i]), to + i * sizeof(BFloat16));
            return;
        default: throw Error("a tensor of ", nameOf(type), " was taken for floating point");
    }
}

}  // namespace

void convertFloats(DType fromType, const std::byte* from, DType toType, std::byte* to, std::size_t count) {
    if (toType == DType::Float32 && reinterpret_cast<std::uintptr_t>(to) % alignof(float) == 0)
        return widen(fromType, from, reinterpret_cast<float*>(to), count);
    std::array<float, kPiece> values;
    for (std::size_t done = 0; done < count; done += kPiece) {
        const std::size_t now = std::min(kPiece, count - done);
        widen(fromType, from + done * bytesOf(fromType), values.data(), now);
        narrow(toType, values.data(), to + done * bytesOf(toType), now);
    }
}

}  // namespace gptq
