// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/packed_arguments.cuh"
#include "kernels/with_bits.h"

namespace gptq {

inline constexpr int kPairColumns = 128;  // of a pair of tiles

// Whether a pair of tiles of a row has one scale.
inline bool scalesWholePairs(const PackedArguments& w) {
    return w.groupColumns % kPairColumns == 0 || w.groupColumns == w.columns;
}

// Calls function.template operator()<bits, T, symmetric, parts>() with these as constants, for groups of whole halves of tiles: so
// many parts of a pair of tiles are scaled apart.
template <class Function>
void withScheme(const PackedArguments& w, const QuantScheme& scheme, DType activations, const Function& function) {
    withActivation(activations, [&]<class T>() {
        withBits(scheme.bits, [&]<int bits>() {
            const auto call = [&]<bool symmetric>() {
                if (scalesWholePairs(w)) function.template operator()<bits, T, symmetric, 1>();
                else function.template operator()<bits, T, symmetric, 4>();
            };
            scheme.symmetric ? call.template operator()<true>() : call.template operator()<false>();
        });
    });
}

}  // namespace gptq
