// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/quantization/plan.h"

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
            if (!module.quantizable()) continue;
            if (plan.scheme.groupSize > module.in) {
                throw Error(module.name, ": a group of ", plan.scheme.groupSize, " columns is larger than its row of ",
                            module.in, ". Choose a smaller --group-size, or -1 for whole rows");
            }
            modules.back().scheme = plan.scheme;
            any = true;
        }
    }
    if (!any)
        throw Error(model.folder.string(),
                    ": no linear layer is in multiples of 32 both ways, so none can be quantized");
    if (const auto reason = formatNamed(plan.format).refuses(modules))
        throw Error("The format ", plan.format, " cannot hold this plan: ", *reason);
    return modules;
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
