// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of dense weights, with norm and epilogue, of every backend against their definition in float64.

#include <QTest>
#include <cmath>

#include "support/backend_fixture.h"
#include "support/group_call_check.h"
#include "support/reference_ops.h"

namespace gptq::test {

class LinearTest : public QObject {
    Q_OBJECT

private slots:
    void denseProductMatchesItsDefinitionInEveryCall_data() { addRows(m_targets, callShapes(96, 160)); }
    void denseProductMatchesItsDefinitionInEveryCall();
    void denseProductMatchesItsDefinitionInEveryShape_data();
    void denseProductMatchesItsDefinitionInEveryShape() { denseProductMatchesItsDefinitionInEveryCall(); }
    void weightsMayBeAPartOfALargerMatrix_data() { addTargetRows(m_targets); }
    void weightsMayBeAPartOfALargerMatrix();

private:
    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    std::vector<OpTarget> m_targets = openTargets();
};

static Matrix randomWeights(const OpTarget& on, std::int64_t outputs, std::int64_t inputs) {
    return roundedTo(on.activation, randomMatrix(outputs, inputs, 21, 1 / std::sqrt(static_cast<double>(inputs))));
}

void LinearTest::denseProductMatchesItsDefinitionInEveryCall() {
    QFETCH(int, target);
    QFETCH(GroupShape, shape);
    const OpTarget& on = at(target);
    const Matrix weights = randomWeights(on, shape.outputs, shape.inputs);
    const Matrix bias = shape.bias ? roundedTo(DType::Float32, randomMatrix(1, shape.outputs, 22)) : Matrix();
    const Tensor weightsThere = uploaded(*on.backend, weights, on.activation);
    const Tensor biasThere = shape.bias ? uploadedVector(*on.backend, bias) : Tensor();
    const DenseWeight weight{weightsThere.view(), shape.bias ? biasThere.view() : ConstTensorView()};
    const auto linear = [&](const GroupCall& call) { on.backend->linear(weight, call); };
    QCOMPARE(groupCallDifference(on, shape, weights, bias, linear), QString());
}

void LinearTest::denseProductMatchesItsDefinitionInEveryShape_data() {
    std::vector<GroupShape> shapes;
    for (const std::int64_t outputs : {32, 64, 96, 160, 576}) {
        for (const std::int64_t inputs : {32, 64, 96, 160, 576}) {
            for (const std::int64_t tokens : {1, 5})
                shapes.push_back({.tokens = tokens, .outputs = outputs, .inputs = inputs});
        }
    }
    shapes.push_back({.tokens = 257, .outputs = 288, .inputs = 576});
    shapes.push_back({.tokens = 3, .outputs = 32, .inputs = 8192});
    addRows(m_targets, shapes);
}

void LinearTest::weightsMayBeAPartOfALargerMatrix() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    for (const std::int64_t tokens : {1, 4, 256}) {
        const GroupShape shape{.tokens = tokens, .outputs = 320, .inputs = 96};
        const Matrix weights = randomWeights(on, shape.outputs, shape.inputs);
        Framed weightsThere(*on.backend, on.activation, weights);
        const auto linear = [&](const GroupCall& call) {
            on.backend->linear(DenseWeight{weightsThere.view(), {}}, call);
        };
        QCOMPARE(groupCallDifference(on, shape, weights, {}, linear), QString());
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::LinearTest)
#include "linear_test.moc"
