// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Small products and attentions of one token that follow each other, each taking what the one before put out, as one kernel.
#pragma once

#include <span>
#include <variant>
#include <vector>

#include "kernels/cuda/mail.cuh"
#include "kernels/cuda/packed_decode.cuh"

namespace gptq {

// Sixteen blocks of a model: attention, its output, gate and up, down, the next one's queries, keys and values.
inline constexpr std::size_t kMostChained = 80;

using ChainedOp = std::variant<DecodeProduct, AttentionCall>;

// What of a step is not launched yet, since what follows may become one kernel with it. Only while a step is recorded, when
// nothing that it uses is freed.
struct KeptOps {
    bool keeps = false;
    std::vector<ChainedOp> ops;
};

// Whether an op can be behind `before`, or be the first where there are none.
bool chains(const CudaContext& context, std::span<const ChainedOp> before, const ChainedOp& next);

// Letters that a chain's outputs take.
std::size_t chainLetters(const CudaContext& context, std::span<const ChainedOp> ops);

// Two to kMostChained ops that chain. letters: chainLetters of them, zeros before the first launch. launches: one number a
// multiprocessor, zeros before the first launch; every launch on one stream takes the same.
void packedChain(const CudaContext& context, std::span<const ChainedOp> ops, Letter* letters, unsigned* launches);

}  // namespace gptq
