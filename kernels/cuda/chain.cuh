// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A chain as its kernel takes it: what every link does, and where it lies in a block's shared memory (packed_chain.cu).
#pragma once

#include <cstddef>

#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/decode_product.cuh"
#include "kernels/cuda/mail.cuh"
#include "kernels/cuda/packed_arguments.cuh"
#include "kernels/cuda/packed_chain.cuh"
#include "kernels/cuda/ptx.cuh"

namespace gptq {

inline constexpr int kChainWarps = 12;   // that multiply and attend
inline constexpr int kChainAskers = 4;   // and behind them those that ask for weights
inline constexpr int kLetterCopies = 4;  // of each that all blocks read: a warp's lanes have every output four times
inline constexpr int kChainAhead = 16;   // links, that are asked for at most before they are worked on

inline constexpr int kMostChainPairs = 24;  // of tiles, in a strip
inline constexpr int kMostChainStrips = 8;  // of a product, in a block
inline constexpr int kMostSharedHeads = 8;  // of a key

inline constexpr int kChainHeadSize = 64;
inline constexpr int kWarpPositions = 16;  // that a warp attends to at once
inline constexpr int kChainRound = kChainWarps * kWarpPositions;
inline constexpr int kAloneRounds = 2;  // of a block, up to which a context is not split: that takes longer
inline constexpr int kSplitLetters = kChainHeadSize + 2;  // of a head of a split: its maximum, its sum, its outputs
inline constexpr int kSliceElements = 16;                 // of a head, whose splits one block merges
inline constexpr int kSlices = kChainHeadSize / kSliceElements;

// What a pair of tiles of a strip takes of shared memory.
__host__ __device__ constexpr int chainPairBytes(int bits, bool symmetric, int parts) {
    return 2 * static_cast<int>(wordsOfTile(bits)) * 4 + parts * 16 * (symmetric ? 2 : 3);
}

// A product or, where it has keys, an attention, of the queries, keys and values `in` to `out`.
struct alignas(16) ChainLink {
    PackedArguments w;
    ProductInput in;
    ProductOutput out;
    void *keys, *values;
    const Letter* from;    // null: what the link takes lies in memory
    Letter* to;            // null: nobody waits for the outputs
    Letter* splits;        // (heads, most splits, kSplitLetters)
    int pairs;             // of tiles, that a strip consists of
    int units, moreUnits;  // of a block: strips, or a gate and its up; so many blocks have one more
    int stripBytes;
    int weightsAt;    // in the ring, from the beginning of shared memory on
    int normAt;       // and the norm's weights, of all pairs
    int after;        // the link that must be done before this one is asked for; -1: none
    bool stores;      // the outputs where they lie: not where a later link writes over them
    float perColumn;  // 1 / columns

    __host__ __device__ bool attends() const { return keys != nullptr; }
};

// What all attentions of a chain have in common.
struct ChainAttention {
    const std::int32_t* past;
    const float* frequencies;
    std::int64_t kvStride;
    float magnitude, scale;                        // the scale: of exponents to the base of 2
    int heads, kvHeads, shared, window, capacity;  // shared: heads of a key
    int mostSplits;
};

struct alignas(16) Chain {
    int count;
    int copyLetters;     // from copy to copy of the letters
    unsigned* launches;  // before this one, of each block
    ChainAttention attention;
    ChainLink links[kMostChained];  // last: those that are not there need not be read
};

// A block's shared memory, but the ring. Places are known when the kernel is compiled: an address that is read first takes longer.
struct alignas(128) ChainSpace {
    Chain chain;
    std::uint16_t staged[kMostChainPairs][128];            // a product's inputs, of an activation type
    float offsets[kMostChainPairs * 4];                    // sums of them, of every scaled part
    float magnitudes[kMostChainPairs];                     // that a norm's were divided by
    float squares[2][kChainWarps][32];                     // of a norm's, by lanes; two products take turns
    float sums[2][kMostChainStrips][kChainWarps][16];      // of a strip's rows, by warps
    uint2 queries[kMostSharedHeads][kChainHeadSize / 2];   // rounded, and what rounding left: pair by pair
    alignas(16) std::uint16_t entered[2][kChainHeadSize];  // the token's key and value
    float most[kMostSharedHeads][kChainWarps];             // of scores, by warps
    float weights[kMostSharedHeads][kChainWarps];          // their sums
    float4 slices[kChainWarps][8];                         // of splits' outputs, by warps
    float outputs[][kChainWarps][kChainHeadSize];  // of heads, by warps, not yet over the sum; behind them the ring
};

// One block's and warp's place in a chain.
struct ChainPlace {
    ChainSpace& space;
    CopyBarrier *asked, *done;  // of a link, kChainAhead that take turns
    int lane, warp, block;
    unsigned number;  // of the launch

    __device__ unsigned char* ring(int at) const { return reinterpret_cast<unsigned char*>(&space) + at; }
    __device__ const Letter* lettersFrom(const ChainLink& link) const {
        return link.from + static_cast<int>(blockIdx.x % kLetterCopies) * space.chain.copyLetters;
    }
    __device__ static unsigned phaseOf(int l) { return static_cast<unsigned>(l / kChainAhead) % 2; }
    __device__ void awaitAsked(int l) const { awaitBarrier(asked + l % kChainAhead, phaseOf(l)); }
    __device__ void awaitDone(int l) const { awaitBarrier(done + l % kChainAhead, phaseOf(l)); }
    // By one thread, when no warp needs any more what was asked for.
    __device__ void endLink(int l) const { arriveAt(done + l % kChainAhead); }
};

// The warps that do not ask meet.
__device__ inline void meet() {
    asm volatile("bar.sync 1, %0;" ::"n"(kChainWarps * 32) : "memory");
}

}  // namespace gptq
