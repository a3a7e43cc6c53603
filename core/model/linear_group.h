// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The matrices that share one input (q, k, v; o; gate, up; down). A group holds one or more parts, which write their columns of
// the output; a part is float or packed, and nothing above it knows which.
#pragma once

#include <memory>
#include <vector>

#include "core/architecture/model_layout.h"
#include "core/checkpoint/weight_source.h"
#include "kernels/backend.h"

namespace gptq {

class LinearPart {
public:
    virtual ~LinearPart() = default;
    virtual std::int64_t rows() const = 0;
    virtual void forward(Backend& backend, const GroupCall& call) const = 0;
};

class LinearGroup {
public:
    LinearGroup() = default;
    explicit LinearGroup(std::vector<std::unique_ptr<LinearPart>> parts);

    // Modules are joined where they can run as one product: all float, or of one scheme in original column order.
    static LinearGroup load(Backend& backend, const WeightSource& source, const std::vector<LinearModule>& modules,
                            DType checkpointType);
    // The same; the group's matrices are read into `memory`, which a caller of many groups passes again and again.
    static LinearGroup load(Backend& backend, const WeightSource& source, const std::vector<LinearModule>& modules,
                            DType checkpointType, std::vector<QuantizedMatrix>& memory);

    std::int64_t rows() const { return m_rows; }
    std::size_t parts() const { return m_parts.size(); }
    void forward(Backend& backend, const GroupCall& call) const;

private:
    std::vector<std::unique_ptr<LinearPart>> m_parts;
    std::int64_t m_rows = 0;
};

// A packed part from canonical matrices of one scheme, joined by rows; more than one: in original column order. Borrows
// them for the call. bias: float32 host values, one a row, or none. (packed_part.cpp)
std::unique_ptr<LinearPart> packedPart(Backend& backend, const std::vector<const QuantizedMatrix*>& matrices,
                                       const std::vector<float>& bias);
std::unique_ptr<LinearPart> floatPart(Tensor weight, Tensor bias);

}  // namespace gptq
