// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The devices that op tests run on, and the way of matrices to a device and back. The CPU is always tested; a CUDA device
// where there is one, once for each type of activations it knows.
#pragma once

#include <QTest>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "support/matrix.h"

namespace gptq::test {

struct OpTarget {
    std::string name;  // "cpu float32"
    std::shared_ptr<Backend> backend;
    DType activation;

    // Half a unit in the last place of an activation near the largest one: what storing it costs.
    double rounding() const;
    // Of a result that went through `stored` activations on its way. Sums are float32 over at most some hundred terms of
    // either sign: their error grows like the root of that number times 2^-24, below 2^-18 of the largest result with room
    // for another order of summation.
    double tolerance(int stored = 1) const { return 0x1p-18 + stored * rounding(); }
    // The CPU solves in float64 as the oracles do, and must agree to the bit; others may solve in float32.
    bool solvesInFloat64() const { return backend->device().kind == Device::Kind::Cpu; }
};

// Opened once for each caller. GPTQ_STUDIO_TEST_TARGETS=cuda leaves out devices of other names, where there is one of that name.
std::vector<OpTarget> openTargets();
// GPTQ_STUDIO_TEST_EVERY=5: each fifth shape will do, as for a slow tool that watches the test.
std::size_t shapeStride();

// Columns "target" (an index) and "shape": a row for each target and shape; a Shape has name(), a QString.
template <class Case>
void addRows(const std::vector<OpTarget>& targets, const std::vector<Case>& shapes) {
    QTest::addColumn<int>("target");
    QTest::addColumn<Case>("shape");
    for (std::size_t t = 0; t < targets.size(); ++t) {
        for (std::size_t s = 0; s < shapes.size(); s += shapeStride()) {
            QTest::addRow("%s, %s", targets[t].name.c_str(), qPrintable(shapes[s].name()))
                << static_cast<int>(t) << shapes[s];
        }
    }
}
// Column "target" alone.
void addTargetRows(const std::vector<OpTarget>& targets);

// Float tensors as they are kept on the device: rounded to `type`.
Tensor uploaded(Backend& backend, const Matrix& matrix, DType type);
Tensor uploadedVector(Backend& backend, const Matrix& matrix, DType type = DType::Float32);
Tensor uploadedInts(Backend& backend, const std::vector<std::int32_t>& values);
Tensor uploadedCodes(Backend& backend, const Matrix& codes);
Tensor filled(Backend& backend, DType type, std::int64_t rows, std::int64_t columns, double value);
// Any type; a vector is one row.
Matrix downloaded(Backend& backend, ConstTensorView view);
// A matrix inside a larger tensor with NaN all around: an op that reads its surroundings is spoilt, one that writes them is
// found out. The frame keeps rows aligned to 32 bytes.
class Framed {
public:
    Framed(Backend& backend, DType type, const Matrix& inner);
    Framed(Backend& backend, DType type, std::int64_t rows, std::int64_t columns);  // NaN inside, too

    TensorView view();
    Matrix inner();
    bool intact();  // the surroundings are as they were

private:
    Backend& m_backend;
    std::int64_t m_rows;
    std::int64_t m_columns;
    Tensor m_tensor;
};

// What uploading makes of a matrix: oracles start from the same numbers as the device.
Matrix roundedTo(DType type, const Matrix& matrix);

}  // namespace gptq::test
