// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/types.cuh"
#include "kernels/inference_ops.h"

namespace gptq {

inline constexpr float kLog2E = 1.4426950408889634f;
inline constexpr std::int64_t kMostHeadSize = 256;
inline constexpr std::int64_t kMostDecodeTokens = 8;  // a sequence advances by at most so many in the decode form

// The decode form reads keys and values 16 bytes at once.
inline bool readsWholeChunks(const KvView& cache) {
    return cache.keys.rowStride() % 8 == 0 && cache.values.rowStride() == cache.keys.rowStride() &&
           reinterpret_cast<std::uintptr_t>(cache.keys.data()) % 16 == 0 &&
           reinterpret_cast<std::uintptr_t>(cache.values.data()) % 16 == 0;
}

// What the attention kernels take.
template <class T>
struct AttentionArguments {
    T* qkv;  // (tokens, qkvStride): query head h at h * headSize, then keys, then values
    std::int64_t qkvStride;
    T* keys;  // (sequences * capacity, kvStride)
    T* values;
    std::int64_t kvStride;
    std::int64_t capacity;
    const std::int32_t* past;
    T* y;
    std::int64_t yStride;
    int tokensEach;
    int heads;
    int kvHeads;
    int headSize;
    int window;   // 0: none
    float scale;  // of exponents to the base of 2
};

// How queries and keys change before they meet: normed, where there is a norm, then turned.
struct HeadTransform {
    const float* frequencies;
    int half;  // pairs that turn
    float magnitude;
    const float* queryNorm;  // null: none
    const float* keyNorm;
    float queryEpsilon;
    float keyEpsilon;
};

// Sine and cosine of the angle by which element i turns with i + half: position * frequency[i].
__device__ inline float2 turnOf(const HeadTransform& transform, int i, float position) {
    float2 turn;
    sincosf(position * transform.frequencies[i], &turn.x, &turn.y);
    return turn;
}

// One head in shared memory, by one warp; turns: element i's sine and cosine by turns(i).
template <class Turns>
__device__ void transformHead(float* head, int size, const HeadTransform& transform, bool query, const Turns& turns,
                              int lane) {
    const float* norm = query ? transform.queryNorm : transform.keyNorm;
    if (norm) {
        float squares = 0;
        for (int i = lane; i < size; i += 32) squares += head[i] * head[i];
        const float epsilon = query ? transform.queryEpsilon : transform.keyEpsilon;
        const float factor = rsqrtf(warpSum(squares) / static_cast<float>(size) + epsilon);
        for (int i = lane; i < size; i += 32) head[i] *= factor * norm[i];
        __syncwarp();
    }
    for (int i = lane; i < transform.half; i += 32) {
        const float2 turn = turns(i);
        const float a = head[i], b = head[i + transform.half];
        head[i] = (a * turn.y - b * turn.x) * transform.magnitude;
        head[i + transform.half] = (b * turn.y + a * turn.x) * transform.magnitude;
    }
    __syncwarp();
}

// Queries transformed in place, keys and values in the cache.
template <class T>
void attendPrefill(const CudaContext& context, const AttentionArguments<T>& arguments, std::int64_t sequences);

// The context in splits, each a block's; their partial results meet in scratch memory.
struct DecodeSplits {
    int count;
    int headsTogether;     // query heads that a block takes, of one key and value head
    std::size_t counters;  // to be zero before the first step; left zero by every step
    std::size_t partialFloats;
};
DecodeSplits decodeSplits(const AttentionCall& call, int multiprocessors, const GpuLimits& limits);

// enters: the one token of each sequence is still to be transformed and to enter the cache, which this kernel does too.
template <class T>
void attendDecode(const CudaContext& context, const AttentionArguments<T>& arguments, const HeadTransform& transform,
                  bool enters, std::int64_t sequences, const DecodeSplits& splits, int* counters, float* partials);

}  // namespace gptq
