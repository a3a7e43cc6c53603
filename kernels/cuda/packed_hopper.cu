// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of packed weights with some to many tokens on Hopper: y[t, n] = sum over k of x[t, k] (q[n, k] - z[g, n]) s[g, n].
//
// Weights become the A operand of a warpgroup's product (warpgroup.cuh) in registers, scaled and rounded there as a dequantized
// matrix would be; inputs are its B operand in shared memory. A block makes a tile of 128 outputs by 32, 64, 128 or 256 tokens:
//
//     warps 0-3:  outputs 0-63     | step | step | step | ...      a step: 128 inputs; its words, grids and inputs come through
//     warps 4-7:  outputs 64-127   | step | step | step | ...      a ring of stages, by the copy engine
//     warps 8-11: ask for copies, a warp a kind: inputs, words, scales, zeros
//
// Two blocks of neighbouring outputs are a cluster: each copies half of a step's inputs to both. All steps of all tiles are one
// line that is cut into as many equal parts as there are clusters; tiles on a cut are added up through scratch memory, by the
// last that comes, in the order of the parts: the same sums every time. Where tiles fill the card well, cuts are between tiles.
// While the tensor cores work on 64 columns of a tile, its warps make weights of the next 64. A warp writes its rows of a tile
// itself (hopper_output.cuh).
//
// Bound: up to some 100 tokens memory, bits / 8 bytes a weight; above, the tensor cores, 2 rows columns tokens operations. Measured
// (docs/benchmarks.md): the steps of 256 tokens take 2,263 cycles, of which the tensor cores need 2,048.
#include "kernels/cuda/packed_hopper.cuh"

#include <algorithm>

#include "kernels/cuda/hopper_tile.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/tensor_map.h"

namespace gptq {

// packed_hopper_half.cu, packed_hopper_brain.cu
template <class T>
void launchHopper(const CudaContext& context, const QuantScheme& scheme, const HopperShape& shape,
                  const HopperArguments& a, int tokens, const ProductOutput& out);
extern template void launchHopper<Half>(const CudaContext&, const QuantScheme&, const HopperShape&,
                                        const HopperArguments&, int, const ProductOutput&);
extern template void launchHopper<Brain>(const CudaContext&, const QuantScheme&, const HopperShape&,
                                         const HopperArguments&, int, const ProductOutput&);

namespace {

// What adding up the parts of tiles costs, in steps of tiles of so many tokens; as measured on an H100.
constexpr int partSteps(int tokens) {
    return 6 + tokens / 28;
}

// What copies take of the weight at once.
void mapWeight(const PackedWeight& weight, HopperArguments& a) {
    a.weight = packedArguments(weight);
    const int group = a.weight.groupColumns;
    const bool oneGroup = group % kColumns == 0 || a.weight.lastGroup == 0, wholeGroups = kColumns % group == 0;
    a.gridParts = oneGroup ? 1 : wholeGroups ? kColumns / group : kHalves;
    a.together = oneGroup || wholeGroups;
    const std::uint64_t rows = static_cast<std::uint64_t>(weight.rows), groups = a.weight.lastGroup + 1,
                        tileLongs = wordsOfTile(weight.scheme.bits) / 2;
    const unsigned gridRows = a.together ? a.gridParts : 1;
    a.words = tensorMap(CU_TENSOR_MAP_DATA_TYPE_UINT64, 8, a.weight.words, {a.weight.tiles * tileLongs, rows / 16},
                        {static_cast<unsigned>(kTiles * tileLongs), kStrips});
    a.scales = tensorMap(CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 2, a.weight.scales, {rows, groups}, {kRows, gridRows});
    if (!weight.scheme.symmetric)
        a.zeros = tensorMap(CU_TENSOR_MAP_DATA_TYPE_UINT8, 1, a.weight.zeros, {rows, groups}, {kRows, gridRows});
}

int tileTokensFor(std::int64_t tokens) {
    for (const int tile : {32, 64, 128}) {
        if (tokens <= tile) return tile;
    }
    const auto padded = [tokens](std::int64_t tile) { return (tokens + tile - 1) / tile * tile; };
    return padded(256) * 10 <= padded(128) * 11 ? 256 : 128;
}

}  // namespace

bool packedHopperTakes(const CudaContext& context, const PackedWeight& weight) {
    return context.limits().isHopper() && weight.scheme.groupColumns(weight.columns) % 32 == 0;
}

HopperShape hopperShape(const CudaContext& context, std::int64_t tokens, const PackedWeight& weight) {
    HopperShape shape{};
    shape.tokens = tileTokensFor(tokens);
    const std::int64_t tokenTiles = blocksFor(tokens, shape.tokens);
    shape.steps = static_cast<int>(blocksFor(weight.columns, kColumns));
    std::size_t stageBytes = 0;
    withBits(weight.scheme.bits, [&]<int bits>() {
        withTileTokens(shape.tokens, [&]<int tile>() { stageBytes = sizeof(Stage<bits, false, tile>); });
    });
    shape.stages =
        static_cast<int>((context.limits().sharedBytes - kRestBytes) / (stageBytes + 2 * sizeof(CopyBarrier)));
    const std::int64_t tiles = tokenTiles * blocksFor(weight.rows, kRows * kCluster);
    const std::int64_t clusters = context.properties().multiProcessorCount / kCluster;
    // The line of steps is cut anywhere where that saves more than adding up parts takes; else between tiles.
    const std::int64_t rounds = (tiles + clusters - 1) / clusters, all = tiles * shape.steps;
    shape.grain = (all + clusters - 1) / clusters + partSteps(shape.tokens) < rounds * shape.steps ? 1 : shape.steps;
    shape.clusters = static_cast<int>(std::min(clusters, tiles * shape.steps / shape.grain));
    if (shape.grain == 1) {
        shape.counters = static_cast<std::size_t>(tiles * kCluster);
        shape.partialBytes = static_cast<std::size_t>(shape.clusters * 2 * kCluster) *
                             static_cast<std::size_t>(kRows * shape.tokens) * sizeof(float);
    }
    return shape;
}

void packedHopper(const CudaContext& context, const PackedWeight& weight, const ProductInput& in,
                  const ProductOutput& out, DType activations, const HopperShape& shape, const HopperScratch& scratch) {
    if (in.norm || out.gated) throw Error("product of many tokens: a norm or gate");
    const int tokenTiles = static_cast<int>(blocksFor(in.tokens, shape.tokens));
    const auto tiles = static_cast<int>(tokenTiles * blocksFor(weight.rows, kRows * kCluster));
    HopperArguments a{};
    mapWeight(weight, a);
    const int boxTokens = std::min(in.tokens, shape.tokens);
    a.inputs = inputMap(in.x, in.tokens, weight.columns, in.stride, boxTokens);
    a.inputBytes = boxTokens * kColumns * 2;
    a.partials = scratch.partials;
    a.counters = scratch.counters;
    a.steps = shape.steps;
    a.stages = shape.stages;
    a.grain = shape.grain;
    a.grains = tiles * shape.steps / shape.grain;
    a.tokenTiles = tokenTiles;
    withActivation(activations, [&]<class T>() { launchHopper<T>(context, weight.scheme, shape, a, in.tokens, out); });
}

}  // namespace gptq
