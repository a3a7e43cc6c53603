// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The kernel of packed_hopper.cu, compiled once a type of activations: packed_hopper_half.cu, packed_hopper_brain.cu.
#pragma once

#include "kernels/cuda/decode_product.cuh"
#include "kernels/cuda/hopper_tile.cuh"
#include "kernels/cuda/packed_hopper.cuh"
#include "kernels/cuda/scaled_weights.cuh"

namespace gptq {

#ifdef GPTQ_HOPPER_DEVICE

// A lane's words and grids of a tile of 64 columns, on their way to be weights.
template <int bits, class T>
struct LaneTile {
    LaneWords<bits> words;
    LaneGrids<bits, T> first, second;  // of its halves

    template <bool symmetric, int tokens>
    __device__ LaneTile(const Stage<bits, symmetric, tokens>& stage, int tile, int strip, int lane)
        : first(gridsOf(stage, tile * 2, strip, lane)), second(gridsOf(stage, tile * 2 + 1, strip, lane)) {
        words.read(stage.words[strip][tile], lane);
    }

    template <bool symmetric, int tokens>
    static __device__ LaneGrids<bits, T> gridsOf(const Stage<bits, symmetric, tokens>& stage, int half, int strip,
                                                 int lane) {
        return {stage.scales[half] + strip * 16, symmetric ? nullptr : stage.zeros[half] + strip * 16, lane};
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
                             int steps, int strip, int lane, const Release& release) {
    int previous = -1;
    for (int step = 0; step < steps; ++step) {
        const Stage<bits, symmetric, tokens>& stage = stages[ring.slot];
        awaitBarrier(ring.full + ring.slot, ring.parity);
#pragma unroll
        for (int t = 0; t < kTiles; ++t) {
            FragmentA weights[4];
            LaneTile<bits, T>(stage, t, strip, lane).weights(weights);
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
template <int tokens>
__device__ void meetWorkers() {
    asm volatile("bar.sync 1, %0;" ::"n"(workersOf(tokens)) : "memory");
}

// y (token, row) = or += value, for what is asked of an output.
template <class T>
struct Store {
    const ProductOutput& out;

    template <class Out>
    __device__ void to(Out* y, float value) const {
        *y = fromFloat<Out>(out.accumulate ? asFloat(*y) + value : value);
    }
    __device__ void operator()(std::int64_t at, float value) const {
        if (out.toFloat) to(static_cast<float*>(out.y) + at, value);
        else to(static_cast<T*>(out.y) + at, value);
    }
};

// Adds up a tile that several clusters have parts of: the last that comes does, in the order of the parts; false for the others.
template <int tokens>
__device__ bool addParts(const HopperArguments& a, float (&sums)[tokens / 2], int tile, int cluster, int clusters,
                         int rank, int* arrived) {
    constexpr int ranks = clusterOf(tokens), workers = workersOf(tokens), fours = tokens / 8;
    const int from = a.ownerOf(tile * a.steps, clusters), to = a.ownerOf((tile + 1) * a.steps - 1, clusters);
    if (from == to) return true;
    const auto partOf = [&](int owner) {
        const int which = tile == a.beginOf(owner, clusters) / a.steps ? 0 : 1;
        return reinterpret_cast<float4*>(a.partials) +
               (static_cast<std::int64_t>(owner * 2 + which) * ranks + rank) * (fours * workers) + threadIdx.x;
    };
    float4* const own = partOf(cluster);
#pragma unroll
    for (int i = 0; i < fours; ++i)
        __stcg(own + i * workers, {sums[4 * i], sums[4 * i + 1], sums[4 * i + 2], sums[4 * i + 3]});
    __threadfence();
    meetWorkers<tokens>();
    int* const counter = a.counters + tile * ranks + rank;
    if (threadIdx.x == 0) *arrived = atomicAdd(counter, 1);
    meetWorkers<tokens>();
    if (*arrived != to - from) return false;
    __threadfence();
#pragma unroll
    for (float& sum : sums) sum = 0;
    for (int owner = from; owner <= to; ++owner) {
        const float4* part = partOf(owner);
        constexpr int kTogether = fours < 8 ? fours : 8;  // reads in flight
#pragma unroll
        for (int base = 0; base < fours; base += kTogether) {
            float4 read[kTogether];
#pragma unroll
            for (int i = 0; i < kTogether; ++i) read[i] = __ldcg(part + (base + i) * workers);
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
                              const ProductOutput& out, int* arrived) {
    constexpr int ranks = clusterOf(tokens);
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    const auto release = [&](int slot) {
        if constexpr (ranks == 1) {
            if (lane == 0) arrive(ring.empty + slot);
        } else {
            if (lane < ranks) arriveAt(ring.empty + slot, static_cast<unsigned>(lane));
        }
    };
    const Store<T> store{out};
    const auto storeFour = [&](int tile, int i, const float4& four) {
        const int row = (tile / a.tokenTiles * ranks + static_cast<int>(rank)) * rowsOf(tokens) + warp * 16 + lane / 4;
        const int token = tile % a.tokenTiles * tokens + i * 2 + lane % 4 * 2;
        const float values[4] = {four.x, four.y, four.z, four.w};
        const std::int64_t to = token * out.stride + row;
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const int high = j / 2 * 8;
            if (token + j % 2 < allTokens && row + high < a.rows)
                store(to + j % 2 * out.stride + high, out.bias ? values[j] + out.bias[row + high] : values[j]);
        }
    };
    float sums[tokens / 2];
    for (int at = begin; at < end;) {
        const int tile = at / a.steps, last = min(end, (tile + 1) * a.steps);
        multiplyTile<bits, T, symmetric, tokens>(sums, stages, ring, last - at, warp, lane, release);
        at = last;
        if (!addParts<tokens>(a, sums, tile, cluster, clusters, static_cast<int>(rank), arrived)) continue;
#pragma unroll
        for (int i = 0; i < tokens / 2; i += 4) storeFour(tile, i, {sums[i], sums[i + 1], sums[i + 2], sums[i + 3]});
    }
}

#endif

template <int bits, class T, bool symmetric, int tokens>
__global__ void __launch_bounds__(threadsOf(tokens), 1)
    packedHopperKernel(const HopperArguments a, const int allTokens, const ProductOutput out) {
#ifdef GPTQ_HOPPER_DEVICE
    extern __shared__ __align__(1024) unsigned char shared[];
    constexpr int ranks = clusterOf(tokens);
    auto* const stages = reinterpret_cast<Stage<bits, symmetric, tokens>*>(shared);
    auto* const barriers = reinterpret_cast<CopyBarrier*>(stages + a.stages);
    auto* const arrived = reinterpret_cast<int*>(barriers + 2 * a.stages);
    const Ring ring{barriers, barriers + a.stages, a.stages};
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const unsigned rank = ranks == 1 ? 0 : rankInCluster();
    const int cluster = static_cast<int>(blockIdx.x) / ranks, clusters = static_cast<int>(gridDim.x) / ranks;
    const int begin = a.beginOf(cluster, clusters), end = a.beginOf(cluster + 1, clusters);
    if (threadIdx.x == 0) {
        for (int i = 0; i < a.stages; ++i) {
            beginBarrier(ring.full + i, kAskers + 1);
            beginBarrier(ring.empty + i, stripsOf(tokens) * ranks);
        }
        showBarriersToCopies();
    }
    if constexpr (ranks == 1) __syncthreads();
    else meetCluster();
    if (warp >= stripsOf(tokens)) {
        if constexpr (sharesRegisters(tokens)) leaveRegisters<40>();
        askForCopies<bits, symmetric, tokens>(a, stages, ring, begin, end, rank);
        letNextStart();
    } else {
        if constexpr (sharesRegisters(tokens)) takeRegisters<232>();
        letNextStart();
        waitForPrevious();
        multiplySteps<bits, T, symmetric, tokens>(a, stages, ring, begin, end, cluster, clusters, rank, allTokens, out,
                                                  arrived);
    }
    if constexpr (ranks > 1) meetCluster();  // no block goes while another may reach its shared memory
#endif
}

template <class T>
void launchHopper(const CudaContext& context, const QuantScheme& scheme, const HopperShape& shape,
                  const HopperArguments& a, int tokens, const ProductOutput& out) {
    const auto launch = [&]<int bits, bool symmetric, int tile>() {
        const std::size_t bytes =
            static_cast<std::size_t>(shape.stages) * (sizeof(Stage<bits, symmetric, tile>) + 2 * sizeof(CopyBarrier)) +
            sizeof(int);
        const auto ranks = static_cast<unsigned>(clusterOf(tile));
        launchClusters(context, packedHopperKernel<bits, T, symmetric, tile>, ranks,
                       static_cast<unsigned>(shape.clusters) * ranks, threadsOf(tile), bytes, a, tokens, out);
    };
    withBits(scheme.bits, [&]<int bits>() {
        withTileTokens(shape.tokens, [&]<int tile>() {
            if (scheme.symmetric) launch.template operator()<bits, true, tile>();
            else launch.template operator()<bits, false, tile>();
        });
    });
}

}  // namespace gptq
