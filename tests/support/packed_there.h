// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A packed matrix on its device.
#pragma once

#include "kernels/packed_layout.h"
#include "support/backend_fixture.h"
#include "support/reference_ops.h"

namespace gptq::test {

struct PackedThere {
    // An empty bias is none.
    PackedThere(Backend& backend, const reference::PackedParts& parts, const Matrix& bias);

    Tensor words, scales, zeros, order, biases;
    PackedWeight weight;
};

}  // namespace gptq::test
