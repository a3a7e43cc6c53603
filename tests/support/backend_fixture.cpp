// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/backend_fixture.h"

#include <algorithm>
#include <cmath>

#include "kernels/devices.h"

namespace gptq::test {
namespace {

std::vector<float> floatsOf(const Matrix& matrix) {
    return {matrix.values.begin(), matrix.values.end()};
}

Tensor uploadedAs(Backend& backend, const Matrix& matrix, DType type, const Shape& shape) {
    const std::vector<float> host = floatsOf(matrix);
    return backend.upload(hostView(host.data(), shape), type);
}

// An element type's values on the host, whatever the device.
template <class T>
Matrix fetched(Backend& backend, ConstTensorView view) {
    std::vector<T> host(static_cast<std::size_t>(view.shape().elements()));
    backend.copy(view, hostView(host.data(), view.shape()));
    Matrix matrix(view.rows(), view.columns());
    std::copy(host.begin(), host.end(), matrix.values.begin());
    return matrix;
}

}  // namespace

double OpTarget::rounding() const {
    if (activation == DType::Float16) return 0x1p-11;
    if (activation == DType::BFloat16) return 0x1p-8;
    return 0x1p-24;
}

std::vector<OpTarget> openTargets() {
    std::vector<OpTarget> targets;
    for (const DeviceInfo& info : availableDevices().devices) {
        if (info.device.index != 0) continue;  // further ones are like the first
        const std::shared_ptr<Backend> backend = openDevice(info.device);
        std::vector<DType> activations;
        for (const DType checkpoint : {DType::Float32, DType::Float16, DType::BFloat16}) {
            const DType type = backend->activationType(checkpoint);
            if (std::find(activations.begin(), activations.end(), type) == activations.end())
                activations.push_back(type);
        }
        for (const DType type : activations)
            targets.push_back({text(nameOf(info.device), " ", nameOf(type)), backend, type});
    }
    const std::string wanted = qEnvironmentVariable("GPTQ_STUDIO_TEST_TARGETS").toStdString();
    std::vector<OpTarget> chosen;
    for (const OpTarget& target : targets) {
        if (target.name.starts_with(wanted)) chosen.push_back(target);
    }
    return chosen.empty() ? targets : chosen;
}

std::size_t shapeStride() {
    return static_cast<std::size_t>(std::max(1, qEnvironmentVariableIntValue("GPTQ_STUDIO_TEST_EVERY")));
}

void addTargetRows(const std::vector<OpTarget>& targets) {
    QTest::addColumn<int>("target");
    for (std::size_t t = 0; t < targets.size(); ++t) QTest::newRow(targets[t].name.c_str()) << static_cast<int>(t);
}

Tensor uploaded(Backend& backend, const Matrix& matrix, DType type) {
    return uploadedAs(backend, matrix, type, {matrix.rows, matrix.columns});
}

Tensor uploadedVector(Backend& backend, const Matrix& matrix, DType type) {
    return uploadedAs(backend, matrix, type, {matrix.rows * matrix.columns});
}

Tensor uploadedInts(Backend& backend, const std::vector<std::int32_t>& values) {
    return backend.upload(hostView(values.data(), {static_cast<std::int64_t>(values.size())}), DType::Int32);
}

Tensor uploadedCodes(Backend& backend, const Matrix& codes) {
    const std::vector<std::uint8_t> host(codes.values.begin(), codes.values.end());
    return backend.upload(hostView(host.data(), {codes.rows, codes.columns}), DType::UInt8);
}

Tensor filled(Backend& backend, DType type, std::int64_t rows, std::int64_t columns, double value) {
    return uploaded(backend, Matrix(rows, columns, value), type);
}

Matrix downloaded(Backend& backend, ConstTensorView view) {
    switch (view.dtype()) {
        case DType::UInt8: return fetched<std::uint8_t>(backend, view);
        case DType::Int32: return fetched<std::int32_t>(backend, view);
        case DType::UInt32: return fetched<std::uint32_t>(backend, view);
        default: return fetched<float>(backend, view);
    }
}

namespace {

constexpr std::int64_t kFrameColumns = 16;

}  // namespace

Framed::Framed(Backend& backend, DType type, const Matrix& inner)
    : m_backend(backend), m_rows(inner.rows), m_columns(inner.columns) {
    Matrix whole(m_rows + 2, m_columns + 2 * kFrameColumns, std::nan(""));
    for (std::int64_t r = 0; r < m_rows; ++r) {
        for (std::int64_t c = 0; c < m_columns; ++c) whole.at(r + 1, c + kFrameColumns) = inner.at(r, c);
    }
    m_tensor = uploaded(backend, whole, type);
}

Framed::Framed(Backend& backend, DType type, std::int64_t rows, std::int64_t columns)
    : Framed(backend, type, Matrix(rows, columns, std::nan(""))) {}

TensorView Framed::view() {
    return m_tensor.view().rowRange(1, m_rows).columnRange(kFrameColumns, m_columns);
}

Matrix Framed::inner() {
    return downloaded(m_backend, view());
}

bool Framed::intact() {
    const Matrix whole = downloaded(m_backend, m_tensor.view());
    for (std::int64_t r = 0; r < whole.rows; ++r) {
        for (std::int64_t c = 0; c < whole.columns; ++c) {
            const std::int64_t row = r - 1, column = c - kFrameColumns;
            const bool inside = row >= 0 && row < m_rows && column >= 0 && column < m_columns;
            if (!inside && !std::isnan(whole.at(r, c))) return false;
        }
    }
    return true;
}

Matrix roundedTo(DType type, const Matrix& matrix) {
    Matrix rounded = matrix;
    for (double& value : rounded.values) {
        const auto single = static_cast<float>(value);
        value = type == DType::Float16    ? toFloat(toFloat16(single))
                : type == DType::BFloat16 ? toFloat(toBFloat16(single))
                                          : single;
    }
    return rounded;
}

}  // namespace gptq::test
