// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Continues a text, token by token. Owns cache and sampler; borrows model and tokenizer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/chat/sampler.h"
#include "core/model/decoder_model.h"
#include "core/text/tokenizer.h"

namespace gptq {

enum class GenerationEnd : std::uint8_t { MaxTokens, EndToken, ContextFull };
const char* nameOf(GenerationEnd end);  // "max_tokens", …

struct GenerationResult {
    std::vector<TokenId> ids;  // without the prompt's and the end token
    std::string text;
    std::int64_t promptTokens = 0;
    GenerationEnd end = GenerationEnd::MaxTokens;
    double promptSeconds = 0;
    double decodeSeconds = 0;

    double tokensPerSecond() const { return decodeSeconds > 0 ? static_cast<double>(ids.size()) / decodeSeconds : 0; }
};

// `onText` gets each piece of text as it becomes certain, whole characters only; it may throw to stop. Throws Error for an empty
// prompt or one that fills the model's context.
GenerationResult generateText(const DecoderModel& model, const Tokenizer& tokenizer, std::string_view prompt,
                              std::int64_t maxTokens, const SamplerSettings& settings,
                              const std::function<void(const std::string& piece)>& onText);

// Whether a greedy step asks for the one after it before its own choice is read.
enum class StepsAhead : std::uint8_t { WhereItPays, Always };

// A sequence of tokens in the model, advanced one token or many at a time.
class DecodeSequence {
public:
    DecodeSequence(const DecoderModel& model, std::int64_t capacity, StepsAhead ahead = StepsAhead::WhereItPays);

    // Logits after the last of `ids`: (vocabulary) host values, valid until the next call.
    const std::vector<float>& advance(const std::vector<TokenId>& ids);
    // The likeliest token, of the first `choices`, after all so far: found where the logits are. Throws Error where the logits are
    // not finite.
    TokenId likeliest(std::int64_t choices);
    // Advances by what likeliest(choices) returned last, and returns the likeliest after it. Logits do not come to the host. Where
    // the device works ahead, the step after this one is asked for before this one's choice is read.
    TokenId advanceByLikeliest();
    std::int64_t length() const { return m_length; }

private:
    void runTokens(std::int64_t count);
    void chooseLikeliest();
    TokenId chosen();  // from the device
    void recordGreedyStep();
    std::unique_ptr<Moment> askGreedyStep();
    TensorView nextId();

    const DecoderModel& m_model;
    Backend& m_backend;
    bool m_worksAhead;
    std::int64_t m_length = 0;
    KvCache m_cache;
    Workspace m_workspace;
    Tensor m_ids, m_past, m_logits;
    std::unique_ptr<RecordedStep> m_step;        // one token
    std::unique_ptr<RecordedStep> m_greedyStep;  // one token, the choice of the next, and the step to its position
    std::unique_ptr<Moment> m_ahead;             // the end of a greedy step that was asked for and is not yet counted
    Buffer m_choiceLog;                          // visible, int32 (2): the choice after token n is entry n mod 2
    std::int64_t m_choices = 0;
    TokenId m_next = -1;  // the choice; unless a step was asked for ahead, it lies on the device too
    TokenId m_last = -1;  // what the last greedy step advanced by
    std::vector<float> m_host;
};

}  // namespace gptq
