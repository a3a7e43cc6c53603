// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Inputs of up to 16 tokens on their way through shared memory: for packed_hopper_few.cu. The copy engine brings them as products read
// them (warpgroup.cuh), [64 columns][token][chunk exchanged by token % 8].
#pragma once

#include "kernels/cuda/warpgroup.cuh"

namespace gptq {

inline constexpr int kGroups = 4;  // warpgroups of a block
inline constexpr int kWarps = 4 * kGroups;
inline constexpr int kTokens = 16;
inline constexpr int kTileBytes = kTokens * 128;  // inputs of 64 columns; of fewer tokens the rest is not written
inline constexpr int kInputPlaces = 3;            // of a warpgroup
inline constexpr int kInputBarriers = kGroups * kInputPlaces;

// What is copied at once, by the bits of weights: so many pairs of tiles, 2 KB of a strip's words at most, and inputs of as many columns.
template <int bits>
struct PieceShape {
    static constexpr int kPairs = bits == 8 ? 1 : 2;
    static constexpr int kTiles = 2 * kPairs;
    static constexpr int kInputBytes = kInputBarriers * kTiles * kTileBytes;
};

#ifdef GPTQ_HOPPER_DEVICE

// A warpgroup's inputs, a piece at a time, in turns in three places: one that products read, the others coming.
template <class Shape>
struct InputStream {
    static constexpr int kTiles = Shape::kTiles;

    unsigned char* places;  // of the warpgroup
    CopyBarrier* barriers;  // a place each
    int tokens, warp, lane;
    int place = 0, comingPlace = 0;
    unsigned parity = 0;

    __device__ InputStream(unsigned char* ofBlock, CopyBarrier* barriersOfBlock, int allTokens, int ownWarp,
                           int ownLane)
        : places(ofBlock + ownWarp / 4 * kInputPlaces * kTiles * kTileBytes),
          barriers(barriersOfBlock + ownWarp / 4 * kInputPlaces), tokens(allTokens), warp(ownWarp % 4), lane(ownLane) {}

    // Inputs of the piece's tile.
    __device__ const unsigned char* at(int tile) const { return places + (place * kTiles + tile) * kTileBytes; }
    // Asks for the next piece, from column `tile` * 64 on; a warp for a tile. Behind the last column come zeros.
    __device__ void ask(const CUtensorMap& x, int tile) {
        static_assert(kTiles <= 4);
        if (warp < kTiles && isChosenLane()) {
            expectBytes(barriers + comingPlace, tokens * 128);
            tensorCopy(places + (comingPlace * kTiles + warp) * kTileBytes, x, (tile + warp) * 64, 0,
                       barriers + comingPlace);
        }
        comingPlace = comingPlace == kInputPlaces - 1 ? 0 : comingPlace + 1;
    }
    __device__ void await() const { awaitBarrier(barriers + place, parity); }
    // This piece's products are done; the warpgroup meets, after which its place may be written.
    __device__ void leave(int group) {
        if (++place == kInputPlaces) {
            place = 0;
            parity ^= 1;
        }
        asm volatile("bar.sync %0, 128;" ::"r"(1 + group) : "memory");
    }
};

#endif

}  // namespace gptq
