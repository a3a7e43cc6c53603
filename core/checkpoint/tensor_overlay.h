// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Results laid over a checkpoint: what a quantization method returns for a stage, what a run has so far, what an export reads.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>

#include "core/checkpoint/weight_source.h"

namespace gptq {

// By the tensor's name ("….weight"). A float tensor is host memory.
using TensorOverlay = std::map<std::string, std::variant<QuantizedMatrix, Tensor>>;

// The base's tensors, except where the overlay has one of that name. Borrows both.
class OverlaySource final : public WeightSource {
public:
    OverlaySource(const WeightSource& base, const TensorOverlay& overlay) : m_base(base), m_overlay(overlay) {}

    std::vector<std::string> names() const override { return m_base.names(); }
    std::optional<TensorInfo> find(const std::string& name) const override;
    void read(const std::string& name, DType type, RowRange rows, std::span<std::byte> to) const override;
    bool readQuantized(const std::string& name, QuantizedMatrix& matrix) const override;
    std::string describe(const std::string& name) const override { return m_base.describe(name); }

private:
    const WeightSource& m_base;
    const TensorOverlay& m_overlay;
};

}  // namespace gptq
