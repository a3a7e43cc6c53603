// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The op: queries and keys normed and turned, keys and values into the cache, then one of two forms of attention.
//
// Entering: a block a token, a warp a head at a time. Element i of a head turns with i + width / 2 by position * frequency[i].
#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kWarps = 4;

template <class T>
struct EnterArguments {
    T* qkv;
    std::int64_t stride;
    T* keys;
    T* values;
    std::int64_t kvStride;
    std::int64_t capacity;
    const std::int32_t* past;
    int tokensEach;
    int heads;
    int kvHeads;
    int headSize;
    const float* frequencies;
    int half;  // pairs that turn
    float magnitude;
    const float* queryNorm;  // null: none
    const float* keyNorm;
    float queryEpsilon;
    float keyEpsilon;
};

// One head in shared memory: normed, then turned.
__device__ void transformHead(float* head, int size, const float* norm, float epsilon, int half,
                              const float* frequencies, float position, float magnitude, int lane) {
    if (norm) {
        float squares = 0;
        for (int i = lane; i < size; i += 32) squares += head[i] * head[i];
        const float factor = rsqrtf(warpSum(squares) / static_cast<float>(size) + epsilon);
        for (int i = lane; i < size; i += 32) head[i] *= factor * norm[i];
        __syncwarp();
    }
    for (int i = lane; i < half; i += 32) {
        float sine, cosine;
        sincosf(position * frequencies[i], &sine, &cosine);
        const float a = head[i], b = head[i + half];
        head[i] = (a * cosine - b * sine) * magnitude;
        head[i + half] = (b * cosine + a * sine) * magnitude;
    }
    __syncwarp();
}

template <class T>
__global__ void enterCacheKernel(EnterArguments<T> a) {
    __shared__ float heads[kWarps][kMostHeadSize];
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    float* head = heads[warp];
    const std::int64_t token = blockIdx.x, sequence = token / a.tokensEach;
    const std::int64_t position = a.past[sequence] + token % a.tokensEach;
    if (position >= a.capacity) return;  // beyond the cache: nothing there may be written over
    const std::int64_t slot = sequence * a.capacity + position;
    for (int h = warp; h < a.heads + 2 * a.kvHeads; h += kWarps) {
        T* in = a.qkv + token * a.stride + h * a.headSize;
        if (h >= a.heads + a.kvHeads) {
            T* out = a.values + slot * a.kvStride + (h - a.heads - a.kvHeads) * a.headSize;
            for (int i = lane; i < a.headSize; i += 32) out[i] = in[i];
            continue;
        }
        const bool query = h < a.heads;
        for (int i = lane; i < a.headSize; i += 32) head[i] = asFloat(in[i]);
        __syncwarp();
        transformHead(head, a.headSize, query ? a.queryNorm : a.keyNorm, query ? a.queryEpsilon : a.keyEpsilon, a.half,
                      a.frequencies, static_cast<float>(position), a.magnitude, lane);
        T* out = query ? in : a.keys + slot * a.kvStride + (h - a.heads) * a.headSize;
        for (int i = lane; i < a.headSize; i += 32) out[i] = fromFloat<T>(head[i]);
        __syncwarp();
    }
}

template <class T>
void enterCache(const AttentionCall& call, cudaStream_t stream) {
    const AttentionSpec& spec = call.spec;
    const ConstTensorView frequencies = call.rotary.frequencies;
    EnterArguments<T> a{};
    a.qkv = deviceData<T>(call.qkv);
    a.stride = call.qkv.rowStride();
    a.keys = deviceData<T>(call.cache.keys);
    a.values = deviceData<T>(call.cache.values);
    a.kvStride = call.cache.keys.rowStride();
    a.capacity = call.cache.capacity;
    a.past = deviceData<std::int32_t>(call.batch.pastLengths);
    a.tokensEach = static_cast<int>(call.batch.tokensEach);
    a.heads = static_cast<int>(spec.heads);
    a.kvHeads = static_cast<int>(spec.kvHeads);
    a.headSize = static_cast<int>(spec.headSize);
    a.frequencies = frequencies.empty() ? nullptr : deviceData<float>(frequencies);
    a.half = frequencies.empty() ? 0 : static_cast<int>(frequencies.shape().elements());
    a.magnitude = call.rotary.magnitude;
    if (call.queryNorm) {
        a.queryNorm = deviceData<float>(call.queryNorm->weight);
        a.queryEpsilon = call.queryNorm->epsilon;
    }
    if (call.keyNorm) {
        a.keyNorm = deviceData<float>(call.keyNorm->weight);
        a.keyEpsilon = call.keyNorm->epsilon;
    }
    enterCacheKernel<<<static_cast<unsigned>(call.batch.tokens()), kWarps * 32, 0, stream>>>(a);
    CUDA_CHECK_LAUNCH();
}

template <class T>
AttentionArguments<T> argumentsOf(const AttentionCall& call) {
    constexpr float kLog2E = 1.4426950408889634f;
    const AttentionSpec& spec = call.spec;
    return {deviceData<T>(call.qkv),
            call.qkv.rowStride(),
            deviceData<T>(call.cache.keys),
            deviceData<T>(call.cache.values),
            call.cache.keys.rowStride(),
            call.cache.capacity,
            deviceData<std::int32_t>(call.batch.pastLengths),
            deviceData<T>(call.y),
            call.y.rowStride(),
            static_cast<int>(call.batch.tokensEach),
            static_cast<int>(spec.heads),
            static_cast<int>(spec.kvHeads),
            static_cast<int>(spec.headSize),
            static_cast<int>(spec.window),
            spec.scale * kLog2E};
}

}  // namespace

void CudaBackend::attend(const AttentionCall& call) {
    m_context->enter();
    checkAttentionCall(call, call.qkv.dtype());
    if (call.spec.headSize > kMostHeadSize || call.spec.headSize % 8 != 0)
        throw Error("attention: a head size of ", call.spec.headSize, " is not supported on CUDA; at most ",
                    kMostHeadSize, ", a multiple of 8");
    withActivation(call.qkv.dtype(), [&]<class T>() {
        enterCache<T>(call, stream());
        if (call.batch.tokensEach > kMostDecodeTokens)
            return attendPrefill(argumentsOf<T>(call), call.batch.sequences, stream());
        const std::int64_t splits = blocksFor(call.batch.pastLimit + call.batch.tokensEach, kSplitPositions);
        auto* scratchData = static_cast<float*>(scratch(m_attentionScratch, decodeScratchBytes(call)));
        attendDecode(argumentsOf<T>(call), call.batch.sequences, splits, scratchData, stream());
    });
}

}  // namespace gptq
