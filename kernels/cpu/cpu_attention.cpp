// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Attention of one layer: head norms, rotary embedding, cache, softmax(q k^T scale) v, causal, grouped queries, window.
#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/cpu/cpu_backend_class.h"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr std::int64_t kQueryBlock = 64;

void normHead(const NormSpec& norm, float* head, std::int64_t size) {
    double squares = 0;
    for (std::int64_t i = 0; i < size; ++i) squares += static_cast<double>(head[i]) * head[i];
    const auto factor = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(size) + norm.epsilon));
    for (std::int64_t i = 0; i < size; ++i) head[i] = head[i] * factor * norm.weight.as<float>()[i];
}

void rotateHead(float* head, const float* cosines, const float* sines, std::int64_t half) {
    for (std::int64_t i = 0; i < half; ++i) {
        const float a = head[i], b = head[i + half];
        head[i] = a * cosines[i] - b * sines[i];
        head[i + half] = b * cosines[i] + a * sines[i];
    }
}

// One token: its heads normed and turned in place, its keys and values put into the cache.
void enterCache(const AttentionCall& call, std::int64_t token) {
    const AttentionSpec& spec = call.spec;
    const std::int64_t sequence = token / call.batch.tokensEach;
    const std::int64_t position = call.batch.pastLengths.as<std::int32_t>()[sequence] + token % call.batch.tokensEach;
    float* query = call.qkv.as<float>() + token * call.qkv.rowStride();
    float* key = query + spec.queryWidth();
    const std::int64_t half = call.rotary.frequencies.empty() ? 0 : call.rotary.frequencies.shape().elements();
    std::vector<float> cosines(static_cast<std::size_t>(half)), sines(static_cast<std::size_t>(half));
    for (std::int64_t i = 0; i < half; ++i) {
        const float angle = static_cast<float>(position) * call.rotary.frequencies.as<float>()[i];
        cosines[static_cast<std::size_t>(i)] = std::cos(angle) * call.rotary.magnitude;
        sines[static_cast<std::size_t>(i)] = std::sin(angle) * call.rotary.magnitude;
    }
    for (std::int64_t h = 0; h < spec.heads + spec.kvHeads; ++h) {
        float* head = query + h * spec.headSize;
        const auto& norm = h < spec.heads ? call.queryNorm : call.keyNorm;
        if (norm) normHead(*norm, head, spec.headSize);
        rotateHead(head, cosines.data(), sines.data(), half);
    }
    const std::int64_t slot = sequence * call.cache.capacity + position;
    const auto bytes = static_cast<std::size_t>(spec.kvWidth()) * sizeof(float);
    std::memcpy(call.cache.keys.as<float>() + slot * call.cache.keys.rowStride(), key, bytes);
    std::memcpy(call.cache.values.as<float>() + slot * call.cache.values.rowStride(), key + spec.kvWidth(), bytes);
}

// softmax over scores[from, to), zero elsewhere in the row.
void softmaxRow(float* scores, std::int64_t from, std::int64_t to, std::int64_t width) {
    const float most = *std::max_element(scores + from, scores + to);
    double sum = 0;
    for (std::int64_t i = from; i < to; ++i) sum += scores[i] = std::exp(scores[i] - most);
    const auto factor = static_cast<float>(1.0 / sum);
    for (std::int64_t i = from; i < to; ++i) scores[i] *= factor;
    std::fill(scores, scores + from, 0.0f);
    std::fill(scores + to, scores + width, 0.0f);
}

// Queries [first, first + count) of one head of one sequence.
void attendBlock(const AttentionCall& call, std::int64_t sequence, std::int64_t head, std::int64_t first,
                 std::int64_t count) {
    const AttentionSpec& spec = call.spec;
    const std::int64_t past = call.batch.pastLengths.as<std::int32_t>()[sequence];
    const std::int64_t end = past + first + count;  // one past the last position that is seen
    const std::int64_t begin = spec.window > 0 ? std::max<std::int64_t>(0, past + first - spec.window + 1) : 0;
    const std::int64_t seen = end - begin, token = sequence * call.batch.tokensEach + first;
    const std::int64_t kvColumn = head / (spec.heads / spec.kvHeads) * spec.headSize,
                       slot = sequence * call.cache.capacity + begin;
    const float* query = call.qkv.as<float>() + token * call.qkv.rowStride() + head * spec.headSize;
    const float* keys = call.cache.keys.as<float>() + slot * call.cache.keys.rowStride() + kvColumn;
    const float* values = call.cache.values.as<float>() + slot * call.cache.values.rowStride() + kvColumn;
    float* out = call.y.as<float>() + token * call.y.rowStride() + head * spec.headSize;
    thread_local std::vector<float> scores;
    scores.resize(static_cast<std::size_t>(count * seen));
    const int m = static_cast<int>(count), n = static_cast<int>(seen), d = static_cast<int>(spec.headSize);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, d, spec.scale, query,
                static_cast<int>(call.qkv.rowStride()), keys, static_cast<int>(call.cache.keys.rowStride()), 0.0f,
                scores.data(), n);
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t last = past + first + i + 1 - begin;
        softmaxRow(scores.data() + i * seen, spec.window > 0 ? std::max<std::int64_t>(0, last - spec.window) : 0, last,
                   seen);
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, d, n, 1.0f, scores.data(), n, values,
                static_cast<int>(call.cache.values.rowStride()), 0.0f, out, static_cast<int>(call.y.rowStride()));
}

}  // namespace

void CpuBackend::attend(const AttentionCall& call) {
    checkAttentionCall(call, DType::Float32);
    const SequenceBatch& batch = call.batch;
    for (std::int64_t s = 0; s < batch.sequences; ++s) {
        const std::int32_t past = batch.pastLengths.as<std::int32_t>()[s];
        if (past < 0 || past > batch.pastLimit)
            throw Error("attention: a past of ", past, " beyond its limit of ", batch.pastLimit);
    }
    m_pool.parallelFor(batch.tokens(), 16, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t token = begin; token < end; ++token) enterCache(call, token);
    });
    const std::int64_t blocks = (batch.tokensEach + kQueryBlock - 1) / kQueryBlock;
    m_pool.parallelFor(batch.sequences * call.spec.heads * blocks, 1, [&](std::int64_t item, std::int64_t) {
        const std::int64_t first = item % blocks * kQueryBlock, head = item / blocks % call.spec.heads;
        attendBlock(call, item / blocks / call.spec.heads, head, first,
                    std::min(kQueryBlock, batch.tokensEach - first));
    });
}

}  // namespace gptq
