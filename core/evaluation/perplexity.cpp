// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/evaluation/perplexity.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"

namespace gptq {
namespace {

constexpr std::int64_t kChunkTokens = 4096;
constexpr std::int64_t kLogitElements = 16 << 20;  // logits that exist at once

// Runs windows through the model and adds up the loss of their predictions.
class WindowRunner {
public:
    WindowRunner(const DecoderModel& model, std::int64_t sequences, std::int64_t length)
        : m_model(model), m_backend(model.backend()), m_length(length),
          m_workspace(m_backend, model.config(), model.activations(), sequences * length),
          m_cache(m_backend, model.config(), model.activations(), sequences, length, KvLayers::Shared),
          m_past(m_backend.allocate(DType::Int32, {sequences})),
          m_rows(std::clamp<std::int64_t>(kLogitElements / model.config().vocabulary, 1, length)),
          m_logits(m_backend.allocate(DType::Float32, {m_rows, model.config().vocabulary})) {
        m_backend.fillZero(m_past.view());
    }

    double loss(const TokenId* ids, std::int64_t sequences) {
        const std::int64_t tokens = sequences * m_length;
        const Tensor onDevice = m_backend.upload(hostView(ids, {tokens}), DType::Int32);
        BlockState state = m_workspace.state(tokens);
        state.batch = {sequences, m_length,
                       ConstTensorView(m_past.view().data(), DType::Int32, Shape{sequences}, m_backend.device()), 0};
        m_model.forward(onDevice.view(), state, m_cache);
        double sum = 0;
        for (std::int64_t s = 0; s < sequences; ++s) {
            for (std::int64_t row = 0; row + 1 < m_length; row += m_rows) {
                sum += pieceLoss(state, ids, s * m_length + row, std::min(m_rows, m_length - 1 - row));
            }
        }
        return sum;
    }

private:
    // The loss of predicting ids[first + 1 ...] at positions [first, first + count).
    double pieceLoss(const BlockState& state, const TokenId* ids, std::int64_t first, std::int64_t count) {
        const TensorView logits = m_logits.view().rowRange(0, count);
        m_model.logits(state.residual.rowRange(first, count), state.normed, logits);
        const Tensor targets = m_backend.upload(hostView(ids + first + 1, {count}), DType::Int32);
        Tensor losses = m_backend.allocate(DType::Float32, {count});
        m_backend.crossEntropy(logits, targets.view(), losses.view());
        std::vector<float> host(static_cast<std::size_t>(count));
        m_backend.copy(losses.view(), hostView(host.data(), {count}));
        double sum = 0;
        for (const float loss : host) sum += loss;
        return sum;
    }

    const DecoderModel& m_model;
    Backend& m_backend;
    std::int64_t m_length;
    Workspace m_workspace;
    KvCache m_cache;
    Tensor m_past;
    std::int64_t m_rows;
    Tensor m_logits;
};

}  // namespace

std::vector<TokenId> evaluationIds(const Tokenizer& tokenizer, std::string_view text, const LongTextOptions& options) {
    std::vector<TokenId> ids = encodeLongText(tokenizer, text, options);
    if (const auto opening = tokenizer.openingToken()) ids.insert(ids.begin(), *opening);
    return ids;
}

Perplexity measurePerplexity(const DecoderModel& model, const std::vector<TokenId>& ids, std::int64_t sequenceLength,
                             const std::string& where,
                             const std::function<void(const Perplexity& soFar, std::int64_t windows)>& progress) {
    Perplexity result;
    result.sequenceLength = std::min(sequenceLength, model.config().context);
    const std::int64_t length = result.sequenceLength;
    if (length < 2) throw Error("perplexity needs windows of at least 2 tokens, not ", length);
    const std::int64_t windows = static_cast<std::int64_t>(ids.size()) / length;
    if (windows == 0)
        throw Error(where, ": has ", ids.size(), " tokens, too few for one window of ", length,
                    ". Use a longer text or a shorter --seq-len");
    const std::int64_t sequences = std::clamp<std::int64_t>(kChunkTokens / length, 1, windows);
    WindowRunner runner(model, sequences, length);
    while (result.windows < windows) {
        const std::int64_t count = std::min(sequences, windows - result.windows);
        result.nllSum += runner.loss(ids.data() + result.windows * length, count);
        result.windows += count;
        result.tokens += count * (length - 1);
        result.perplexity = std::exp(result.nllSum / static_cast<double>(result.tokens));
        if (!std::isfinite(result.nllSum))
            throw Error(where, ": the model's outputs are NaN or infinite in window ", result.windows,
                        ". Its weights are damaged, or its type cannot hold its activations");
        if (progress) progress(result, windows);
    }
    return result;
}

}  // namespace gptq
