// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/backend.h"

namespace gptq {

Tensor Backend::allocate(DType type, const Shape& shape) {
    return {allocateBytes(static_cast<std::size_t>(shape.elements()) * bytesOf(type)), type, shape, device()};
}

Tensor Backend::upload(ConstTensorView host, DType type) {
    Tensor tensor = allocate(type, host.shape());
    copy(host, tensor.view());
    return tensor;
}

}  // namespace gptq
