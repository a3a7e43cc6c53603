// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Embedding, norm, gate, residual and loss of every backend against their definitions in float64.

#include <QTest>
#include <cmath>
#include <limits>

#include "support/backend_fixture.h"
#include "support/reference_ops.h"
#include "support/test_files.h"

namespace gptq::test {

struct RowsShape {
    std::int64_t tokens;
    std::int64_t width;
    QString name() const { return QString("%1 x %2").arg(tokens).arg(width); }
};

static std::vector<RowsShape> rowsShapes() {
    std::vector<RowsShape> shapes;
    for (const std::int64_t tokens : {1, 2, 3, 4, 5, 16, 17, 255, 257}) shapes.push_back({tokens, 96});
    for (const std::int64_t width : {1, 32, 64, 160, 576, 577, 4096}) shapes.push_back({3, width});
    return shapes;
}

// And rows of a large vocabulary, of which a thread takes many parts.
static std::vector<RowsShape> lossShapes() {
    std::vector<RowsShape> shapes = rowsShapes();
    shapes.insert(shapes.end(), {{264, 32000}, {2, 32003}});
    return shapes;
}

// And rows wider than what a block keeps in registers.
static std::vector<RowsShape> normShapes() {
    std::vector<RowsShape> shapes = rowsShapes();
    shapes.insert(shapes.end(), {{2, 5120}, {2, 20480}, {2, 3001}});
    return shapes;
}

class ElementwiseTest : public QObject {
    Q_OBJECT

private slots:
    void embeddingTakesTheRowsOfTheTable_data() { addRows(m_targets, rowsShapes()); }
    void embeddingTakesTheRowsOfTheTable();
    void normMatchesItsDefinition_data() { addRows(m_targets, normShapes()); }
    void normMatchesItsDefinition();
    void normOfTinyRowsIsGovernedByEpsilon_data() { addTargetRows(m_targets); }
    void normOfTinyRowsIsGovernedByEpsilon();
    void gateMatchesItsDefinition_data() { addRows(m_targets, rowsShapes()); }
    void gateMatchesItsDefinition();
    void gateOfExtremeInputsStaysFinite_data() { addTargetRows(m_targets); }
    void gateOfExtremeInputsStaysFinite();
    void residualGrowsByX_data() { addRows(m_targets, rowsShapes()); }
    void residualGrowsByX();
    void lossMatchesItsDefinition_data() { addRows(m_targets, lossShapes()); }
    void lossMatchesItsDefinition();
    void lossOfLargeAndMaskedLogitsIsExact_data() { addTargetRows(m_targets); }
    void lossOfLargeAndMaskedLogitsIsExact();

private:
    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    std::vector<OpTarget> m_targets = openTargets();
};

static std::vector<std::int32_t> randomIds(std::int64_t count, std::int64_t limit) {
    const Matrix ids = randomCodes(1, count, 9, static_cast<int>(limit));
    return {ids.values.begin(), ids.values.end()};
}

void ElementwiseTest::embeddingTakesTheRowsOfTheTable() {
    QFETCH(int, target);
    QFETCH(RowsShape, shape);
    const OpTarget& on = at(target);
    const Matrix table = roundedTo(on.activation, randomMatrix(50, shape.width, 1));
    std::vector<std::int32_t> ids = randomIds(shape.tokens, 50);
    ids.front() = 49;
    const Tensor idsThere = uploadedInts(*on.backend, ids);
    Framed tableThere(*on.backend, on.activation, table),
        residual(*on.backend, DType::Float32, shape.tokens, shape.width);
    on.backend->embed(idsThere.view(), tableThere.view(), residual.view());
    QCOMPARE(differenceOf(residual.inner(), reference::embed(ids, table), 0), QString());
    QVERIFY(residual.intact());
}

void ElementwiseTest::normMatchesItsDefinition() {
    QFETCH(int, target);
    QFETCH(RowsShape, shape);
    const OpTarget& on = at(target);
    const Matrix x = roundedTo(DType::Float32, randomMatrix(shape.tokens, shape.width, 2, 3));
    const Matrix weight = roundedTo(DType::Float32, randomMatrix(1, shape.width, 3));
    Framed xThere(*on.backend, DType::Float32, x), y(*on.backend, on.activation, shape.tokens, shape.width);
    const Tensor weightThere = uploadedVector(*on.backend, weight);
    on.backend->normalize({NormKind::Rms, 1e-5f, weightThere.view()}, xThere.view(), y.view());
    QCOMPARE(differenceOf(y.inner(), reference::rmsNorm(x, weight, 1e-5f), on.tolerance()), QString());
    QVERIFY(y.intact());
}

void ElementwiseTest::normOfTinyRowsIsGovernedByEpsilon() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    // The mean square, 1e-8 or 0, is far below epsilon: without it these rows would come out with a mean square of 1, or NaN.
    Matrix x(2, 64, 1e-4);
    for (std::int64_t i = 0; i < 64; ++i) x.at(1, i) = 0;
    const Tensor xThere = uploaded(*on.backend, x, DType::Float32);
    const Tensor weight = uploadedVector(*on.backend, Matrix(1, 64, 1));
    Tensor y = on.backend->allocate(on.activation, {2, 64});
    on.backend->normalize({NormKind::Rms, 1e-2f, weight.view()}, xThere.view(), y.view());
    const Matrix expected = reference::rmsNorm(x, Matrix(1, 64, 1), 1e-2f);
    QCOMPARE(differenceOf(downloaded(*on.backend, y.view()), expected, on.tolerance()), QString());
}

