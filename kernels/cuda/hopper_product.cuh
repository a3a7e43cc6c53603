// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The kernel of packed_hopper.cu, compiled once a type of activations: packed_hopper_half.cu, packed_hopper_brain.cu.
#pragma once

#include "kernels/cuda/decode_product.cuh"
#include "kernels/cuda/hopper_output.cuh"
#include "kernels/cuda/hopper_tile.cuh"
#include "kernels/cuda/packed_hopper.cuh"
#include "kernels/cuda/scaled_weights.cuh"

namespace gptq {

#ifdef GPTQ_HOPPER_DEVICE

// How far the grids of the next tile of a step, and of a tile's second half, lie in a stage.
struct GridRows {
    int ofTile, ofHalf;

    explicit __device__ GridRows(int gridParts)
        : ofTile(gridParts / kTiles * kRows), ofHalf(gridParts / kHalves * kRows) {}
};

// A lane's words and grids of a tile of 64 columns, on their way to be weights.
template <int bits, class T>
struct LaneTile {
    LaneWords<bits> words;
    LaneGrids<bits, T> first, second;  // of its halves

    template <bool symmetric, int tokens>
    __device__ LaneTile(const Stage<bits, symmetric, tokens>& stage, const GridRows& rows, int tile, int strip,
                        int lane)
        : first(gridsOf(stage, tile * rows.ofTile + strip * 16, lane)),
          second(gridsOf(stage, tile * rows.ofTile + rows.ofHalf + strip * 16, lane)) {
        words.read(stage.words[strip][tile], lane);
    }

    template <bool symmetric, int tokens>
    static __device__ LaneGrids<bits, T> gridsOf(const Stage<bits, symmetric, tokens>& stage, int row, int lane) {
        return {stage.scales[0] + row, symmetric ? nullptr : stage.zeros[0] + row, lane};
    }

    __device__ void weights(FragmentA (&to)[4]) const {
        to[0] = scaledFragment<bits, 0, T>(words, first);
        to[1] = scaledFragment<bits, 1, T>(words, first);
        to[2] = scaledFragment<bits, 2, T>(words, second);
        to[3] = scaledFragment<bits, 3, T>(words, second);
    }
};

// The steps of one tile, or a part of them: 64 columns' codes become weights while the products of the 64 before go on.
// release(slot) when a step has been used.
template <int bits, class T, bool symmetric, int tokens, class Release>
__device__ void multiplyTile(float (&sums)[tokens / 2], const Stage<bits, symmetric, tokens>* stages, Ring& ring,
                             int steps, const GridRows& gridRows, int strip, int lane, const Release& release) {
    int previous = -1;
    for (int step = 0; step < steps; ++step) {
        const Stage<bits, symmetric, tokens>& stage = stages[ring.slot];
        awaitBarrier(ring.full + ring.slot, ring.parity);
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
            FragmentA weights[4];
            LaneTile<bits, T>(stage, gridRows, t, strip, lane).weights(weights);
            const std::uint64_t inputs = matrixDescriptor(sharedAddress(&stage.inputs[t][0][0]));
            beginProducts();
#pragma unroll
            for (int k = 0; k < 4; ++k)
                multiplyWarpgroup<tokens, T>(sums, weights[k], inputs + k * (32 / 16), step + t + k == 0 ? 0 : 1);
            endProducts();
            awaitProducts<1>();
            if (t == 0 && previous >= 0) release(previous);
        }
        previous = ring.slot;
        ring.next();
    }
    awaitProducts<0>();
    release(previous);
}

// Workers alone.
__device__ inline void meetWorkers() {
    asm volatile("bar.sync 1, %0;" ::"n"(kWorkers) : "memory");
}

// One more at a counter, for all that this block has written and met since; how many were there, whose writes may be read.
__device__ inline int arriveAtCounter(int* counter) {
    int before;
    asm volatile("atom.add.acq_rel.gpu.global.s32 %0, [%1], 1;" : "=r"(before) : "l"(counter) : "memory");
    return before;
}

// Adds up a tile that several clusters have parts of: the last that comes does, in the order of the parts; false for the others.
template <int tokens>
__device__ bool addParts(const HopperArguments& a, float (&sums)[tokens / 2], int tile, int cluster, int clusters,
                         int rank, int* arrived) {
    constexpr int fours = tokens / 8;
    const int from = a.ownerOf(tile * a.steps, clusters), to = a.ownerOf((tile + 1) * a.steps - 1, clusters);
    if (from == to) return true;
    const auto partOf = [&](int owner) {
        const int which = tile == a.beginOf(owner, clusters) / a.steps ? 0 : 1;
        return reinterpret_cast<float4*>(a.partials) +
               (static_cast<std::int64_t>(owner * 2 + which) * kCluster + rank) * (fours * kWorkers) + threadIdx.x;
    };
    float4* const own = partOf(cluster);
#pragma unroll
    for (int i = 0; i < fours; ++i)
        __stcg(own + i * kWorkers, {sums[4 * i], sums[4 * i + 1], sums[4 * i + 2], sums[4 * i + 3]});
    meetWorkers();
    int* const counter = a.counters + tile * kCluster + rank;
    if (threadIdx.x == 0) *arrived = arriveAtCounter(counter);
    meetWorkers();
    if (*arrived != to - from) return false;
#pragma unroll
    for (float& sum : sums) sum = 0;
    for (int owner = from; owner <= to; ++owner) {
        const float4* part = partOf(owner);
        constexpr int kTogether = fours < 8 ? fours : 8;  // reads in flight
#pragma unroll
        for (int base = 0; base < fours; base += kTogether) {
            float4 read[kTogether];
#pragma unroll
            for (int i = 0; i < kTogether; ++i) read[i] = __ldcg(part + (base + i) * kWorkers);
#pragma unroll
            for (int i = 0; i < kTogether; ++i) {
                const float values[4] = {read[i].x, read[i].y, read[i].z, read[i].w};
#pragma unroll
                for (int j = 0; j < 4; ++j) sums[(base + i) * 4 + j] += values[j];
            }
        }
    }
    if (threadIdx.x == 0) *counter = 0;
    return true;
}

