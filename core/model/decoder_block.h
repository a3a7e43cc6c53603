// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// One decoder block: its norms and its stages, in order. It owns no linear weights.
#pragma once

#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/model/stage.h"

namespace gptq {

// The rotary embedding's angles on a device, shared by all blocks.
struct RotaryTensors {
    RotaryTensors(Backend& backend, const RotaryConfig& config);
    RotarySpec spec() const { return {frequencies.view(), magnitude}; }

    Tensor frequencies;
    float magnitude;
};

class DecoderBlock {
public:
    // `rotary` outlives the block.
    DecoderBlock(Backend& backend, const Checkpoint& model, const RotaryTensors& rotary, std::int64_t layer);

    const std::vector<Stage>& stages() const { return m_stages; }
    // One group a stage.
    void forward(Backend& backend, const std::vector<LinearGroup>& groups, const BlockState& state) const;

private:
    NormSpec loadNorm(Backend& backend, const Checkpoint& model, const std::string& name);

    std::vector<Tensor> m_norms;
    std::vector<Stage> m_stages;
};

}  // namespace gptq
