// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Models and figures that tests compare: where they lie, what a model answers, how far two answers are apart.
#pragma once

#include <cmath>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/tensor_overlay.h"
#include "kernels/backend.h"

namespace gptq::test {

std::filesystem::path goldenModel(const std::string& name);  // a folder of tests/golden/models
std::filesystem::path demoGolden(const std::string& file);   // a file of tests/golden/demo

Backend& cpu();  // one for the whole program

// A tensor of a safetensors file as it is stored.
template <class T>
std::vector<T> storedTensor(const std::filesystem::path& file, const std::string& name) {
    const SafetensorsFile stored(openFile(file));
    const auto found = stored.tensors().find(name);
    if (found == stored.tensors().end()) throw Error("the test finds no ", name, " in ", file.string());
    if (dtypeOf(found->second.type) != dtypeOf<T>()) throw Error("the test expects another type of ", name);
    std::vector<T> values(found->second.bytes / sizeof(T));
    stored.read(found->second, 0, std::as_writable_bytes(std::span(values)));
    return values;
}

// The checkpoint with results laid over its weights; the base goes with it, the overlay is borrowed.
struct OverlaidCheckpoint {
    OverlaidCheckpoint(Checkpoint opened, const TensorOverlay& overlay);

    std::unique_ptr<WeightSource> base;
    Checkpoint model;
};

// Logits of every position, (ids, vocabulary), from one pass on the CPU.
std::vector<float> logitsOf(const Checkpoint& model, const std::vector<TokenId>& ids);

// max|a - b| / max|b|; infinite where the sizes differ or a value is not finite.
double largestDifference(std::span<const float> a, std::span<const float> b);

// Numbers that are the same with every standard library: uniform in [-extent, extent).
std::vector<float> randomFloats(std::uint64_t seed, std::size_t count, double extent);
std::vector<TokenId> randomIds(std::uint64_t seed, std::size_t count, std::int64_t vocabulary);

}  // namespace gptq::test
