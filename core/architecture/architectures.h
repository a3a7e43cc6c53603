// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The table of architectures. To add one: a file arch_x.cpp and a row in architectures.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/architecture/model_config.h"
#include "core/io/json.h"

namespace gptq {

// Hugging Face tensor names; "{}" stands for the layer. Empty where the architecture has no such tensor.
struct TensorNames {
    std::string embedding = "model.embed_tokens.weight";
    std::string finalNorm = "model.norm.weight";
    std::string head = "lm_head.weight";
    std::string attentionNorm = "model.layers.{}.input_layernorm.weight";
    std::string query = "model.layers.{}.self_attn.q_proj";
    std::string key = "model.layers.{}.self_attn.k_proj";
    std::string value = "model.layers.{}.self_attn.v_proj";
    std::string output = "model.layers.{}.self_attn.o_proj";
    std::string queryNorm = "model.layers.{}.self_attn.q_norm.weight";
    std::string keyNorm = "model.layers.{}.self_attn.k_norm.weight";
    std::string feedForwardNorm = "model.layers.{}.post_attention_layernorm.weight";
    std::string gate = "model.layers.{}.mlp.gate_proj";
    std::string up = "model.layers.{}.mlp.up_proj";
    std::string down = "model.layers.{}.mlp.down_proj";
};

std::string nameInLayer(const std::string& pattern, std::int64_t layer);

struct Architecture {
    std::string_view name;       // "llama"
    std::string_view className;  // as config.json's "architectures" has it: "LlamaForCausalLM"
    std::string_view modelType;  // as its "model_type" has it
    ModelConfig (*parse)(const JsonObject& config);
    TensorNames names;
};

const std::vector<Architecture>& architectures();

// The row for a config.json. Throws Error that names the architecture found and lists the supported ones.
const Architecture& architectureOf(const JsonObject& config);

// What Llama and its kin share: sizes, norm, rotary embedding, tied head; checked for sense and against each other.
ModelConfig parseLlamaLike(const JsonObject& config);

// Layers that see a sliding window: those that "layer_types" names, or all from `firstLayer` on.
std::vector<std::int64_t> parseWindows(const JsonObject& config, std::int64_t layers, std::int64_t firstLayer);

extern const Architecture kLlama;
extern const Architecture kMistral;
extern const Architecture kQwen2;
extern const Architecture kQwen3;

}  // namespace gptq
