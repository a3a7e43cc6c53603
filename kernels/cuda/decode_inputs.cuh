// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// One token's inputs of a packed product into shared memory, each warp its own columns, with or without a norm before; and the sums
// of them that products of codes are offset by (decode_pair.cuh).
#pragma once

#include "kernels/cuda/decode_pair.cuh"
#include "kernels/cuda/decode_product.cuh"

namespace gptq {

inline constexpr int kNormPieces = 8;  // of 128 inputs a warp, at most, with a norm

// A sum over `lanes` neighbours.
template <int lanes>
__device__ float sumOverLanes(float value) {
#pragma unroll
    for (int step = lanes / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
    return value;
}

// Sums over lanes 4 q to 4 q + 3 of the float16 pairs that they hold, for quads q = 2 (lane % 4) and the next, by the tensor cores:
// the pairs are a product's inputs, a quad a token, and the weights ones. Exchanges between lanes take more instructions.
template <int count>
__device__ float2 sumsOfQuads(const std::uint32_t (&pairs)[count]) {
    constexpr std::uint32_t kOnes = 0x3c003c00u;
    FragmentC sums{};
#pragma unroll
    for (int i = 0; i < count; i += 2)
        multiplyAdd(sums, {{kOnes, kOnes, kOnes, kOnes}}, {{pairs[i], pairs[i + 1]}}, Half{});
    return {sums.x[0], sums.x[1]};
}

// A lane's eight neighbours, pairs 4 (lane % 4) to 4 (lane % 4) + 3 of a half, to the places of the lanes that multiply by them: each its
// slot lane % 4 of theirs. Halves begin with another lane's, so that no two lanes write to one bank.
template <class T>
__device__ void putEight(const std::uint32_t (&words)[4], T* half, int lane) {
    auto* const slots = reinterpret_cast<std::uint32_t*>(half) + lane % 4;
    const int begin = lane / 8;
    const bool one = begin % 2 != 0, two = begin / 2 != 0;
    std::uint32_t turned[4], inTurn[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) turned[i] = one ? words[(i + 1) % 4] : words[i];
#pragma unroll
    for (int i = 0; i < 4; ++i) inTurn[i] = two ? turned[(i + 2) % 4] : turned[i];
#pragma unroll
    for (int i = 0; i < 4; ++i) slots[(i + begin) % 4 * 4] = inTurn[i];
}

// A lane's four neighbours, pairs 2 (lane % 8) and the next of a half, to those places. staged: the half's. And the sums of the warp's
// inputs, a pair of tiles, that every scaled part is offset by.
template <int bits, class T, bool symmetric, int parts>
__device__ void putFour(const uint2& words, T* half, float* offsets, int lane) {
    auto* const places = reinterpret_cast<std::uint32_t*>(half);
    const int slot = lane / 4 % 2 * 2 + lane % 4 / 2;
    places[lane % 2 * 8 + slot] = words.x;
    places[lane % 2 * 8 + 4 + slot] = words.y;
    if constexpr (takesCodes<T>) {
        const std::uint32_t fours[2] = {words.x, words.y};  // a quad has 16 columns
        const float2 sums = sumsOfQuads(fours);
        const float sum = sumOverLanes<4 / parts>(sums.x + sums.y);
        if (lane < parts) offsets[lane] = offsetOfSum<bits, symmetric>(sum);
    }
}

// One token's inputs of a warp's pairs [first, last) into shared memory, of the activation type, zeros behind the last: of every half,
// 32 columns, first those of lane 0, eight, then those of lane 1, ... And the sums of them that every scaled part is offset by.
// `meanwhile` is called once, when inputs are on their way.
template <int bits, class T, bool symmetric, int parts, class Meanwhile>
__device__ void stageInputs(const ProductInput& in, int columns, int first, int last, int lane, T* staged,
                            float* offsets, const Meanwhile& meanwhile) {
    constexpr int kAtOnce = 4;
    const int end = last * kPairColumns;
    for (int begin = first * kPairColumns; begin < end; begin += kAtOnce * 256) {
        uint4 v[kAtOnce];
#pragma unroll
        for (int p = 0; p < kAtOnce; ++p) {
            const int i = begin + p * 256 + lane * 8;
            v[p] = {};
            if (i < min(end, columns)) v[p] = *reinterpret_cast<const uint4*>(static_cast<const T*>(in.x) + i);
        }
        if (begin == first * kPairColumns) meanwhile();
#pragma unroll
        for (int p = 0; p < kAtOnce; ++p) {
            const int i = begin + p * 256 + lane * 8;
            if (begin + p * 256 >= end) break;
            const std::uint32_t words[4] = {v[p].x, v[p].y, v[p].z, v[p].w};
            if (i < end) putEight(words, staged + i / 32 * 32, lane);
            if constexpr (takesCodes<T>) {
                // A quad has 32 columns; lanes 0 to 3 those of two quads, lanes 0 and 1 the first pair's.
                float2 sums = sumsOfQuads(words);
                if constexpr (parts == 1) sums.x = sumOverLanes<2>(sums.x + sums.y);
                const int column = begin + p * 256 + lane * 64;
                if (lane < 4 && lane % (parts == 1 ? 2 : 1) == 0 && column < end) {
                    float* const to = offsets + column / (kPairColumns / parts);
                    to[0] = offsetOfSum<bits, symmetric>(sums.x);
                    if constexpr (parts == 4) to[1] = offsetOfSum<bits, symmetric>(sums.y);
                }
            }
        }
    }
    __syncwarp();
}

// The same with a norm; its first weights are asked for before the inputs are there.
struct NormedInputs {
    static constexpr int kEarly = 2;
    float4 weight[kEarly];

    __device__ void prefetch(const ProductInput& in, int columns, int first, int last, int lane) {
#pragma unroll
        for (int p = 0; p < kEarly; ++p) {
            const int at = (first + p) * kPairColumns + lane * 4;
            weight[p] = {};
            if (first + p < last && at < columns) weight[p] = __ldg(reinterpret_cast<const float4*>(in.norm + at));
        }
    }
    template <int bits, class T, bool symmetric, int parts, class Meanwhile>
    __device__ void stage(const ProductInput& in, int columns, int first, int last, int lane, T* staged, float* offsets,
                          const Meanwhile& meanwhile) const {
        float4 v[kNormPieces];
        const int end = min(last * kPairColumns, columns);
#pragma unroll
        for (int p = 0; p < kNormPieces; ++p) {
            const int at = (first + p) * kPairColumns + lane * 4;
            v[p] = {};
            if (at < end) v[p] = *reinterpret_cast<const float4*>(static_cast<const float*>(in.x) + at);
        }
        meanwhile();
        float squares = 0;
#pragma unroll
        for (int p = 0; p < kNormPieces; ++p) {
            squares += v[p].x * v[p].x + v[p].y * v[p].y + v[p].z * v[p].z + v[p].w * v[p].w;
        }
        const float factor = normFactor(in, squares, columns);
#pragma unroll
        for (int p = 0; p < kNormPieces; ++p) {
            if (first + p >= last) break;
            const int at = (first + p) * kPairColumns + lane * 4;
            float4 g{};
            if (p < kEarly) g = weight[p < kEarly ? p : 0];
            else if (at < end) g = __ldg(reinterpret_cast<const float4*>(in.norm + at));
            const T four[4] = {fromFloat<T>(v[p].x * factor * g.x), fromFloat<T>(v[p].y * factor * g.y),
                               fromFloat<T>(v[p].z * factor * g.z), fromFloat<T>(v[p].w * factor * g.w)};
            uint2 words;
            memcpy(&words, four, 8);
            putFour<bits, T, symmetric, parts>(words, staged + at / 32 * 32, offsets + (first + p) * parts, lane);
        }
        __syncwarp();
    }
};

}  // namespace gptq
