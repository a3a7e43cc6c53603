// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/overlays.h"

#include <map>
#include <numeric>
#include <random>

#include "support/stage_problem.h"

namespace gptq::test {

std::vector<float> weightsOf(const WeightSource& source, const LinearModule& module) {
    if (const auto matrix = source.quantized(module.weight())) return dequantize(*matrix);
    std::vector<float> weights(static_cast<std::size_t>(module.out * module.in));
    source.read(module.weight(), DType::Float32, {0, module.out}, std::as_writable_bytes(std::span(weights)));
    return weights;
}

QuantizedMatrix roundedToNearest(const WeightSource& source, const LinearModule& module, const QuantScheme& scheme) {
    StageProblem problem = plainProblem(0, 32, module.in, scheme);
    problem.modules = {{module, scheme}};
    problem.weights = weightsOf(source, module);
    return matrixOf(problem.quantize(kRtnMethod), module);
}

QuantizedMatrix withScatteredGroups(const QuantizedMatrix& matrix, std::uint64_t seed) {
    std::vector<std::int64_t> from(static_cast<std::size_t>(matrix.columns));
    std::iota(from.begin(), from.end(), std::int64_t{0});
    std::mt19937_64 random(seed);
    for (std::size_t i = from.size() - 1; i > 0; --i) std::swap(from[i], from[random() % (i + 1)]);
    QuantizedMatrix scattered = matrix;
    for (std::size_t column = 0; column < from.size(); ++column) {
        scattered.groupOfColumn.push_back(matrix.groupOf(from[column]));
        for (std::size_t row = 0; row < static_cast<std::size_t>(matrix.rows); ++row)
            scattered.codes[row * from.size() + column] =
                matrix.codes[row * from.size() + static_cast<std::size_t>(from[column])];
    }
    return scattered;
}

TensorOverlay quantizedLayers(const Checkpoint& model, const QuantizationMethod& method, const QuantScheme& scheme,
                              const MethodOptions& options) {
    TensorOverlay overlay;
    std::map<std::int64_t, std::vector<float>> hessians;
    for (std::int64_t layer = 0; layer < model.config.layers; ++layer) {
        for (const LinearModule& module : blockLayout(model.config, model.names(), layer).modules()) {
            if (!module.quantizable()) continue;
            auto& hessian = hessians[module.in];
            if (hessian.empty()) hessian = randomProblem(77, 32, module.in, scheme).hessian;
            const StageProblem problem{{{module, scheme}}, weightsOf(*model.weights, module), hessian};
            overlay.merge(problem.quantize(method, options).tensors);
        }
    }
    return overlay;
}

TensorOverlay dequantizedLayers(const TensorOverlay& overlay) {
    TensorOverlay floats;
    for (const auto& [name, value] : overlay) {
        const auto& matrix = std::get<QuantizedMatrix>(value);
        const std::vector<float> weights = dequantize(matrix);
        floats.emplace(name, cpu().upload(hostView(weights.data(), {matrix.rows, matrix.columns}), DType::Float32));
    }
    return floats;
}

}  // namespace gptq::test
