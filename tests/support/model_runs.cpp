// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/model_runs.h"

#include <algorithm>
#include <random>

#include "core/model/decoder_model.h"
#include "kernels/cpu/cpu_backend.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

fs::path goldenModel(const std::string& name) {
    return goldenFile("models/" + name);
}

fs::path demoGolden(const std::string& file) {
    return goldenFile("demo/" + file);
}

Backend& cpu() {
    static const std::unique_ptr<Backend> backend = openCpuBackend();
    return *backend;
}

OverlaidCheckpoint::OverlaidCheckpoint(Checkpoint opened, const TensorOverlay& overlay) : model(std::move(opened)) {
    base = std::move(model.weights);
    model.weights = std::make_unique<OverlaySource>(*base, overlay);
}

std::vector<float> logitsOf(const Checkpoint& model, const std::vector<TokenId>& ids) {
    Backend& backend = cpu();
    const DecoderModel decoder(backend, model);
    const auto tokens = static_cast<std::int64_t>(ids.size());
    Workspace workspace(backend, model.config, decoder.activations(), tokens);
    KvCache cache(backend, model.config, decoder.activations(), 1, tokens, KvLayers::Each);
    Tensor past = backend.allocate(DType::Int32, {1});
    backend.fillZero(past.view());
    BlockState state = workspace.state(tokens);
    state.batch = {1, tokens, past.view(), 0};
    decoder.forward(backend.upload(hostView(ids.data(), {tokens}), DType::Int32).view(), state, cache);
    std::vector<float> logits(ids.size() * static_cast<std::size_t>(model.config.vocabulary));
    const TensorView to = hostView(logits.data(), {tokens, model.config.vocabulary});
    decoder.logits(state.residual, state.normed, to);
    return logits;
}

double largestDifference(std::span<const float> a, std::span<const float> b) {
    if (a.size() != b.size() || a.empty()) return std::numeric_limits<double>::infinity();
    double difference = 0, largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return std::numeric_limits<double>::infinity();
        difference = std::max(difference, std::abs(static_cast<double>(a[i]) - b[i]));
        largest = std::max<double>(largest, std::abs(b[i]));
    }
    return largest == 0 ? difference : difference / largest;
}

std::vector<float> randomFloats(std::uint64_t seed, std::size_t count, double extent) {
    std::mt19937_64 random(seed);
    std::vector<float> values(count);
    for (float& value : values)
        value = static_cast<float>((static_cast<double>(random() >> 11) * 0x1p-52 - 1.0) * extent);
    return values;
}

std::vector<TokenId> randomIds(std::uint64_t seed, std::size_t count, std::int64_t vocabulary) {
    std::mt19937_64 random(seed);
    std::vector<TokenId> ids(count);
    for (TokenId& id : ids) id = static_cast<TokenId>(random() % static_cast<std::uint64_t>(vocabulary));
    return ids;
}

}  // namespace gptq::test
