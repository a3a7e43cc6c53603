// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// One attention call: random inputs for a shape, the same on a device, for comparison with the oracle.
#pragma once

#include <QString>
#include <cstdint>
#include <vector>

#include "kernels/inference_ops.h"
#include "support/backend_fixture.h"
#include "support/reference_ops.h"

namespace gptq::test {

enum class HeadNorms { None, Queries, Keys, Both };

struct AttentionShape {
    AttentionSpec spec{.heads = 4, .kvHeads = 2, .headSize = 32, .scale = 0.2f, .window = 0};
    std::int64_t rotary = 32;  // dimensions
    float magnitude = 1;
    HeadNorms norms = HeadNorms::None;
    std::int64_t tokensEach = 3;
    std::vector<std::int32_t> pastLengths{0};
    std::int64_t spareSequences = 0;  // that the cache has room for

    QString name() const;
};

// The cache holds numbers where there is a past and NaN elsewhere.
reference::AttentionParts randomParts(const AttentionShape& shape, DType type);

// The same parts on a device.
struct AttentionThere {
    AttentionThere(const OpTarget& on, const reference::AttentionParts& parts);

    Framed qkv, keys, values, y;
    Tensor pastLengths;
    std::vector<Tensor> vectors;  // what rotary and norms view
    AttentionCall call;
};

// NaN as a number, so that places of the cache that must stay untouched compare equal.
Matrix comparable(Matrix matrix);

}  // namespace gptq::test
