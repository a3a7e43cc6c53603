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
inline constexpr int kAskers = 128;  // threads that ask for copies

// Blocks that share inputs.
constexpr int clusterOf(int tokens) {
    return tokens >= 64 ? 2 : 1;
}
// Threads that multiply, a warp a strip of 16 rows: as many as the registers of their sums allow.
constexpr int workersOf(int tokens) {
    return tokens >= 64 ? 256 : 512;
}
// Sums take more registers than an equal share gives.
constexpr bool sharesRegisters(int tokens) {
    return tokens >= 128;
}
constexpr int threadsOf(int tokens) {
    return workersOf(tokens) + kAskers;
}
constexpr int stripsOf(int tokens) {
    return workersOf(tokens) / 32;
}
constexpr int rowsOf(int tokens) {
    return stripsOf(tokens) * 16;
}

struct HopperArguments : PackedArguments {
    const unsigned char* inputs;  // [token tile][64 columns][token][128 bytes]
    float* partials;              // [cluster][first tile, last tile][rank][four sums][worker]
    int* counters;                // [tile][rank]: parts that are there
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
    static constexpr int kTileWords = static_cast<int>(wordsOfTile(bits)), kStrips = stripsOf(tokens),
                         kRows = rowsOf(tokens);
    unsigned char inputs[kTiles][tokens][128];
    std::uint32_t words[kStrips][kTiles][kTileWords];
    Half scales[kHalves][kRows];
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

// What one of the asking threads copies of every step of a tile: its 16-byte chunks of words and of grids.
template <int bits, bool symmetric, int tokens>
class Asker {
    using Step = Stage<bits, symmetric, tokens>;
    static constexpr int kChunks = kTiles * Step::kTileWords / 4;  // of a strip
    static constexpr int kEach = Step::kStrips * kChunks / kAskers;
    static constexpr int kGrids = kHalves * Step::kRows / 8;                 // chunks of scales
    static constexpr int kGridChunks = symmetric ? kGrids : kGrids / 2 * 3;  // and of zeros
    static constexpr int kGridsEach = (kGridChunks + kAskers - 1) / kAskers;

public:
    __device__ Asker(const HopperArguments& a, int row)
        : m_thread(static_cast<int>(threadIdx.x) - workersOf(tokens)), m_row(row) {
#pragma unroll
        for (int i = 0; i < kEach; ++i) {
            const int at = m_thread + i * kAskers, strip = at / kChunks, chunk = at % kChunks;
            m_words[i] = a.words + static_cast<std::int64_t>(row / 16 + strip) * a.tiles * Step::kTileWords + chunk * 4;
            m_there[i] = row + strip * 16 < a.rows;
        }
    }

    __device__ void ask(const HopperArguments& a, Step& stage, int step) const {
        const int tile = step * kTiles, there = (a.tiles - tile) * Step::kTileWords / 4;
        std::uint32_t* const to = stage.words[0][0];
#pragma unroll
        for (int i = 0; i < kEach; ++i) {
            const int at = m_thread + i * kAskers;
            if (m_there[i] && at % kChunks < there)
                copyAsync<16>(to + at * 4, m_words[i] + static_cast<std::int64_t>(tile) * Step::kTileWords);
        }
#pragma unroll
        for (int i = 0; i < kGridsEach; ++i) {
            const int at = m_thread + i * kAskers;
            const bool zeros = !symmetric && at >= kGrids;
            const int chunk = zeros ? at - kGrids : at, perHalf = Step::kRows / (zeros ? 16 : 8);
            const int half = chunk / perHalf, row = m_row + chunk % perHalf * (zeros ? 16 : 8);
            if (at >= kGridChunks || row >= a.rows) continue;
            const std::int64_t from = static_cast<std::int64_t>(a.groupOfHalf(step * kHalves + half)) * a.rows + row;
            if (!zeros) copyAsync<16>(&stage.scales[0][0] + chunk * 8, a.scales + from);
            else if constexpr (!symmetric) copyAsync<16>(&stage.zeros[0][0] + chunk * 16, a.zeros + from);
        }
    }

private:
    int m_thread, m_row;
    const std::uint32_t* m_words[kEach];
    bool m_there[kEach];
};

// This block's part of a step's inputs, to every block of the cluster.
template <int bytes, int cluster>
__device__ void askInputs(const HopperArguments& a, unsigned char* inputs, CopyBarrier* full, int tokenTile, int step,
                          unsigned rank) {
    constexpr int part = bytes / cluster;
    const std::int64_t at = (static_cast<std::int64_t>(tokenTile) * a.steps + step) * bytes + rank * part;
    expectBytes(full, bytes);
    if constexpr (cluster == 1) bulkCopy(inputs, a.inputs + at, bytes, full);
    else bulkCopyToAll(inputs + rank * part, a.inputs + at, part, full, (1 << cluster) - 1);
}

template <int bits, bool symmetric, int tokens>
__device__ void askForCopies(const HopperArguments& a, Stage<bits, symmetric, tokens>* stages, Ring ring, int begin,
                             int end, unsigned rank) {
    constexpr int cluster = clusterOf(tokens);
    const bool first = threadIdx.x == workersOf(tokens);
    const int early = min(end, begin + ring.stages);
    const auto inputs = [&](int at, int slot) {
        if (first)
            askInputs<sizeof stages->inputs, cluster>(a, &stages[slot].inputs[0][0][0], ring.full + slot,
                                                      at / a.steps % a.tokenTiles, at % a.steps, rank);
    };
    for (int at = begin; at < end;) {
        const int tile = at / a.steps, last = min(end, (tile + 1) * a.steps);
        const Asker<bits, symmetric, tokens> asker(
            a, (tile / a.tokenTiles * cluster + static_cast<int>(rank)) * rowsOf(tokens));
        for (; at < last; ++at) {
            if (at >= early) awaitBarrier(ring.empty + ring.slot, ring.parity ^ 1);
            asker.ask(a, stages[ring.slot], at - tile * a.steps);
            arriveAfterCopies(ring.full + ring.slot);
            if (at >= early) inputs(at, ring.slot);
            ring.next();
            if (at + 1 != early) continue;
            // Weights of all stages are asked for before the kernel before has ended, inputs when it has.
            waitForPrevious();
            for (int i = begin; i < early; ++i) inputs(i, i - begin);
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
