// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a generation of GPUs grants a kernel (CUDA Programming Guide, "Compute Capabilities"): dispatch and launches go by it.
#pragma once

#include <cstddef>

namespace gptq {

inline constexpr int kMostRegisters = 255;  // a thread's
inline constexpr std::size_t kStaticShared = 48u
                                             << 10;  // bytes a block may declare; beyond, they are asked for at launch

struct GpuLimits {
    int capability = 0;           // 75, 80, 86, 89, 90, 100, 120: "sm_" and this
    std::size_t sharedBytes = 0;  // that a block may ask for
    int card = 0;                 // what it really is; a newer one may be used as if it were older

    bool multipliesBFloat16() const { return capability >= 80; }      // on tensor cores
    bool copiesAsynchronously() const { return capability >= 80; }    // from global to shared memory
    bool chainsKernels() const { return capability >= 90; }           // programmatic dependent launch
    bool isHopper() const { return capability == 90 && card == 90; }  // instructions of sm_90a, which no later one has
};

// Of a capability; of one that is not known yet, those of the known one below it.
GpuLimits limitsOf(int capability);

// Of a card that is used as if it were `wanted`, an older one of 75, 80, 86, 89 and 90 (the environment variable GPTQ_STUDIO_SM):
// for tests of what older cards run. Null or empty: as what it is. Throws Error.
GpuLimits limitsAsIf(int card, const char* wanted);

}  // namespace gptq
