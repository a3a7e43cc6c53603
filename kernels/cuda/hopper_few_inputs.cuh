// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Inputs of up to 16 tokens in shared memory as Hopper's products take them: for packed_hopper_few.cu, whole or as they are needed.
#pragma once

#include "kernels/cuda/decode_inputs.cuh"
#include "kernels/cuda/warpgroup.cuh"

namespace gptq {

inline constexpr int kGroups = 4;  // warpgroups of a block
inline constexpr int kWarps = 4 * kGroups;
inline constexpr int kTokens = 16;
inline constexpr int kTileBytes = kTokens * 128;  // inputs of 64 columns
inline constexpr int kPairBytes = 2 * kTileBytes;
inline constexpr int kPiecePairs = 2;  // of tiles, that are copied at once
inline constexpr int kStreamPlaces = 3,
                     kStreamPairs = kGroups * kStreamPlaces * kPiecePairs;  // of inputs that do not fit

// A pair's inputs, and their sums.
__host__ __device__ constexpr int inputBytes(bool sums, int parts) {
    return kPairBytes + (sums ? parts * kTokens * 4 : 0);
}

#ifdef GPTQ_HOPPER_DEVICE

inline constexpr int kQuads = 4;  // of tokens; a warp brings a quad's inputs of a pair

// A pair's inputs in shared memory, as packed_hopper.cu's arrangeInputsKernel makes them: [64 columns][token][chunk exchanged by
// token % 8]; and behind all pairs' inputs their sums that are offset by, [scaled part][token]. One of several at `first`.
template <class T, int parts, bool withSums>
struct InputPair {
    unsigned char* tiles;
    float* sums;

    __device__ InputPair(unsigned char* first, int count, int index)
        : tiles(first + index * kPairBytes),
          sums(reinterpret_cast<float*>(first + count * kPairBytes) + index * parts * kTokens) {}

    // Four tokens of a pair are one warp's to bring: a lane has eight columns of either tile; zeros where there is no token or column.
    static __device__ void fetch(const ProductInput& in, int columns, int pair, int quad, bool there, int lane,
                                 uint4 (&from)[2]) {
        const int token = quad * 4 + lane / 8, column = pair * kPairColumns + lane % 8 * 8;
        const T* const x = static_cast<const T*>(in.x) + token * in.stride + column;
#pragma unroll
        for (int t = 0; t < 2; ++t) {
            from[t] = {};
            if (there && token < in.tokens && column + t * 64 < columns)
                from[t] = *reinterpret_cast<const uint4*>(x + t * 64);
        }
    }
    __device__ void put(const uint4 (&from)[2], int quad, int lane) const {
        const int token = quad * 4 + lane / 8, half = lane % 8 / 4, q = lane % 4;
        float both = 0;
#pragma unroll
        for (int t = 0; t < 2; ++t) {
            const std::uint32_t words[4] = {from[t].x, from[t].y, from[t].z, from[t].w};
            unsigned char* const row = tiles + t * kTileBytes + token * 128 + q * 4;
            float sum = 0;
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                *reinterpret_cast<std::uint32_t*>(row + ((half * 4 + i) ^ token % 8) * 16) = words[i];
                const auto pair = pairOf<PairOf<T>>(words[i]);
                if constexpr (withSums) sum += asFloat(pair.x) + asFloat(pair.y);
            }
            both += sum;
            if constexpr (withSums && parts == 4) {
                sum = sumOverLanes<4>(sum);
                if (q == 0) sums[(t * 2 + half) * kTokens + token] = sum;
            }
        }
        if constexpr (withSums && parts == 1) {
            both = sumOverLanes<8>(both);
            if (lane % 8 == 0) sums[token] = both;
        }
    }
};

// Inputs of all pairs [first, last), by the block. meanwhile() while the first are on their way.
template <class T, int parts, bool sums, class Meanwhile>
__device__ void stageInputs(const ProductInput& in, int columns, int first, int last, unsigned char* staged, int room,
                            int warp, int lane, const Meanwhile& meanwhile) {
    using Inputs = InputPair<T, parts, sums>;
    constexpr int kAtOnce = 4;
    const int count = (last - first) * kQuads;
    for (int begin = warp; begin == warp || begin < count; begin += kAtOnce * kWarps) {
        uint4 from[kAtOnce][2];
#pragma unroll
        for (int p = 0; p < kAtOnce; ++p) {
            const int piece = begin + p * kWarps;
            Inputs::fetch(in, columns, first + piece / kQuads, piece % kQuads, piece < count, lane, from[p]);
        }
        if (begin == warp) meanwhile();
#pragma unroll
        for (int p = 0; p < kAtOnce; ++p) {
            const int piece = begin + p * kWarps;
            if (piece < count) Inputs(staged, room, piece / kQuads).put(from[p], piece % kQuads, lane);
        }
    }
}

// A warpgroup's inputs, a piece of two pairs at a time, in turns in three places, so that one is free of products when it is written.
template <class T, int parts>
struct InputStream {
    using Inputs = InputPair<T, parts, false>;

    unsigned char* staged;
    int warp, lane;
    int place = 0;
    uint4 from[kPiecePairs][2];

    __device__ Inputs at(int pair) const {
        return {staged, kStreamPairs, (warp / 4 * kStreamPlaces + place) * kPiecePairs + pair};
    }
    __device__ void fetch(const ProductInput& in, int columns, int pair, int last) {
#pragma unroll
        for (int p = 0; p < kPiecePairs; ++p)
            Inputs::fetch(in, columns, pair + p, warp % 4, pair + p < last, lane, from[p]);
    }
    // What was fetched, to the next place; the warpgroup meets here.
    __device__ void put() {
        place = place == kStreamPlaces - 1 ? 0 : place + 1;
#pragma unroll
        for (int p = 0; p < kPiecePairs; ++p) at(p).put(from[p], warp % 4, lane);
        showToProducts();
        asm volatile("bar.sync %0, 128;" ::"r"(1 + warp / 4) : "memory");
    }
};

#endif

}  // namespace gptq
