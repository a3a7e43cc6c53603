// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The op: many new tokens enter the cache by a kernel of its own (queries and keys normed and turned, keys and values written), few
// of each sequence together with their attention.
#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kWarps = 4;

// A block a token, a warp a head at a time.
template <class T>
__global__ void enterCacheKernel(const AttentionArguments<T> a, const HeadTransform transform) {
    __shared__ float heads[kWarps][kMostHeadSize];
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    float* head = heads[warp];
    const std::int64_t token = blockIdx.x, sequence = token / a.tokensEach;
    const std::int64_t position = a.past[sequence] + token % a.tokensEach;
    if (position >= a.capacity) return;  // beyond the cache: nothing there may be written over
    const std::int64_t slot = sequence * a.capacity + position;
    for (int h = warp; h < a.heads + 2 * a.kvHeads; h += kWarps) {
        T* in = a.qkv + token * a.qkvStride + h * a.headSize;
        if (h >= a.heads + a.kvHeads) {
            T* out = a.values + slot * a.kvStride + (h - a.heads - a.kvHeads) * a.headSize;
            for (int i = lane; i < a.headSize; i += 32) out[i] = in[i];
            continue;
        }
        const bool query = h < a.heads;
        for (int i = lane; i < a.headSize; i += 32) head[i] = asFloat(in[i]);
        __syncwarp();
        transformHead(
            head, a.headSize, transform, query,
            [&](int i) { return turnOf(transform, i, static_cast<float>(position)); }, lane);
        T* out = query ? in : a.keys + slot * a.kvStride + (h - a.heads) * a.headSize;
        for (int i = lane; i < a.headSize; i += 32) out[i] = fromFloat<T>(head[i]);
        __syncwarp();
    }
}

HeadTransform transformOf(const AttentionCall& call) {
    const ConstTensorView frequencies = call.rotary.frequencies;
    const auto weightOf = [](const std::optional<NormSpec>& norm) {
        return norm ? deviceData<float>(norm->weight) : nullptr;
    };
    return {frequencies.empty() ? nullptr : deviceData<float>(frequencies),
            frequencies.empty() ? 0 : static_cast<int>(frequencies.shape().elements()),
            call.rotary.magnitude,
            weightOf(call.queryNorm),
            weightOf(call.keyNorm),
            call.queryNorm ? call.queryNorm->epsilon : 0.0f,
            call.keyNorm ? call.keyNorm->epsilon : 0.0f};
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

// The decode form reads keys and values 16 bytes at once.
bool readsWholeChunks(const KvView& cache) {
    return cache.keys.rowStride() % 8 == 0 && cache.values.rowStride() == cache.keys.rowStride() &&
           reinterpret_cast<std::uintptr_t>(cache.keys.data()) % 16 == 0 &&
           reinterpret_cast<std::uintptr_t>(cache.values.data()) % 16 == 0;
}

}  // namespace

void CudaBackend::attend(const AttentionCall& call) {
    m_context->enter();
    checkAttentionCall(call, call.qkv.dtype());
    if (call.spec.headSize > kMostHeadSize || call.spec.headSize % 8 != 0)
        throw Error("attention: a head size of ", call.spec.headSize, " is not supported on CUDA; at most ",
                    kMostHeadSize, ", a multiple of 8");
    withActivation(call.qkv.dtype(), [&]<class T>() {
        const AttentionArguments<T> arguments = argumentsOf<T>(call);
        const HeadTransform transform = transformOf(call);
        const bool decodes = call.batch.tokensEach <= kMostDecodeTokens && readsWholeChunks(call.cache);
        const bool enters = decodes && call.batch.tokensEach == 1;  // no token needs what another one writes
        if (!enters) {
            enterCacheKernel<<<static_cast<unsigned>(call.batch.tokens()), kWarps * 32, 0, stream()>>>(arguments,
                                                                                                       transform);
            CUDA_CHECK_LAUNCH();
        }
        if (!decodes) return attendPrefill(*m_context, arguments, call.batch.sequences);
        const DecodeSplits splits =
            decodeSplits(call, m_context->properties().multiProcessorCount, m_context->limits());
        auto* const partials = static_cast<float*>(scratch(m_attentionScratch, splits.partialFloats * sizeof(float)));
        attendDecode(*m_context, arguments, transform, enters, call.batch.sequences, splits,
                     zeroCounters(m_attentionCounters, splits.counters), partials);
    });
}

}  // namespace gptq
