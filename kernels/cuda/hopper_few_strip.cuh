// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A warp's part of packed_hopper_few.cu: pieces of a strip, 16 outputs, through its ring, and the sums of their products.
#pragma once

#include "kernels/cuda/dequant.cuh"
#include "kernels/cuda/hopper_few_inputs.cuh"
#include "kernels/cuda/packed_piece.cuh"
#include "kernels/cuda/with_scheme.cuh"

namespace gptq {

// A slot of a ring: a piece's words, then scales and zeros, [pair][scaled part][row].
template <int bits, bool symmetric, int parts>
struct Slot {
    static constexpr int kPairs = PieceShape<bits>::kPairs;
    static constexpr int kPairWords = 2 * static_cast<int>(wordsOfTile(bits));
    static constexpr int kWordBytes = kPairs * kPairWords * 4;
    static constexpr int kScaleBytes = kPairs * parts * 32;
    static constexpr int kBytes = kWordBytes + kScaleBytes + (symmetric ? 0 : kScaleBytes / 2);

    unsigned char* at;
    __device__ std::uint32_t* words(int pair) const { return reinterpret_cast<std::uint32_t*>(at) + pair * kPairWords; }
    __device__ Half* scales(int pair) const { return reinterpret_cast<Half*>(at + kWordBytes) + pair * parts * 16; }
    __device__ std::uint8_t* zeros(int pair) const { return at + kWordBytes + kScaleBytes + pair * parts * 16; }
};

#ifdef GPTQ_HOPPER_DEVICE

// Starts copying pairs [pair, last) of a strip, a piece at most.
template <int bits, bool symmetric, int parts>
__device__ void ask(int strip, int pair, int last, const PackedArguments& w, const Slot<bits, symmetric, parts>& slot,
                    CopyBarrier* barrier, int lane) {
    constexpr int kTileWords = static_cast<int>(wordsOfTile(bits)), kMostPairs = PieceShape<bits>::kPairs;
    const int pairs = min(last - pair, kMostPairs);
    if (isChosenLane()) {
        const int bytes = min(pairs * 2, w.tiles - pair * 2) * kTileWords * 4;
        expectBytes(barrier, bytes);
        bulkCopy(slot.words(0), w.words + static_cast<std::int64_t>(strip * w.tiles + pair * 2) * kTileWords, bytes,
                 barrier);
    }
    static_assert(kMostPairs * parts * 2 <= 32);
    if (lane < kMostPairs * parts * 2)
        askGrids<symmetric, parts>(w, strip, pair * 2, slot.scales(0), slot.zeros(0), lane);
    endCopies();
}

// Sums of a warp's strip, of one share of the columns: of rows lane / 4 and lane / 4 + 8, as FragmentC, for eight tokens and eight more.
// While products of one step go on, the weights of the next are made.
template <int bits, class T, bool symmetric, int parts>
struct StripSums {
    static constexpr int kSteps = parts == 1 ? 2 : 4;  // of a pair
    static constexpr int kOfStep = 8 / kSteps;         // products

    float totals[8] = {};
    float sums[8];

    // inputs: of the pair's tiles. Inlined, or sums would lie in memory.
    __device__ __forceinline__ void multiplyPair(const Slot<bits, symmetric, parts>& slot, int pair,
                                                 const unsigned char* inputs, int lane) {
        LaneWords<bits> words[2];
        words[0].read(slot.words(pair), lane);
        words[1].read(slot.words(pair) + wordsOfTile(bits), lane);
        const int row = pair * parts * 16 + lane / 4;
        FragmentA weights[kOfStep];
        weigh<0, 0>(weights, words, slot.zeros(0) + row);
        multiplySteps<0>(weights, words, slot.scales(0) + row, slot.zeros(0) + row,
                         matrixDescriptor(sharedAddress(inputs)));
    }

private:
    template <int step, int k>
    static __device__ void weigh(FragmentA (&weights)[kOfStep], const LaneWords<bits> (&words)[2],
                                 const std::uint8_t* zeros) {
        const std::uint8_t* const zero = zeros + (parts == 4 ? step : 0) * 16;
        [[maybe_unused]] const PairOf<T> zeroLow = zeroFor<bits, T>(symmetric ? 1 << (bits - 1) : zero[0]),
                                         zeroHigh = zeroFor<bits, T>(symmetric ? 1 << (bits - 1) : zero[8]);
        constexpr int product = step * kOfStep + k;
        weights[k] = weightFragment<bits, product % 4, T>(words[product / 4], zeroLow, zeroHigh);
        if constexpr (k + 1 < kOfStep) weigh<step, k + 1>(weights, words, zeros);
    }
    template <int step>
    __device__ void multiplySteps(const FragmentA (&weights)[kOfStep], const LaneWords<bits> (&words)[2],
                                  const Half* scales, const std::uint8_t* zeros, std::uint64_t inputs) {
        beginProducts();
#pragma unroll
        for (int k = 0; k < kOfStep; ++k) {
            const int product = step * kOfStep + k;
            multiplyWarpgroup<kTokens, T>(sums, weights[k], inputs + product / 4 * (kTileBytes / 16) + product % 4 * 2,
                                          k == 0 && (parts == 4 || step == 0) ? 0 : 1);
        }
        endProducts();
        FragmentA next[kOfStep];
        if constexpr (step + 1 < kSteps) weigh<step + 1, 0>(next, words, zeros);
        if constexpr (parts == 4 || step + 1 == kSteps) {
            constexpr int part = parts == 4 ? step : 0;
            const float scale[2] = {__half2float(scales[part * 16]), __half2float(scales[part * 16 + 8])};
            awaitSums(sums);
#pragma unroll
            for (int i = 0; i < 8; ++i) totals[i] += sums[i] * scale[i / 2 % 2];
        }
        if constexpr (step + 1 < kSteps) multiplySteps<step + 1>(next, words, scales, zeros, inputs);
    }
};

#endif

}  // namespace gptq
