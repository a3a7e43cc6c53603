// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/weight_source.h"

#include "kernels/error.h"

namespace gptq {

TensorInfo WeightSource::info(const std::string& name) const {
    const std::optional<TensorInfo> found = find(name);
    if (!found) throw Error(describe(name), ": there is no such tensor; the weights do not belong to this config.json");
    return *found;
}

std::optional<QuantizedMatrix> WeightSource::quantized(const std::string& name) const {
    std::optional<QuantizedMatrix> matrix(std::in_place);
    if (!readQuantized(name, *matrix)) matrix.reset();
    return matrix;
}

}  // namespace gptq
