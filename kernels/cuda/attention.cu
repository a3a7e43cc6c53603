// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The op: many new tokens enter the cache by a kernel of its own (queries and keys normed and turned, keys and values written), few
// of each sequence together with their attention.
//
// Entering: a block a token, whose angles it computes once; a warp a head at a time, the next one on its way meanwhile; a lane four
// neighbours:
//
//     qkv of token t   | head 0: warp 0 | head 1: warp 1 | ... | head 7: warp 7 | head 8: warp 0 | ...     queries, keys, values
//
// Bound: memory, 2 bytes in and 2 out an element; measured 73 % of a copy's bandwidth (2,048 tokens of Llama-2-7B: 46 us), by
// the profiler schedulers issue in 68 % of their cycles.
#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/chunks.cuh"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kWarps = 8;
constexpr int kNeighbours = 4;

template <class T, int count>
__global__ void __launch_bounds__(kWarps * 32)
    enterCacheKernel(const AttentionArguments<T> a, const HeadTransform transform) {
    __shared__ alignas(16) float heads[kWarps][kMostHeadSize];
    __shared__ float2 turns[kMostHeadSize / 2];
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const std::int64_t token = blockIdx.x, sequence = token / a.tokensEach;
    const std::int64_t position = a.past[sequence] + token % a.tokensEach;
    if (position >= a.capacity) return;  // beyond the cache: nothing there may be written over
    const std::int64_t slot = sequence * a.capacity + position;
    T* const in = a.qkv + token * a.qkvStride;
    constexpr int kPieces = kMostHeadSize / (32 * count);
    float held[kPieces][count];
    // Every piece of the head that this lane has: takes(piece, its first element).
    const auto eachPiece = [&](const auto& takes) {
#pragma unroll
        for (int p = 0; p < kPieces; ++p) {
            if (const int element = (p * 32 + lane) * count; element < a.headSize) takes(held[p], element);
        }
    };
    const auto read = [&](int h) {
        if (h >= a.heads + 2 * a.kvHeads) return;
        eachPiece([&](float(&piece)[count], int element) { readChunk(in + h * a.headSize + element, piece); });
    };
    read(warp);
    for (int i = static_cast<int>(threadIdx.x); i < transform.half; i += kWarps * 32)
        turns[i] = turnOf(transform, i, static_cast<float>(position));
    __syncthreads();
    for (int h = warp; h < a.heads + 2 * a.kvHeads; h += kWarps) {
        const int key = h - a.heads, value = key - a.kvHeads;
        T* const out = key < 0     ? in + h * a.headSize
                       : value < 0 ? a.keys + slot * a.kvStride + key * a.headSize
                                   : a.values + slot * a.kvStride + value * a.headSize;
        if (value >= 0) {
            eachPiece([&](const float(&piece)[count], int element) { writeChunk(piece, out + element); });
            read(h + kWarps);
            continue;
        }
        float* const head = heads[warp];
        eachPiece([&](const float(&piece)[count], int element) { writeChunk(piece, head + element); });
        read(h + kWarps);
        __syncwarp();
        transformHead(
            head, a.headSize, transform, key < 0, [&](int i) { return turns[i]; }, lane);
        for (int i = lane * count; i < a.headSize; i += 32 * count) {
            float turned[count];
            readChunk(head + i, turned);
            writeChunk(turned, out + i);
        }
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
    if (!keep(call)) launchAttention(call);
}

void CudaBackend::launchAttention(const AttentionCall& call) {
    withActivation(call.qkv.dtype(), [&]<class T>() {
        const AttentionArguments<T> arguments = argumentsOf<T>(call);
        const HeadTransform transform = transformOf(call);
        const bool decodes = call.batch.tokensEach <= kMostDecodeTokens && readsWholeChunks(call.cache);
        const bool enters = decodes && call.batch.tokensEach == 1;  // no token needs what another one writes
        if (!enters) {
            withChunks<kNeighbours>({call.qkv, call.cache.keys, call.cache.values}, [&]<int count>() {
                enterCacheKernel<T, count>
                    <<<static_cast<unsigned>(call.batch.tokens()), kWarps * 32, 0, stream()>>>(arguments, transform);
            });
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
