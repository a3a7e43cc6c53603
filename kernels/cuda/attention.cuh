// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "kernels/cuda/types.cuh"
#include "kernels/inference_ops.h"

namespace gptq {

inline constexpr std::int64_t kMostHeadSize = 256;
inline constexpr std::int64_t kMostDecodeTokens = 8;  // a sequence advances by at most so many in the decode form

// What the attention kernels take, after queries are turned and keys and values are in the cache.
template <class T>
struct AttentionArguments {
    const T* queries;  // (tokens, queryStride), head h at h * headSize
    std::int64_t queryStride;
    const T* keys;  // (sequences * capacity, kvStride)
    const T* values;
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

template <class T>
void attendPrefill(const AttentionArguments<T>& arguments, std::int64_t sequences, cudaStream_t stream);

// Context in pieces of kSplitPositions, whose partial results meet in scratch: (tokens, heads, splits, headSize + 2) float32.
inline constexpr std::int64_t kSplitPositions = 256;
std::size_t decodeScratchBytes(const AttentionCall& call);
template <class T>
void attendDecode(const AttentionArguments<T>& arguments, std::int64_t sequences, std::int64_t splits, float* scratch,
                  cudaStream_t stream);

}  // namespace gptq
