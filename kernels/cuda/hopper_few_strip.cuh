// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A warp's part of packed_hopper_few.cu: pieces of a strip, 16 outputs, through its ring, and the sums of their products.
#pragma once

#include "kernels/cuda/dequant.cuh"
#include "kernels/cuda/hopper_few_inputs.cuh"
#include "kernels/cuda/with_scheme.cuh"

namespace gptq {

// A slot of a ring: a piece's words, then scales and zeros, [pair][scaled part][row].
template <int bits, bool symmetric, int parts>
struct Slot {
    static constexpr int kPairWords = 2 * static_cast<int>(wordsOfTile(bits));
    static constexpr int kWordBytes = kPiecePairs * kPairWords * 4;
    static constexpr int kScaleBytes = kPiecePairs * parts * 32;
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
    constexpr int kTileWords = static_cast<int>(wordsOfTile(bits));
    const int pairs = min(last - pair, kPiecePairs);
    if (lane == 0) {
        const int bytes = min(pairs * 2, w.tiles - pair * 2) * kTileWords * 4;
        expectBytes(barrier, bytes);
        bulkCopy(slot.words(0), w.words + static_cast<std::int64_t>(strip * w.tiles + pair * 2) * kTileWords, bytes,
                 barrier);
    }
    const int part = lane / 2;  // two lanes a part, eight rows each
    static_assert(kPiecePairs * parts * 2 <= 32);
    if (part < pairs * parts) {
        // Behind the last input any scale will do that is a number.
        const int at = w.groupOfHalf(pair * 4 + part * (4 / parts)) * w.rows + strip * 16 + lane % 2 * 8;
        copyAsync<16>(slot.scales(0) + lane * 8, w.scales + at);
        if constexpr (!symmetric) copyAsync<8>(slot.zeros(0) + lane * 8, w.zeros + at);
    }
    arriveAfterCopies(barrier);
}

// Sums of a warp's strip, of one share of the columns: of rows lane / 4 and lane / 4 + 8, as FragmentC, for eight tokens and eight more.
// While products of one step go on, the weights of the next are made; the sums of a scaled part are scaled a step later.
template <int bits, class T, bool symmetric, int parts>
struct StripSums {
    static constexpr int kSteps = parts == 1 ? 2 : 4;  // of a pair
    static constexpr int kOfStep = 8 / kSteps;         // products

    float totals[8] = {};
    float sums[2][8];
    float scales[2][2];

    template <int which>
    __device__ void scale() {
        receiveSums(sums[which]);
#pragma unroll
        for (int i = 0; i < 8; ++i) totals[i] += sums[which][i] * scales[which][i / 2 % 2];
    }

    // inputs: of the pair's tiles. pending: the part before this pair has not been scaled yet.
    template <int which>
    __device__ void multiplyPair(const Slot<bits, symmetric, parts>& slot, int pair, const unsigned char* inputs,
                                 bool pending, int lane) {
        LaneWords<bits> words[2];
        words[0].read(slot.words(pair), lane);
        words[1].read(slot.words(pair) + wordsOfTile(bits), lane);
        const auto step = [&]<int s>() {
            constexpr bool begins = parts == 4 || s == 0;
            constexpr int part = parts == 4 ? s : 0, at = parts == 4 ? s % 2 : which;
            const Half* const scale = slot.scales(pair) + part * 16 + lane / 4;
            const std::uint8_t* const zero = slot.zeros(pair) + part * 16 + lane / 4;
            [[maybe_unused]] const PairOf<T> zeroLow = zeroFor<bits, T>(symmetric ? 1 << (bits - 1) : zero[0]),
                                             zeroHigh = zeroFor<bits, T>(symmetric ? 1 << (bits - 1) : zero[8]);
            FragmentA weights[kOfStep];
            const auto weigh = [&]<int k>() {
                constexpr int product = s * kOfStep + k;
                weights[k] = weightFragment<bits, product % 4, T>(words[product / 4], zeroLow, zeroHigh);
            };
            weigh.template operator()<0>();
            weigh.template operator()<1>();
            if constexpr (kOfStep == 4) {
                weigh.template operator()<2>();
                weigh.template operator()<3>();
            }
            beginProducts();
#pragma unroll
            for (int k = 0; k < kOfStep; ++k) {
                const int product = s * kOfStep + k;
                multiplyWarpgroup<kTokens, T>(
                    sums[at], weights[k],
                    matrixDescriptor(sharedAddress(inputs) + product / 4 * kTileBytes) + product % 4 * (32 / 16),
                    begins && k == 0 ? 0 : 1);
            }
            endProducts();
            awaitProducts<1>();
            if (begins && (s > 0 || pending)) this->template scale<1 - at>();
            if constexpr (begins) {
#pragma unroll
                for (int row = 0; row < 2; ++row) scales[at][row] = __half2float(scale[row * 8]);
            }
        };
        step.template operator()<0>();
        step.template operator()<1>();
        if constexpr (kSteps == 4) {
            step.template operator()<2>();
            step.template operator()<3>();
        }
    }
    // The last part's.
    template <int which>
    __device__ void end() {
        awaitProducts<0>();
        scale<which>();
    }
};

#endif

}  // namespace gptq
