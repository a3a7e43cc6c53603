// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The uniform grid of one group of weights: its scale and zero from the group's range, a weight's code, a code's weight.
//
//   symmetric   s = r(2 max|w| / (2^b - 1)),  z = 2^(b-1)
//   asymmetric  lo = min(0, min w), hi = max(0, max w),  s = r((hi - lo) / (2^b - 1)),  z = clamp(rint(-lo / s), 0, 2^b - 1)
//   code        q = clamp(rint(w / s) + z, 0, 2^b - 1),  weight (q - z) s
//
// r rounds to float16 before the scale is used, so the solver sees the grid that the run-time kernels see. Templates, so
// that the CPU computes in float64 and CUDA in float32 from one text.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/float16.h"

namespace gptq {

// What the scales of a checkpoint must be exact in. BFloat16 checkpoints keep 8 significant bits inside float16's normal
// range, which is exact in both types.
enum class ScalePrecision : std::uint8_t { Float16, Float16AndBFloat16 };

struct GridSpec {
    int bits = 4;
    bool symmetric = true;
    ScalePrecision precision = ScalePrecision::Float16;
};

template <class Real>
struct GridPoint {
    Real scale;
    Real zero;
};

template <class Real>
GPTQ_HOST_DEVICE Real topCodeOf(const GridSpec& spec) {
    return static_cast<Real>((1 << spec.bits) - 1);
}

// A scale rounded to what every reader holds exactly; at least 2^-14, the least normal float16.
template <class Real>
GPTQ_HOST_DEVICE Real roundScale(Real scale, ScalePrecision precision) {
    float value = static_cast<float>(scale);
    if (precision == ScalePrecision::Float16AndBFloat16) value = toFloat(toBFloat16(value));
    if (value > 65024.0f) value = 65024.0f;  // the largest that float16 holds with 8 significant bits
    if (value < 0x1p-14f) value = 0x1p-14f;
    return static_cast<Real>(toFloat(toFloat16(value)));
}

// The grid of a group whose least weight is low and whose greatest is high.
template <class Real>
GPTQ_HOST_DEVICE GridPoint<Real> gridOfRange(Real low, Real high, const GridSpec& spec) {
    const Real top = topCodeOf<Real>(spec);
    const Real least = low < 0 ? low : Real(0);
    const Real most = high > 0 ? high : Real(0);
    const Real width = spec.symmetric ? Real(2) * (most > -least ? most : -least) : most - least;
    const Real scale = roundScale(width == 0 ? Real(1) / top : width / top, spec.precision);
    if (spec.symmetric) return {scale, static_cast<Real>(1 << (spec.bits - 1))};
    const Real zero = rint(-least / scale);
    return {scale, zero < 0 ? Real(0) : zero > top ? top : zero};
}

template <class Real>
GPTQ_HOST_DEVICE Real codeOf(Real weight, const GridPoint<Real>& grid, Real top) {
    const Real code = rint(weight / grid.scale) + grid.zero;
    return code < 0 ? Real(0) : code > top ? top : code;
}

template <class Real>
GPTQ_HOST_DEVICE Real weightOf(Real code, const GridPoint<Real>& grid) {
    return (code - grid.zero) * grid.scale;
}

}  // namespace gptq
