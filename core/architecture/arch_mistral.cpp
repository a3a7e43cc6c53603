// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Mistral 7B and its successors: Llama with a sliding window (transformers, models/mistral/configuration_mistral.py).
#include "core/architecture/architectures.h"

namespace gptq {

const Architecture kMistral{"mistral",
                            "MistralForCausalLM",
                            "mistral",
                            [](const JsonObject& config) {
                                ModelConfig model = parseLlamaLike(config);
                                model.architecture = "mistral";
                                model.windows = parseWindows(config, model.layers, 0);
                                return model;
                            },
                            {}};

}  // namespace gptq
