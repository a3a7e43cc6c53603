// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// One group call, with its norm and its epilogue, against the oracle: for dense and for packed weights alike.
#pragma once

#include <QString>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/inference_ops.h"
#include "support/backend_fixture.h"
#include "support/matrix.h"

namespace gptq::test {

struct GroupShape {
    std::int64_t tokens = 1;
    std::int64_t outputs = 32;
    std::int64_t inputs = 32;
    Epilogue epilogue = Epilogue::None;
    bool norm = false;
    bool bias = false;
    bool logits = false;  // y is float32 whatever the activations are (without an epilogue)

    QString name() const;
};

// Every number of tokens around a tile, with every epilogue, norm and bias.
std::vector<GroupShape> callShapes(std::int64_t outputs, std::int64_t inputs);

// Calls `linear` on random x. `weights` (outputs, inputs) and `bias` (1, outputs; empty: none) are what the weight given to it
// stands for. Empty where y is as it should be and nothing beside it was written. moreRoundings: to the activation type, beside
// those of what is stored.
QString groupCallDifference(const OpTarget& target, const GroupShape& shape, const Matrix& weights, const Matrix& bias,
                            const std::function<void(const GroupCall&)>& linear, int moreRoundings = 0);

}  // namespace gptq::test
