// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values (transformers, models/qwen2/configuration_qwen2.py).
#include "core/architecture/architectures.h"

namespace gptq {

const Architecture kQwen2{"qwen2",
                          "Qwen2ForCausalLM",
                          "qwen2",
                          [](const JsonObject& config) {
                              ModelConfig model = parseLlamaLike(config);
                              model.architecture = "qwen2";
                              model.attention.inputBias = true;
                              model.attention.outputBias = false;
                              if (config.booleanOr("use_sliding_window", false)) {
                                  const std::int64_t first = config.integerOr("max_window_layers", 28, 0, 4096);
                                  model.windows = parseWindows(config, model.layers, first);
                              }
                              return model;
                          },
                          {}};

}  // namespace gptq
