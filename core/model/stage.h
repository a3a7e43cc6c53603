// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A stage of a decoder block: one linear group with what comes before it (a norm) and after it (an epilogue, attention). A block
// is an ordered list of stages. A forward pass runs them in turn; calibration walks them one at a time: prepare for all
// chunks of tokens, accumulate the Hessian of what they return, solve, then apply the quantized group for all chunks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/architecture/model_layout.h"
#include "core/model/block_state.h"
#include "core/model/linear_group.h"

namespace gptq {

enum class Slot : std::uint8_t { Residual, Qkv, Mixed, Gated };  // a tensor of BlockState

struct StageAttention {
    AttentionSpec spec;
    RotarySpec rotary;
    std::optional<NormSpec> queryNorm;
    std::optional<NormSpec> keyNorm;
};

// Immutable; the group is an argument, so that the quantized and the original one take turns.
struct Stage {
    std::vector<LinearModule> modules;
    Slot input = Slot::Residual;
    std::optional<NormSpec> norm;  // of the input
    Epilogue epilogue = Epilogue::None;
    Slot output = Slot::Residual;
    std::optional<StageAttention> attention;  // follows the products

    std::int64_t inputs() const { return modules.front().in; }

    // All in one, as inference runs it.
    void forward(Backend& backend, const LinearGroup& group, const BlockState& state) const;
    // In two steps, as calibration does: the group's input (tokens, in), normed; then all that follows.
    ConstTensorView prepare(Backend& backend, const BlockState& state) const;
    void apply(Backend& backend, const LinearGroup& group, ConstTensorView x, const BlockState& state) const;

private:
    void runGroup(Backend& backend, const LinearGroup& group, ConstTensorView x, const std::optional<NormSpec>& in,
                  const BlockState& state) const;
};

}  // namespace gptq
