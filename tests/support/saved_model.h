// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Quantized checkpoints that tests save and open again.
#pragma once

#include "core/checkpoint/checkpoint_format.h"
#include "support/overlays.h"

namespace gptq::test {

// What is to be written: the schemes are those of the overlay's matrices, other layers stay float.
std::vector<ModuleScheme> schemesOf(const Checkpoint& model, const TensorOverlay& overlay);

struct SaveOptions {
    Json recipe = Json::object();
    std::uint64_t shardBytes = std::uint64_t{4} << 30;
};

// Writes the model with the overlay's matrices; `scheme` goes into its config as that of most layers.
void saveQuantized(const CheckpointFormat& format, const std::filesystem::path& model, const TensorOverlay& overlay,
                   const QuantScheme& scheme, const std::filesystem::path& folder, const SaveOptions& options = {});

}  // namespace gptq::test
