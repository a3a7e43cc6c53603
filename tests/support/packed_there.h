// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A packed matrix on its device.
#pragma once

#include "kernels/packed_layout.h"
#include "support/backend_fixture.h"
#include "support/reference_ops.h"

namespace gptq::test {

// A matrix of this scheme whose products with numbers of size 1 have about that size; the same for the same seed.
reference::PackedParts randomPacked(const QuantScheme& scheme, std::int64_t rows, std::int64_t columns, unsigned seed);

struct PackedThere {
    // An empty bias is none.
    PackedThere(Backend& backend, const reference::PackedParts& parts, const Matrix& bias);

    Tensor words, scales, zeros, order, biases;
    PackedWeight weight;
};

}  // namespace gptq::test
