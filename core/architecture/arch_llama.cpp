// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Llama 1, 2 and 3.x (transformers, models/llama/configuration_llama.py).
#include <cmath>

#include "core/architecture/architectures.h"
#include "core/architecture/rotary_config.h"

namespace gptq {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 24;  // of any one extent: beyond every published model

void requireSupported(const JsonObject& config) {
    const std::string activation = config.stringOr("hidden_act", "silu");
    if (activation != "silu")
        throw Error(config.where(), ": the activation '", activation, "' is not supported; expected 'silu'");
}

std::int64_t headSizeOf(const JsonObject& config, std::int64_t hidden, std::int64_t heads) {
    if (config.has("head_dim")) return config.integer("head_dim", 8, 4096);
    if (hidden % heads != 0) {
        throw Error(config.where(), ": 'hidden_size' ", hidden, " is not a multiple of 'num_attention_heads' ", heads,
                    " and there is no 'head_dim'");
    }
    return hidden / heads;
}

}  // namespace

ModelConfig parseLlamaLike(const JsonObject& config) {
    requireSupported(config);
    ModelConfig model;
    model.vocabulary = config.integer("vocab_size", 1, kMost);
    model.hidden = config.integer("hidden_size", 1, kMost);
    model.layers = config.integer("num_hidden_layers", 1, 4096);
    model.context = config.integerOr("max_position_embeddings", 2048, 1, kMost);
    model.norm = {NormKind::Rms, static_cast<float>(config.numberOr("rms_norm_eps", 1e-6, 0, 1))};
    model.feedForward.width = config.integer("intermediate_size", 1, kMost);
    model.feedForward.bias = config.booleanOr("mlp_bias", false);
    model.tiedHead = config.booleanOr("tie_word_embeddings", false);

    AttentionConfig& attention = model.attention;
    attention.spec.heads = config.integer("num_attention_heads", 1, 65536);
    attention.spec.kvHeads = config.integerOr("num_key_value_heads", attention.spec.heads, 1, 65536);
    attention.spec.headSize = headSizeOf(config, model.hidden, attention.spec.heads);
    attention.spec.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(attention.spec.headSize)));
    attention.inputBias = attention.outputBias = config.booleanOr("attention_bias", false);
    if (attention.spec.heads % attention.spec.kvHeads != 0) {
        throw Error(config.where(), ": 'num_attention_heads' ", attention.spec.heads,
                    " is not a multiple of 'num_key_value_heads' ", attention.spec.kvHeads);
    }
    if (attention.spec.headSize % 8 != 0)
        throw Error(config.where(), ": a head size of ", attention.spec.headSize,
                    " is not supported; expected a multiple of 8");
    model.rotary = parseRotary(config, attention.spec.headSize, model.context);
    return model;
}

const Architecture kLlama{"llama",
                          "LlamaForCausalLM",
                          "llama",
                          [](const JsonObject& config) {
                              ModelConfig model = parseLlamaLike(config);
                              model.architecture = "llama";
                              return model;
                          },
                          {}};

}  // namespace gptq
