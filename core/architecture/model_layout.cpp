// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/architecture/model_layout.h"

namespace gptq {

std::vector<LinearModule> BlockLayout::modules() const {
    std::vector<LinearModule> all;
    for (const auto* group : {&attentionIn, &attentionOut, &feedForwardIn, &feedForwardOut})
        all.insert(all.end(), group->begin(), group->end());
    return all;
}

BlockLayout blockLayout(const ModelConfig& config, const TensorNames& names, std::int64_t layer) {
    const AttentionConfig& attention = config.attention;
    const FeedForwardConfig& feedForward = config.feedForward;
    const auto named = [&](const std::string& pattern) { return nameInLayer(pattern, layer); };
    BlockLayout block;
    block.attentionNorm = named(names.attentionNorm);
    block.feedForwardNorm = named(names.feedForwardNorm);
    if (attention.headNorms) {
        block.queryNorm = named(names.queryNorm);
        block.keyNorm = named(names.keyNorm);
    }
    block.attentionIn = {{named(names.query), attention.spec.queryWidth(), config.hidden, attention.inputBias},
                         {named(names.key), attention.spec.kvWidth(), config.hidden, attention.inputBias},
                         {named(names.value), attention.spec.kvWidth(), config.hidden, attention.inputBias}};
    block.attentionOut = {{named(names.output), config.hidden, attention.spec.queryWidth(), attention.outputBias}};
    block.feedForwardIn = {{named(names.gate), feedForward.width, config.hidden, feedForward.bias},
                           {named(names.up), feedForward.width, config.hidden, feedForward.bias}};
    block.feedForwardOut = {{named(names.down), config.hidden, feedForward.width, feedForward.bias}};
    return block;
}

std::vector<ExpectedTensor> expectedTensors(const ModelConfig& config, const TensorNames& names) {
    std::vector<ExpectedTensor> tensors{{names.embedding, {config.vocabulary, config.hidden}}};
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        const BlockLayout block = blockLayout(config, names, layer);
        tensors.push_back({block.attentionNorm, {config.hidden}});
        tensors.push_back({block.feedForwardNorm, {config.hidden}});
        for (const std::string& norm : {block.queryNorm, block.keyNorm}) {
            if (!norm.empty()) tensors.push_back({norm, {config.attention.spec.headSize}});
        }
        for (const LinearModule& module : block.modules()) {
            tensors.push_back({module.weight(), {module.out, module.in}});
            if (module.bias) tensors.push_back({module.name + ".bias", {module.out}});
        }
    }
    tensors.push_back({names.finalNorm, {config.hidden}});
    if (!config.tiedHead) tensors.push_back({names.head, {config.vocabulary, config.hidden}});
    return tensors;
}

std::int64_t parameterCount(const ModelConfig& config, const TensorNames& names) {
    std::int64_t count = 0;
    for (const ExpectedTensor& tensor : expectedTensors(config, names)) {
        std::int64_t elements = 1;
        for (const std::int64_t extent : tensor.shape) elements *= extent;
        count += elements;
    }
    return count;
}

}  // namespace gptq
