// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// How ops that chain become the links of one kernel: what lies where in shared memory and among the letters.
#pragma once

#include <optional>
#include <span>

#include "kernels/cuda/chain.cuh"

namespace gptq {

struct ChainPlan {
    Chain chain{};
    std::size_t sharedBytes = 0;
    std::size_t letters = 0;
};

// letters: null where only the sizes matter. None where a block's weights do not fit, or a block has more outputs than its warps finish.
std::optional<ChainPlan> chainPlan(const CudaContext& context, std::span<const ChainedOp> ops, Letter* letters);

}  // namespace gptq
