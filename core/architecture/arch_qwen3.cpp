// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Qwen3: Llama with a norm on each head's queries and keys (transformers, models/qwen3/configuration_qwen3.py).
#include "core/architecture/architectures.h"

namespace gptq {

const Architecture kQwen3{"qwen3",
                          "Qwen3ForCausalLM",
                          "qwen3",
                          [](const JsonObject& config) {
                              ModelConfig model = parseLlamaLike(config);
                              model.architecture = "qwen3";
                              model.attention.headNorms = true;
                              if (config.booleanOr("use_sliding_window", false)) {
                                  const std::int64_t first = config.integerOr("max_window_layers", 28, 0, 4096);
                                  model.windows = parseWindows(config, model.layers, first);
                              }
                              return model;
                          },
                          {}};

}  // namespace gptq
