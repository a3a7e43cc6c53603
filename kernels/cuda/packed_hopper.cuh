// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/decode_product.cuh"
#include "kernels/packed_layout.h"

namespace gptq {

// How a product of some or many tokens is laid on a Hopper card, and the scratch memory that it takes.
struct HopperShape {
    int tokens;                // a tile: 32, 64, 128 or 256
    int steps;                 // a tile, along the inputs
    int stages;                // steps in flight
    int clusters;              // of blocks; they share out all steps of all tiles
    int grain;                 // steps that stay together: 1, or a whole tile's
    std::size_t partialBytes;  // of tiles that clusters share
    std::size_t counters;      // zero before and after
};
HopperShape hopperShape(const CudaContext& context, std::int64_t tokens, const PackedWeight& weight);

// Whether the kernel takes this weight on this card: Hopper, groups of whole half tiles.
bool packedHopperTakes(const CudaContext& context, const PackedWeight& weight);

struct HopperScratch {
    float* partials;
    int* counters;
};

// y = x w^T, or y += it, bias added; no norm, no gate. x (tokens, columns), rows of it aligned to 16 bytes.
void packedHopper(const CudaContext& context, const PackedWeight& weight, const ProductInput& in,
                  const ProductOutput& out, DType activations, const HopperShape& shape, const HopperScratch& scratch);

}  // namespace gptq
