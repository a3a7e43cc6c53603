// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/model/linear_group.h"

#include <algorithm>

#include "core/model/weight_loading.h"
#include "kernels/error.h"

namespace gptq {
namespace {

class FloatPart final : public LinearPart {
public:
    FloatPart(Tensor weight, Tensor bias) : m_weight(std::move(weight)), m_bias(std::move(bias)) {}

    std::int64_t rows() const override { return m_weight.shape()[0]; }
    void forward(Backend& backend, const GroupCall& call) const override {
        backend.linear(DenseWeight{m_weight.view(), m_bias.empty() ? ConstTensorView{} : m_bias.view()}, call);
    }

private:
    Tensor m_weight;
    Tensor m_bias;
};

std::vector<float> readBias(const WeightSource& source, const LinearModule& module) {
    if (!module.bias) return {};
    std::vector<float> bias(static_cast<std::size_t>(module.out));
    source.read(module.name + ".bias", DType::Float32, {0, 1}, std::as_writable_bytes(std::span(bias)));
    return bias;
}

// Modules that run as one product.
struct Run {
    std::vector<LinearModule> modules;
    std::vector<const QuantizedMatrix*> matrices;  // none: float

    bool takes(const LinearModule& module, const QuantizedMatrix* matrix) const {
        if (module.bias != modules.front().bias || (matrix != nullptr) == matrices.empty()) return false;
        if (!matrix) return true;
        return matrix->scheme == matrices.front()->scheme && matrix->groupOfColumn.empty() &&
               matrices.front()->groupOfColumn.empty();
    }
};

std::unique_ptr<LinearPart> loadPart(Backend& backend, const WeightSource& source, const Run& run,
                                     DType checkpointType) {
    std::vector<float> bias;
    for (const LinearModule& module : run.modules) {
        const auto values = readBias(source, module);
        bias.insert(bias.end(), values.begin(), values.end());
    }
    if (!run.matrices.empty()) return packedPart(backend, run.matrices, bias);
    Tensor onDevice =
        bias.empty()
            ? Tensor{}
            : backend.upload(hostView(static_cast<const float*>(bias.data()), {static_cast<std::int64_t>(bias.size())}),
                             DType::Float32);
    return floatPart(loadJoined(backend, source, run.modules, backend.activationType(checkpointType)),
                     std::move(onDevice));
}

}  // namespace

std::unique_ptr<LinearPart> floatPart(Tensor weight, Tensor bias) {
    return std::make_unique<FloatPart>(std::move(weight), std::move(bias));
}

LinearGroup::LinearGroup(std::vector<std::unique_ptr<LinearPart>> parts) : m_parts(std::move(parts)) {
    for (const auto& part : m_parts) m_rows += part->rows();
}

LinearGroup LinearGroup::load(Backend& backend, const WeightSource& source, const std::vector<LinearModule>& modules,
                              DType checkpointType) {
    std::vector<QuantizedMatrix> memory;
    return load(backend, source, modules, checkpointType, memory);
}

LinearGroup LinearGroup::load(Backend& backend, const WeightSource& source, const std::vector<LinearModule>& modules,
                              DType checkpointType, std::vector<QuantizedMatrix>& memory) {
    memory.resize(std::max(memory.size(), modules.size()));
    std::vector<Run> runs;
    for (std::size_t i = 0; i < modules.size(); ++i) {
        const bool packed = source.readQuantized(modules[i].weight(), memory[i]);
        const QuantizedMatrix* matrix = packed ? &memory[i] : nullptr;
        if (runs.empty() || !runs.back().takes(modules[i], matrix)) runs.emplace_back();
        runs.back().modules.push_back(modules[i]);
        if (matrix) runs.back().matrices.push_back(matrix);
    }
    std::vector<std::unique_ptr<LinearPart>> parts;
    for (const Run& run : runs) {
        try {
            parts.push_back(loadPart(backend, source, run, checkpointType));
        } catch (const Error& error) {
            const std::string where = source.describe(run.modules.front().weight());
            const std::string what = error.what();
            throw Error(what.starts_with(where) || run.matrices.empty() ? what : where + ": " + what);
        }
    }
    return LinearGroup(std::move(parts));
}

void LinearGroup::forward(Backend& backend, const GroupCall& call) const {
    if (m_parts.size() == 1) return m_parts.front()->forward(backend, call);
    const std::int64_t tokens = call.x.rows();
    ConstTensorView x = call.x;
    if (call.in) {
        const TensorView normed = call.normedScratch.rowRange(0, tokens).columnRange(0, x.columns());
        backend.normalize(*call.in, x, normed);
        x = normed;
    }
    const bool gated = call.epilogue == Epilogue::SiluGate;
    const TensorView y = gated ? call.productScratch.rowRange(0, tokens).columnRange(0, m_rows) : call.y;
    std::int64_t column = 0;
    for (const auto& part : m_parts) {
        part->forward(backend, {.x = x,
                                .in = {},
                                .y = y.columnRange(column, part->rows()),
                                .epilogue = gated ? Epilogue::None : call.epilogue,
                                .normedScratch = {},
                                .productScratch = {}});
        column += part->rows();
    }
    if (gated) backend.siluGate(y, call.y);
}

}  // namespace gptq
