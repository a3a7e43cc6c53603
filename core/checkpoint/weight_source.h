// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The tensors of a checkpoint by their Hugging Face names, whatever lies on disk: a safetensors folder, one of our quantized
// checkpoints, a base with a run's results over it. Read in bounded pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoint/quantized_matrix.h"
#include "kernels/tensor.h"

namespace gptq {

struct TensorInfo {
    DType dtype = DType::Float32;
    Shape shape;
};

struct RowRange {
    std::int64_t first = 0;
    std::int64_t count = 0;
};

class WeightSource {
public:
    virtual ~WeightSource() = default;

    virtual std::vector<std::string> names() const = 0;  // sorted; a quantized matrix by its "….weight"
    virtual std::optional<TensorInfo> find(const std::string& name) const = 0;
    // Rows of the tensor (a tensor of one dimension is one row; of more than two, its first is the rows), converted to
    // `type`; `to` holds exactly that many bytes. Integer types are not converted. A quantized matrix cannot be read so.
    virtual void read(const std::string& name, DType type, RowRange rows, std::span<std::byte> to) const = 0;
    // Makes `matrix` the canonical form of a quantized matrix; false where the tensor is a float one. The memory that
    // `matrix` holds is used again: fresh pages cost more than the codes that are written to them.
    virtual bool readQuantized(const std::string& name, QuantizedMatrix& matrix) const = 0;
    // For messages: "model.safetensors: model.norm.weight".
    virtual std::string describe(const std::string& name) const = 0;

    TensorInfo info(const std::string& name) const;  // throws Error where there is none
    // readQuantized() into a matrix of its own; nothing where the tensor is a float one.
    std::optional<QuantizedMatrix> quantized(const std::string& name) const;
};

}  // namespace gptq