template <int bits, class T, bool symmetric, int tokens>
__device__ void multiplySteps(const HopperArguments& a, const Stage<bits, symmetric, tokens>* stages, Ring ring,
                              int begin, int end, int cluster, int clusters, unsigned rank, int allTokens,
                              const ProductOutput& out, int* arrived, uint4* place) {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    const auto release = [&](int slot) {
        if (lane == 0) arrive(ring.empty + slot);
        if (lane == 1) arriveAt(ring.empty + slot, rank ^ 1);
    };
    const GridRows gridRows(a.gridParts);
    float sums[tokens / 2];
    for (int at = begin; at < end;) {
        const int tile = at / a.steps, last = min(end, (tile + 1) * a.steps);
        multiplyTile<bits, T, symmetric, tokens>(sums, stages, ring, last - at, gridRows, warp, lane, release);
        at = last;
        if (!addParts<tokens>(a, sums, tile, cluster, clusters, static_cast<int>(rank), arrived)) continue;
        const int row = (tile / a.tokenTiles * kCluster + static_cast<int>(rank)) * kRows + warp * 16;
        const int token = tile % a.tokenTiles * tokens;
        if (row < a.weight.rows) storeTile<T, tokens>(sums, out, row, token, allTokens - token, lane, place);
    }
}

#endif

template <int bits, class T, bool symmetric, int tokens>
__global__ void __launch_bounds__(kThreads, 1)
    packedHopperKernel(const __grid_constant__ HopperArguments a, const int allTokens, const ProductOutput out) {
#ifdef GPTQ_HOPPER_DEVICE
    extern __shared__ __align__(1024) unsigned char shared[];
    auto* const stages = reinterpret_cast<Stage<bits, symmetric, tokens>*>(shared);
    auto* const places = reinterpret_cast<uint4*>(stages + a.stages);
    auto* const barriers = reinterpret_cast<CopyBarrier*>(places + kStrips * (kOutputBytes / 16));
    auto* const arrived = reinterpret_cast<int*>(barriers + 2 * a.stages);
    const Ring ring{barriers, barriers + a.stages, a.stages};
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const unsigned rank = rankInCluster();
    const int cluster = static_cast<int>(blockIdx.x) / kCluster, clusters = static_cast<int>(gridDim.x) / kCluster;
    const int begin = a.beginOf(cluster, clusters), end = a.beginOf(cluster + 1, clusters);
    if (threadIdx.x == 0) {
        for (int i = 0; i < a.stages; ++i) {
            beginBarrier(ring.full + i, 1);
            beginBarrier(ring.empty + i, kStrips * kCluster);
        }
        showBarriersToCopies();
    }
    meetCluster();
    if (warp >= kStrips) {
        if constexpr (sharesRegisters(tokens)) leaveRegisters<40>();
        if (threadIdx.x % 32 == 0)
            askForCopies<bits, symmetric, tokens>(a, stages, ring, begin, end, static_cast<int>(rank));
        __syncwarp();
    } else {
        if constexpr (sharesRegisters(tokens)) takeRegisters<232>();
        letNextStart();
        waitForPrevious();
        multiplySteps<bits, T, symmetric, tokens>(a, stages, ring, begin, end, cluster, clusters, rank, allTokens, out,
                                                  arrived, places + warp * (kOutputBytes / 16));
    }
#endif
}

template <class T>
void launchHopper(const CudaContext& context, const QuantScheme& scheme, const HopperShape& shape,
                  const HopperArguments& a, int tokens, const ProductOutput& out) {
    const auto launch = [&]<int bits, bool symmetric, int tile>() {
        const std::size_t bytes =
            static_cast<std::size_t>(shape.stages) * (sizeof(Stage<bits, symmetric, tile>) + 2 * sizeof(CopyBarrier)) +
            kRestBytes;
        launchWith({.cluster = kCluster}, context, packedHopperKernel<bits, T, symmetric, tile>,
                   static_cast<unsigned>(shape.clusters) * kCluster, kThreads, bytes, a, tokens, out);
    };
    withBits(scheme.bits, [&]<int bits>() {
        withTileTokens(shape.tokens, [&]<int tile>() {
            if (scheme.symmetric) launch.template operator()<bits, true, tile>();
            else launch.template operator()<bits, false, tile>();
        });
    });
}

}  // namespace gptq
