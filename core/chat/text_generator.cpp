// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/chat/text_generator.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "kernels/error.h"

namespace gptq {
namespace {

constexpr std::int64_t kPromptPiece = 512;  // prompt tokens that run at once

constexpr std::int64_t kChoicesLogged = 2;  // the step that is counted next, and one ahead

constexpr const char* kNotFinite =
    "the model's outputs are NaN or infinite; its weights are damaged, or its type cannot hold its activations";

// The logits of the tokens that may be chosen: the embedding may have more rows than the tokenizer has tokens.
std::span<const float> finiteChoices(const std::vector<float>& logits, std::size_t known) {
    const auto choices = std::span(logits).first(known);
    if (!std::all_of(choices.begin(), choices.end(), [](float logit) { return std::isfinite(logit); }))
        throw Error(kNotFinite);
    return choices;
}

double secondsSince(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

const char* nameOf(GenerationEnd end) {
    switch (end) {
        case GenerationEnd::MaxTokens: return "max_tokens";
        case GenerationEnd::EndToken: return "end_token";
        case GenerationEnd::ContextFull: return "context_full";
    }
    return "";
}

DecodeSequence::DecodeSequence(const DecoderModel& model, std::int64_t capacity, StepsAhead ahead)
    : m_model(model), m_backend(model.backend()), m_worksAhead(ahead == StepsAhead::Always || m_backend.worksAhead()),
      m_cache(m_backend, model.config(), model.activations(), 1, capacity, KvLayers::Each),
      m_workspace(m_backend, model.config(), model.activations(), std::min(capacity, kPromptPiece)),
      m_ids(m_backend.allocate(DType::Int32, {m_workspace.tokens()})), m_past(m_backend.allocate(DType::Int32, {1})),
      m_logits(m_backend.allocate(DType::Float32, {1, model.config().vocabulary})),
      m_choiceLog(m_backend.allocateVisible(kChoicesLogged * sizeof(std::int32_t))),
      m_host(static_cast<std::size_t>(model.config().vocabulary)) {}

const std::vector<float>& DecodeSequence::advance(const std::vector<TokenId>& ids) {
    const auto count = static_cast<std::int64_t>(ids.size());
    if (count == 0 || m_length + count > m_cache.capacity())
        throw Error("a sequence of ", m_length, " tokens cannot take ", count, " more: it has room for ",
                    m_cache.capacity());
    m_next = -1;  // these ids take the place of what was chosen
    m_ahead.reset();
    for (std::int64_t first = 0; first < count; first += m_workspace.tokens()) {
        const std::int64_t piece = std::min(m_workspace.tokens(), count - first);
        const auto past = static_cast<std::int32_t>(m_length);
        m_backend.copy(hostView(ids.data() + first, {piece}),
                       TensorView(m_ids.view().data(), DType::Int32, Shape{piece}, m_backend.device()));
        m_backend.copy(hostView(&past, {1}), m_past.view());
        if (piece > 1) {
            runTokens(piece);
        } else {
            // Token and position lie on the device, so the same step serves every token.
            if (!m_step) m_step = m_backend.record([this] { runTokens(1); });
            m_step->replay();
        }
        m_length += piece;
    }
    m_backend.copy(m_logits.view(), hostView(m_host.data(), m_logits.shape()));
    return m_host;
}

TensorView DecodeSequence::nextId() {
    return {m_ids.view().data(), DType::Int32, Shape{1}, m_backend.device()};
}

void DecodeSequence::chooseLikeliest() {
    m_backend.chooseLargest(m_logits.view(), m_choices, nextId());
}

TokenId DecodeSequence::chosen() {
    m_backend.copy(nextId(), hostView(&m_next, {1}));
    if (m_next < 0) throw Error(kNotFinite);
    return m_next;
}

TokenId DecodeSequence::likeliest(std::int64_t choices) {
    if (m_length == 0) throw Error("an empty sequence has no next token");
    if (choices != m_choices) m_greedyStep.reset();
    m_choices = choices;
    if (m_ahead) {  // whose logits have taken the place of those that are asked for
        --m_length;
        advance({m_last});
    }
    chooseLikeliest();
    const auto past = static_cast<std::int32_t>(m_length);
    m_backend.copy(hostView(&past, {1}), m_past.view());
    return chosen();
}

void DecodeSequence::recordGreedyStep() {
    const TensorView log(m_choiceLog.data(), DType::Int32, Shape{kChoicesLogged}, m_backend.device());
    m_greedyStep = m_backend.record([this, log] {
        runTokens(1);
        chooseLikeliest();
        m_backend.advancePosition(nextId(), m_past.view(), log);
    });
    // Recording may have run it: back to where it begins.
    const auto past = static_cast<std::int32_t>(m_length);
    m_backend.copy(hostView(&m_next, {1}), nextId());
    m_backend.copy(hostView(&past, {1}), m_past.view());
}

std::unique_ptr<Moment> DecodeSequence::askGreedyStep() {
    m_greedyStep->replay();
    return m_backend.moment();
}

TokenId DecodeSequence::advanceByLikeliest() {
    if (m_next < 0) throw Error("no token was chosen to advance by");
    if (m_length == m_cache.capacity()) throw Error("a sequence of ", m_length, " tokens is full");
    if (!m_greedyStep) recordGreedyStep();
    const std::unique_ptr<Moment> end = m_ahead ? std::move(m_ahead) : askGreedyStep();
    ++m_length;
    m_last = m_next;
    if (m_worksAhead && m_length < m_cache.capacity()) m_ahead = askGreedyStep();
    end->await();
    std::memcpy(&m_next, m_choiceLog.data() + m_length % kChoicesLogged * sizeof(m_next), sizeof(m_next));
    if (m_next < 0) throw Error(kNotFinite);
    return m_next;
}

void DecodeSequence::runTokens(std::int64_t count) {
    BlockState state = m_workspace.state(count);
    // A recorded step may run at any length, so its bound is the cache's.
    state.batch = {1, count, m_past.view(), count == 1 ? m_cache.capacity() - 1 : m_length};
    m_model.forward(ConstTensorView(m_ids.view().data(), DType::Int32, Shape{count}, m_backend.device()), state,
                    m_cache);
    m_model.logits(state.residual.rowRange(count - 1, 1), state.normed, m_logits.view());
}

GenerationResult generateText(const DecoderModel& model, const Tokenizer& tokenizer, std::string_view prompt,
                              std::int64_t maxTokens, const SamplerSettings& settings,
                              const std::function<void(const std::string& piece)>& onText) {
    std::vector<TokenId> ids = tokenizer.encode(prompt);
    if (const auto opening = tokenizer.openingToken()) ids.insert(ids.begin(), *opening);
    const auto promptTokens = static_cast<std::int64_t>(ids.size());
    const std::int64_t context = model.config().context;
    if (promptTokens == 0)
        throw Error("the prompt is empty, and this model's tokenizer puts no token in front; write a few words");
    if (promptTokens >= context)
        throw Error("the prompt has ", promptTokens, " tokens, but the model's context is ", context, "; shorten it");

    GenerationResult result;
    result.promptTokens = promptTokens;
    DecodeSequence sequence(model, promptTokens + std::min(maxTokens, context - promptTokens));
    Sampler sampler(settings);
    StreamingDecoder decoder(tokenizer, ids);
    const std::vector<TokenId> ends = tokenizer.endTokens();
    const auto known = static_cast<std::size_t>(std::min(tokenizer.size(), model.config().vocabulary));
    const auto emit = [&](const std::string& piece) {
        result.text += piece;
        if (onText && !piece.empty()) onText(piece);
    };

    auto begin = std::chrono::steady_clock::now();
    const std::vector<float>* logits = &sequence.advance(ids);
    // Greedy choices are made where the logits are.
    const bool greedy = settings.temperature == 0;
    TokenId next = greedy ? sequence.likeliest(static_cast<std::int64_t>(known)) : -1;
    result.promptSeconds = secondsSince(begin);
    begin = std::chrono::steady_clock::now();
    while (static_cast<std::int64_t>(result.ids.size()) < maxTokens) {
        const TokenId id = greedy ? next : sampler.choose(finiteChoices(*logits, known));
        if (std::find(ends.begin(), ends.end(), id) != ends.end()) {
            result.end = GenerationEnd::EndToken;
            break;
        }
        result.ids.push_back(id);
        emit(decoder.push(id));
        if (sequence.length() == context) {
            result.end = GenerationEnd::ContextFull;
            break;
        }
        if (static_cast<std::int64_t>(result.ids.size()) == maxTokens) break;
        if (greedy) next = sequence.advanceByLikeliest();
        else logits = &sequence.advance({id});
    }
    result.decodeSeconds = secondsSince(begin);
    emit(decoder.finish());
    return result;
}

}  // namespace gptq
