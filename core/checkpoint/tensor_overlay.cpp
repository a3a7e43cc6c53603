// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/tensor_overlay.h"

#include "kernels/convert_floats.h"
#include "kernels/error.h"

namespace gptq {

std::optional<TensorInfo> OverlaySource::find(const std::string& name) const {
    const auto found = m_overlay.find(name);
    const auto* tensor = found == m_overlay.end() ? nullptr : std::get_if<Tensor>(&found->second);
    return tensor ? TensorInfo{tensor->dtype(), tensor->shape()} : m_base.find(name);
}

void OverlaySource::read(const std::string& name, DType type, RowRange rows, std::span<std::byte> to) const {
    const auto found = m_overlay.find(name);
    if (found == m_overlay.end()) return m_base.read(name, type, rows, to);
    const auto* tensor = std::get_if<Tensor>(&found->second);
    if (!tensor) throw Error(describe(name), ": a quantized matrix was read as ", nameOf(type));
    const ConstTensorView view = tensor->view();
    const auto count = static_cast<std::size_t>(rows.count * view.columns());
    if (rows.first < 0 || rows.count < 0 || rows.first + rows.count > view.rows() || to.size() != count * bytesOf(type))
        throw Error(describe(name), ": rows ", rows.first, " to ", rows.first + rows.count, " of ", view.rows());
    const std::byte* from = view.data() + static_cast<std::size_t>(rows.first * view.columns()) * bytesOf(view.dtype());
    convertFloats(view.dtype(), from, type, to.data(), count);
}

bool OverlaySource::readQuantized(const std::string& name, QuantizedMatrix& matrix) const {
    const auto found = m_overlay.find(name);
    if (found == m_overlay.end()) return m_base.readQuantized(name, matrix);
    const auto* quantized = std::get_if<QuantizedMatrix>(&found->second);
    if (quantized) matrix = *quantized;
    return quantized != nullptr;
}

}  // namespace gptq
