// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of one token that follow each other, each taking what the one before put out, as one kernel.
#pragma once

#include <span>
#include <vector>

#include "kernels/cuda/mail.cuh"
#include "kernels/cuda/packed_decode.cuh"

namespace gptq {

// A block of a model: attention's output, gate and up, down, the next one's queries, keys and values.
inline constexpr std::size_t kMostChained = 4;

// Products of a step that are not launched yet, since what follows may become one kernel with them. Only while a step is recorded, when
// nothing that they use is freed.
struct KeptProducts {
    bool keeps = false;
    std::vector<DecodeProduct> products;
};

// Whether a product can be behind `before`, or be the first where there are none.
bool chains(const CudaContext& context, std::span<const DecodeProduct> before, const DecodeProduct& next);

// Letters that a chain's outputs take.
std::size_t chainLetters(std::span<const DecodeProduct> products);

// Two to kMostChained products that chain. letters: chainLetters of them, zeros before the first launch. launches: one number a
// multiprocessor, zeros before the first launch; every launch on one stream takes the same. False, and nothing done, where shared memory
// is too small.
bool packedChain(const CudaContext& context, std::span<const DecodeProduct> products, Letter* letters,
                 unsigned* launches);

}  // namespace gptq
