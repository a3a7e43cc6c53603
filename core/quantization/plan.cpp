// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/quantization/plan.h"

#include <algorithm>
#include <map>

#include "kernels/error.h"

namespace gptq {
namespace {

double storedBits(const ModuleScheme& entry) {
    const QuantScheme& scheme = *entry.scheme;
    const auto weights = static_cast<double>(entry.module.out * entry.module.in);
    return weights * scheme.bits +
           static_cast<double>(scheme.groups(entry.module.in) * entry.module.out) * (16 + scheme.bits);
}

}  // namespace

std::vector<ModuleScheme> moduleSchemes(const QuantizationPlan& plan, const Checkpoint& model) {
    checkScheme(plan.scheme);
    std::vector<ModuleScheme> modules;
    bool any = false;
    for (std::int64_t layer = 0; layer < model.config.layers; ++layer) {
        for (const LinearModule& module : blockLayout(model.config, model.names(), layer).modules()) {
            modules.push_back({module, std::nullopt});
            const auto scheme = plan.rules.schemeOf(module.name, plan.scheme);
            if (!scheme || !module.quantizable()) continue;
            if (scheme->groupSize > module.in) {
                throw Error(module.name, ": a group of ", scheme->groupSize, " columns is larger than its row of ",
                            module.in, ". Choose a smaller --group-size, or -1 for whole rows");
            }
            modules.back().scheme = scheme;
            any = true;
        }
    }
    if (!any) {
        throw Error(model.folder.string(),
                    ": no linear layer is left to quantize; all are excluded or not in multiples of 32 both ways");
    }
    if (const auto reason = formatNamed(plan.format).refuses(modules)) {
        throw Error("The format ", plan.format, " cannot hold this plan: ", *reason);
    }
    return modules;
}

std::vector<std::string> planWarnings(const QuantizationPlan& plan, const Checkpoint& model,
                                      const std::vector<ModuleScheme>& modules) {
    std::vector<std::string> warnings;
    const auto warnWhereIdle = [&](const char* kind, const Pattern& pattern) {
        const bool used = std::any_of(modules.begin(), modules.end(),
                                      [&](const ModuleScheme& entry) { return pattern.foundIn(entry.module.name); });
        if (!used) warnings.push_back(text("the ", kind, " '", pattern.expression(), "' matches no layer"));
    };
    for (const SchemeOverride& rule : plan.rules.overrides) warnWhereIdle("override", rule.pattern);
    for (const Pattern& exclusion : plan.rules.exclusions) warnWhereIdle("exclusion", exclusion);

    std::map<std::string, std::optional<QuantScheme>> schemes;
    for (const ModuleScheme& entry : modules) schemes[entry.module.name] = entry.scheme;
    int mixed = 0;
    std::string first;
    for (std::int64_t layer = 0; layer < model.config.layers; ++layer) {
        const BlockLayout block = blockLayout(model.config, model.names(), layer);
        for (const auto* group : {&block.attentionIn, &block.feedForwardIn}) {
            const auto differs = [&](const LinearModule& module) {
                return schemes[module.name] != schemes[group->front().name];
            };
            if (std::none_of(group->begin(), group->end(), differs)) continue;
            if (mixed++ == 0) first = group->front().name;
        }
    }
    if (mixed > 0) {
        warnings.push_back(
            text(first, " and the layers that share its input have different schemes (", mixed,
                 " such groups). Transformers and this program load that; vLLM fuses them and refuses it"));
    }
    return warnings;
}

std::uint64_t estimateOutputBytes(const Checkpoint& model, const std::vector<ModuleScheme>& modules) {
    double bytes = 0;
    for (const std::string& name : model.weights->names()) {
        const TensorInfo info = model.weights->info(name);
        bytes += static_cast<double>(info.shape.elements()) * static_cast<double>(bytesOf(info.dtype));
    }
    for (const ModuleScheme& entry : modules) {
        if (!entry.scheme) continue;
        const auto weights = static_cast<double>(entry.module.out * entry.module.in);
        bytes += storedBits(entry) / 8 -
                 weights * static_cast<double>(bytesOf(model.weights->info(entry.module.weight()).dtype));
    }
    return static_cast<std::uint64_t>(bytes);
}

double bitsPerWeight(const std::vector<ModuleScheme>& modules) {
    double bits = 0, weights = 0;
    for (const ModuleScheme& entry : modules) {
        if (!entry.scheme) continue;
        bits += storedBits(entry);
        weights += static_cast<double>(entry.module.out * entry.module.in);
    }
    return weights > 0 ? bits / weights : 0;
}

}  // namespace gptq