void ElementwiseTest::gateMatchesItsDefinition() {
    QFETCH(int, target);
    QFETCH(RowsShape, shape);
    const OpTarget& on = at(target);
    const Matrix gateUp = roundedTo(on.activation, randomMatrix(shape.tokens, 2 * shape.width, 4, 2));
    Framed there(*on.backend, on.activation, gateUp), y(*on.backend, on.activation, shape.tokens, shape.width);
    on.backend->siluGate(there.view(), y.view());
    QCOMPARE(differenceOf(y.inner(), reference::siluGate(gateUp), on.tolerance()), QString());
    QVERIFY(y.intact());
}

void ElementwiseTest::gateOfExtremeInputsStaysFinite() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    Matrix gateUp(1, 16, 1);
    const double gates[8] = {-1000, -100, -20, -0.0, 0.0, 20, 100, 1000};
    for (std::int64_t i = 0; i < 8; ++i) gateUp[i] = gates[i];
    const Tensor there = uploaded(*on.backend, gateUp, on.activation);
    Tensor y = on.backend->allocate(on.activation, {1, 8});
    on.backend->siluGate(there.view(), y.view());
    QCOMPARE(differenceOf(downloaded(*on.backend, y.view()), reference::siluGate(gateUp), on.tolerance()), QString());
}

void ElementwiseTest::residualGrowsByX() {
    QFETCH(int, target);
    QFETCH(RowsShape, shape);
    const OpTarget& on = at(target);
    const Matrix x = roundedTo(on.activation, randomMatrix(shape.tokens, shape.width, 5));
    const Matrix before = roundedTo(DType::Float32, randomMatrix(shape.tokens, shape.width, 6, 100));
    Framed xThere(*on.backend, on.activation, x), residual(*on.backend, DType::Float32, before);
    on.backend->addResidual(xThere.view(), residual.view());
    // One float32 addition: half a unit in the last place.
    QCOMPARE(differenceOf(residual.inner(), reference::sum(before, x), 0x1p-24), QString());
    QVERIFY(residual.intact());
}

void ElementwiseTest::lossMatchesItsDefinition() {
    QFETCH(int, target);
    QFETCH(RowsShape, shape);
    const OpTarget& on = at(target);
    const Matrix logits = roundedTo(DType::Float32, randomMatrix(shape.tokens, shape.width, 7, 4));
    std::vector<std::int32_t> targets = randomIds(shape.tokens, shape.width);
    targets.front() = static_cast<std::int32_t>(shape.width - 1);
    const Matrix expected = reference::crossEntropy(logits, targets);
    Framed there(*on.backend, DType::Float32, logits);
    const Tensor targetsThere = uploadedInts(*on.backend, targets);
    Tensor loss = uploadedVector(*on.backend, Matrix(1, shape.tokens, std::nan("")));
    on.backend->crossEntropy(there.view(), targetsThere.view(), loss.view());
    // The exponentials are float32, and their sum ends as a logarithm: errors of 2^-22 of a loss of about 10.
    const Matrix found = downloaded(*on.backend, loss.view());
    for (std::int64_t t = 0; t < shape.tokens; ++t) {
        if (!(std::abs(found[t] - expected[t]) <= 4e-6))
            QFAIL(qPrintable(QString("token %1: %2 instead of %3").arg(t).arg(found[t]).arg(expected[t])));
    }
}

void ElementwiseTest::lossOfLargeAndMaskedLogitsIsExact() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    const double masked = -std::numeric_limits<double>::infinity();
    Matrix logits(3, 40, masked);
    logits.at(0, 7) = 30000;                                      // alone: probability 1
    for (std::int64_t i = 0; i < 4; ++i) logits.at(1, i) = 5000;  // one of four equals
    logits.at(2, 0) = -9000, logits.at(2, 1) = -8000;             // hopeless, and all are far below zero
    const Tensor there = uploaded(*on.backend, logits, DType::Float32);
    const Tensor targets = uploadedInts(*on.backend, {7, 3, 0});
    Tensor loss = uploadedVector(*on.backend, Matrix(1, 3, 99));
    on.backend->crossEntropy(there.view(), targets.view(), loss.view());
    Matrix expected(1, 3);
    expected[1] = std::log(4.0), expected[2] = 1000;
    const Matrix found = downloaded(*on.backend, loss.view());
    // float32 holds log 4 to 2^-24.
    for (std::int64_t t = 0; t < 3; ++t)
        QVERIFY2(std::abs(found[t] - expected[t]) < 1e-6, qPrintable(QString::number(found[t])));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::ElementwiseTest)
#include "elementwise_test.moc"
