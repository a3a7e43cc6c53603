// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A warp's 16 rows of a tile of sums (warpgroup.cuh), on their way to y (token, row).
#pragma once

#include "kernels/cuda/decode_product.cuh"
#include "kernels/cuda/hopper_tile.cuh"

namespace gptq {

#ifdef GPTQ_HOPPER_DEVICE

// Four 8x8 matrices of 16-bit elements, transposed on their way, as loadTransposed (ptx.cuh) reads them.
__device__ inline void storeTransposed(const std::uint32_t (&matrices)[4], void* row) {
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(sharedAddress(row)),
                 "r"(matrices[0]), "r"(matrices[1]), "r"(matrices[2]), "r"(matrices[3])
                 : "memory");
}

// y, from a tile's first token and this warp's first row on. Float32 goes out as it lies, eight rows of a token are 32 bytes; what is
// added to it is added where it lies, each number by one thread. 16-bit numbers are turned over in shared memory, so that a lane
// writes eight rows of a token.
template <int tokens, bool accumulate>
__device__ void storeFloats(const float (&sums)[tokens / 2], float* y, std::int64_t stride, int left, int lane) {
    y += lane % 4 * 2 * stride + lane / 4;
    const int own = left - lane % 4 * 2;
#pragma unroll
    for (int i = 0; i < tokens / 8; ++i) {
        if (i * 8 >= left) break;
#pragma unroll
        for (int token = 0; token < 2; ++token) {
            float* const to = y + token * stride;
            const float low = sums[i * 4 + token], high = sums[i * 4 + 2 + token];
            if (i * 8 + token >= own) continue;
            if constexpr (accumulate) {
                atomicAdd(to, low);
                atomicAdd(to + 8, high);
            } else {
                to[0] = low;
                to[8] = high;
            }
        }
        y += 8 * stride;
    }
}

template <class T, int tokens, bool accumulate>
__device__ void storeHalves(const float (&sums)[tokens / 2], T* y, std::int64_t stride, int left, int lane,
                            uint4* place) {
    const auto slot = [place](int token, int half) { return place + token * 2 + (half ^ token / 4 % 2); };
    uint4* const own = slot(lane / 2, lane % 2);                      // what this lane reads and writes of y
    uint4* const row = slot(lane / 16 * 8 + lane % 8, lane / 8 % 2);  // what it names of the matrices
    T* to = y + lane / 2 * stride + lane % 2 * 8;
    const auto there = [&](int token) {
        const T* from = y + min(token + lane / 2, left - 1) * stride + lane % 2 * 8;
        return accumulate ? *reinterpret_cast<const uint4*>(from) : uint4{};
    };
    uint4 next = there(0);
#pragma unroll
    for (int token = 0; token < tokens; token += kOutputTokens) {
        if (token >= left) break;
        std::uint32_t pairs[4] = {};
        T* const here = to;
        to += kOutputTokens * stride;
        if constexpr (accumulate) {
            *own = next;
            if (token + kOutputTokens < tokens) next = there(token + kOutputTokens);
            __syncwarp();
            const uint4 words = loadTransposed(row);
            pairs[0] = words.x, pairs[1] = words.y, pairs[2] = words.z, pairs[3] = words.w;
            __syncwarp();
        }
#pragma unroll
        for (int m = 0; m < 4; ++m) {  // eight tokens, rows 0 to 7 and 8 to 15; the next eight
            const int at = token / 2 + m * 2;
            const auto before = pairOf<PairOf<T>>(pairs[m]);
            pairs[m] = packPair<T>(sums[at] + (accumulate ? asFloat(before.x) : 0.0f),
                                   sums[at + 1] + (accumulate ? asFloat(before.y) : 0.0f));
        }
        storeTransposed(pairs, row);
        __syncwarp();
        if (token + lane / 2 < left) *reinterpret_cast<uint4*>(here) = *own;
        __syncwarp();
    }
}

// The rows from `row` on of a tile that begins at a token and has `left` of them; place: kOutputBytes of this warp's.
template <class T, int tokens>
__device__ void storeTile(float (&sums)[tokens / 2], const ProductOutput& out, int row, int token, int left, int lane,
                          uint4* place) {
    if (out.bias) {
        const float low = out.bias[row + lane / 4], high = out.bias[row + lane / 4 + 8];
#pragma unroll
        for (int i = 0; i < tokens / 2; ++i) sums[i] += i % 4 < 2 ? low : high;
    }
    const std::int64_t at = token * out.stride + row;
    if (out.toFloat) {
        auto* const y = static_cast<float*>(out.y) + at;
        if (out.accumulate) storeFloats<tokens, true>(sums, y, out.stride, left, lane);
        else storeFloats<tokens, false>(sums, y, out.stride, left, lane);
    } else {
        auto* const y = static_cast<T*>(out.y) + at;
        if (out.accumulate) storeHalves<T, tokens, true>(sums, y, out.stride, left, lane, place);
        else storeHalves<T, tokens, false>(sums, y, out.stride, left, lane, place);
    }
}

#endif

}  // namespace gptq
