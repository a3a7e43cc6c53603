// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Quantized matrices of a checkpoint's own weights, without a run.
#pragma once

#include "core/quantization/method.h"
#include "support/model_runs.h"

namespace gptq::test {

// (out, in) float32 weights of a module, dequantized where they are packed.
std::vector<float> weightsOf(const WeightSource& source, const LinearModule& module);

QuantizedMatrix roundedToNearest(const WeightSource& source, const LinearModule& module, const QuantScheme& scheme);

// The matrix with its columns shuffled: as a checkpoint with act-order, but without static groups, has it.
QuantizedMatrix withScatteredGroups(const QuantizedMatrix& matrix, std::uint64_t seed);

// Every linear layer of the model that can be quantized, by this method, calibrated on random inputs.
TensorOverlay quantizedLayers(const Checkpoint& model, const QuantizationMethod& method, const QuantScheme& scheme,
                              const MethodOptions& options = {});

// The same as float tensors.
TensorOverlay dequantizedLayers(const TensorOverlay& overlay);

}  // namespace gptq::test
