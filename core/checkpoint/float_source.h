// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A safetensors folder as a source of weights: each tensor as it lies there, floating-point ones converted to the type asked for.
#pragma once

#include "core/checkpoint/safetensors.h"
#include "core/checkpoint/weight_source.h"

namespace gptq {

class FloatSource : public WeightSource {
public:
    explicit FloatSource(const std::filesystem::path& folder) : m_path(folder), m_folder(folder) {}

    const SafetensorsFolder& folder() const { return m_folder; }

    std::vector<std::string> names() const override;
    std::optional<TensorInfo> find(const std::string& name) const override;  // float64 shows as float32
    void read(const std::string& name, DType type, RowRange rows, std::span<std::byte> to) const override;
    bool readQuantized(const std::string& name, QuantizedMatrix& matrix) const override;
    std::string describe(const std::string& name) const override;

private:
    std::filesystem::path m_path;
    SafetensorsFolder m_folder;
};

}  // namespace gptq
