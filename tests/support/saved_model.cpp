// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/saved_model.h"

namespace gptq::test {

std::vector<ModuleScheme> schemesOf(const Checkpoint& model, const TensorOverlay& overlay) {
    std::vector<ModuleScheme> schemes;
    for (std::int64_t layer = 0; layer < model.config.layers; ++layer) {
        for (const LinearModule& module : blockLayout(model.config, model.names(), layer).modules()) {
            schemes.push_back({module, std::nullopt});
            const auto found = overlay.find(module.weight());
            if (found == overlay.end()) continue;
            schemes.back().scheme = std::get<QuantizedMatrix>(found->second).scheme;
        }
    }
    return schemes;
}

void saveQuantized(const CheckpointFormat& format, const std::filesystem::path& model, const TensorOverlay& overlay,
                   const QuantScheme& scheme, const std::filesystem::path& folder, const SaveOptions& options) {
    const Checkpoint original = openCheckpoint(model);
    const OverlaySource weights(*original.weights, overlay);
    writeCheckpoint(
        format, {original, weights, scheme, schemesOf(original, overlay), options.recipe, folder, options.shardBytes},
        [] {});
}

}  // namespace gptq::test
