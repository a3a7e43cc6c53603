// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a device's memory delivers, measured: the ceiling that benchmarks are held against.
#pragma once

#include <functional>

#include "kernels/backend.h"

namespace gptq {

// Bytes a second of a large copy on the device, read and written bytes counted; the median of several.
double measureCopyBandwidth(Backend& backend);

struct Timing {
    double median = 0;  // seconds
    double p5 = 0;
    double p95 = 0;
};

// Seconds of `work` by the device's clock, `repeats` times after three that do not count.
Timing measure(Backend& backend, int repeats, const std::function<void()>& work);

}  // namespace gptq
