// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A tile of a product on Hopper (packed_hopper.cu): its measures, its steps in shared memory, and those who ask for them.
#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/cuda/packed_arguments.cuh"
#include "kernels/cuda/warpgroup.cuh"
#include "kernels/with_bits.h"

namespace gptq {

inline constexpr int kColumns = 128;  // of a step
inline constexpr int kTiles = kColumns / 64;
inline constexpr int kHalves = kColumns / 32;

inline constexpr int kCluster = 2;    // blocks that share inputs
inline constexpr int kWorkers = 256;  // threads that multiply, a warp a strip of 16 rows
inline constexpr int kAskers = 128;   // threads that ask for copies, a warp a kind
inline constexpr int kStrips = kWorkers / 32;
inline constexpr int kRows = kStrips * 16;
inline constexpr int kThreads = kWorkers + kAskers;

// Sums take more registers than an equal share gives.
constexpr bool sharesRegisters(int tokens) {
    return tokens >= 128;
}

// Shared memory beside the ring: 16 tokens of each strip on their way out, and a number.
inline constexpr int kOutputTokens = 16;
inline constexpr int kOutputBytes = kOutputTokens * 16 * 2;
inline constexpr int kRestBytes = kStrips * kOutputBytes + static_cast<int>(sizeof(int));

struct HopperArguments {
    CUtensorMap words;   // [strip of 16 rows][words], two at a time as one number of 64 bits
    CUtensorMap scales;  // [group][row]
    CUtensorMap zeros;
    CUtensorMap inputs;  // [token][column], 64 columns at a time
    float* partials;     // [cluster][first tile, last tile][rank][four sums][worker]
    int* counters;       // [tile][rank]: parts that are there
    PackedArguments weight;
    int inputBytes;  // of a step; a lone tile's is of the tokens that there are, for zeros take the engine longer than copies
    int gridParts;  // of a step, each with grids of its own: 1, 2 or 4
    bool together;  // whether they are neighbours, one copy; else one is asked for after the other
    int steps;
    int stages;
    int grain;
    int grains;
    int tokenTiles;

    // Parts of the line, one a cluster.
    __device__ int beginOf(int cluster, int clusters) const {
        return static_cast<int>(static_cast<std::int64_t>(grains) * cluster / clusters) * grain;
    }
    __device__ int ownerOf(int step, int clusters) const {
        return static_cast<int>((static_cast<std::int64_t>(step / grain + 1) * clusters - 1) / grains);
    }
};

// A step in shared memory; inputs first, whose pieces of 1 KB must be aligned.
template <int bits, bool symmetric, int tokens>
struct alignas(1024) Stage {
    static constexpr int kTileWords = static_cast<int>(wordsOfTile(bits));
    unsigned char inputs[kTiles][tokens][128];
    std::uint32_t words[kStrips][kTiles][kTileWords];
    Half scales[kHalves][kRows];  // of as many parts as there are
    std::uint8_t zeros[symmetric ? 1 : kHalves][symmetric ? 16 : kRows];
};

#ifdef GPTQ_HOPPER_DEVICE

struct Ring {
    CopyBarrier* full;
    CopyBarrier* empty;
    int stages;
    int slot = 0;
    unsigned parity = 0;

    __device__ void next() {
        if (++slot < stages) return;
        slot = 0;
        parity ^= 1;
    }
};

// One thread's part of asking for copies of steps [begin, end): a warp asks for inputs, one for words, one for scales, one for zeros.
// Weights of all stages are asked for before the kernel before has ended, inputs when it has.
template <int bits, bool symmetric, int tokens>
__device__ void askForCopies(const HopperArguments& a, Stage<bits, symmetric, tokens>* stages, Ring ring, int begin,
                             int end, int rank) {
    using Step = Stage<bits, symmetric, tokens>;
    static_assert(kTiles == kCluster);  // a block's share of the inputs is a tile of columns
    // Calls ask(step, stage, barrier) for each step, when its stage is free, and what a tile begins with before.
    const auto each = [&](const auto& beginTile) {
        for (int at = begin; at < end;) {
            const int tile = at / a.steps, first = at - tile * a.steps, steps = min(end - at, a.steps - first);
            const int row = (tile / a.tokenTiles * kCluster + rank) * kRows;
            const auto ask = beginTile(tile, row);
#pragma unroll 1
            for (int step = first; step < first + steps; ++step) {
                awaitAsleep(ring.empty + ring.slot, ring.parity ^ 1);
                ask(step, stages[ring.slot], ring.full + ring.slot);
                ring.next();
            }
            at += steps;
        }
    };
    const auto grids = [&](const CUtensorMap& map, int row, int step, auto* to, CopyBarrier* full) {
        const int group = a.gridParts > 1 ? step * a.gridParts : a.weight.groupOfHalf(step * kHalves);
        if (a.together) return tensorCopy(to, map, row, group, full);
        for (int half = 0; half < kHalves; ++half)
            tensorCopy(to + half * kRows, map, row, a.weight.groupOfHalf(step * kHalves + half), full);
    };
    switch ((static_cast<int>(threadIdx.x) - kWorkers) / 32) {
        case 0: {  // this block's share of inputs, to every block of the cluster
            const int bytes =
                a.inputBytes + static_cast<int>(sizeof(Step::words)) + a.gridParts * kRows * (symmetric ? 2 : 3);
            waitForPrevious();
            each([&](int tile, int) {
                const int token = tile % a.tokenTiles * tokens;
                return [&, token](int step, Step& stage, CopyBarrier* full) {
                    expectBytes(full, bytes);
                    tensorCopyToAll(stage.inputs[rank], a.inputs, step * kColumns + rank * 64, token, full,
                                    (1 << kCluster) - 1);
                };
            });
            // No block goes while the other may still arrive at its barriers.
            for (int i = 0; i < a.stages; ++i) {
                awaitAsleep(ring.empty + ring.slot, ring.parity ^ 1);
                ring.next();
            }
            break;
        }
        case 1:
            each([&](int, int row) {
                return [&, row](int step, Step& stage, CopyBarrier* full) {
                    tensorCopy(stage.words, a.words, step * (kTiles * Step::kTileWords / 2), row / 16, full);
                };
            });
            break;
        case 2:
            each([&](int, int row) {
                return [&, row](int step, Step& stage, CopyBarrier* full) {
                    grids(a.scales, row, step, &stage.scales[0][0], full);
                };
            });
            break;
        default:
            if constexpr (!symmetric) {
                each([&](int, int row) {
                    return [&, row](int step, Step& stage, CopyBarrier* full) {
                        grids(a.zeros, row, step, &stage.zeros[0][0], full);
                    };
                });
            }
    }
}

#endif

// Calls function.template operator()<tokens>() with a tile's tokens as a constant.
template <class Function>
void withTileTokens(int tokens, const Function& function) {
    switch (tokens) {
        case 32: return function.template operator()<32>();
        case 64: return function.template operator()<64>();
        case 128: return function.template operator()<128>();
        default: return function.template operator()<256>();
    }
}

}  // namespace gptq
