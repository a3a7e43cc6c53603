// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Hessians, their factors and permuted columns, of every backend against their definitions in float64.

#include <QTest>
#include <cmath>
#include <numeric>

#include "support/backend_fixture.h"
#include "support/reference_gptq.h"

namespace gptq::test {

struct GramShape {
    std::int64_t tokens;
    std::int64_t columns;
    QString name() const { return QString("%1 tokens, %2 columns").arg(tokens).arg(columns); }
};

class HessianTest : public QObject {
    Q_OBJECT

private slots:
    void hessianGrowsByTheProductsOfX_data();
    void hessianGrowsByTheProductsOfX();
    void finishingScalesAndMirrorsTheLowerTriangle_data() { addTargetRows(m_targets); }
    void finishingScalesAndMirrorsTheLowerTriangle();
    void diagonalIsReadFromTheDevice_data() { addTargetRows(m_targets); }
    void diagonalIsReadFromTheDevice();
    void factorInvertsTheDampedAndOrderedHessian_data();
    void factorInvertsTheDampedAndOrderedHessian();
    void factorOfADiagonalIsItsInverseRoot_data() { addTargetRows(m_targets); }
    void factorOfADiagonalIsItsInverseRoot();
    void whatIsNotPositiveDefiniteHasNoFactor_data() { addTargetRows(m_targets); }
    void whatIsNotPositiveDefiniteHasNoFactor();
    void columnsArePermutedAndZeroed_data() { addTargetRows(m_targets); }
    void columnsArePermutedAndZeroed();

private:
    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    std::vector<OpTarget> m_targets = openTargets();
};

// Every column once, scattered: 131 is a prime above every count here.
static std::vector<std::int32_t> scatteredOrder(std::int64_t columns) {
    std::vector<std::int32_t> order;
    for (std::int64_t i = 0; i < 131 * 8; ++i) {
        const auto column = static_cast<std::int32_t>(i * 37 % (131 * 8));
        if (column < columns) order.push_back(column);
    }
    return order;
}

static Matrix lowerTriangleOf(Matrix matrix) {
    for (std::int64_t i = 0; i < matrix.rows; ++i) {
        for (std::int64_t j = i + 1; j < matrix.columns; ++j) matrix.at(i, j) = 0;
    }
    return matrix;
}

void HessianTest::hessianGrowsByTheProductsOfX_data() {
    std::vector<GramShape> shapes;
    for (const std::int64_t tokens : {1, 2, 3, 4, 5, 16, 17, 255, 257}) shapes.push_back({tokens, 96});
    for (const std::int64_t columns : {1, 32, 64, 127, 128, 129, 160, 257, 576}) shapes.push_back({17, columns});
    addRows(m_targets, shapes);
}

void HessianTest::hessianGrowsByTheProductsOfX() {
    QFETCH(int, target);
    QFETCH(GramShape, shape);
    const OpTarget& on = at(target);
    const Matrix x = roundedTo(on.activation, randomMatrix(shape.tokens, shape.columns, 1));
    Framed xThere(*on.backend, on.activation, x),
        hessian(*on.backend, DType::Float32, Matrix(shape.columns, shape.columns));
    Matrix expected = reference::gram(x);
    on.backend->accumulateHessian(xThere.view(), hessian.view());
    // Products and sums are float32 at least; a type of activations plays no part.
    constexpr double tolerance = 0x1p-18;
    QCOMPARE(differenceOf(lowerTriangleOf(hessian.inner()), lowerTriangleOf(expected), tolerance), QString());
    on.backend->accumulateHessian(xThere.view(), hessian.view());
    for (double& value : expected.values) value *= 2;
    QCOMPARE(differenceOf(lowerTriangleOf(hessian.inner()), lowerTriangleOf(expected), tolerance), QString());
    QVERIFY(hessian.intact());
}

void HessianTest::finishingScalesAndMirrorsTheLowerTriangle() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    for (const std::int64_t columns : {1, 2, 33, 160}) {
        const Matrix before = roundedTo(DType::Float32, randomMatrix(columns, columns, 2));
        Framed hessian(*on.backend, DType::Float32, before);
        on.backend->finishHessian(hessian.view(), 0.375f);
        Matrix expected(columns, columns);
        for (std::int64_t i = 0; i < columns; ++i) {
            for (std::int64_t j = 0; j < columns; ++j)
                expected.at(i, j) = static_cast<float>(before.at(std::max(i, j), std::min(i, j)) * 0.375);
        }
        QCOMPARE(differenceOf(hessian.inner(), expected, 0), QString());
        QVERIFY(hessian.intact());
    }
}

void HessianTest::diagonalIsReadFromTheDevice() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    const Matrix matrix = roundedTo(DType::Float32, randomMatrix(65, 65, 3));
    Framed there(*on.backend, DType::Float32, matrix);
    const std::vector<float> diagonal = on.backend->diagonal(there.view());
    QCOMPARE(diagonal.size(), std::size_t{65});
    for (std::int64_t i = 0; i < 65; ++i)
        QCOMPARE(static_cast<double>(diagonal[static_cast<std::size_t>(i)]), matrix.at(i, i));
}

void HessianTest::factorInvertsTheDampedAndOrderedHessian_data() {
    QTest::addColumn<int>("target");
    QTest::addColumn<int>("columns");
    QTest::addColumn<bool>("ordered");
    for (std::size_t t = 0; t < m_targets.size(); ++t) {
        for (const int columns : {1, 2, 3, 32, 64, 65, 96, 160, 320}) {
            for (const bool ordered : {false, true}) {
                QTest::addRow("%s, %d columns%s", m_targets[t].name.c_str(), columns, ordered ? ", ordered" : "")
                    << static_cast<int>(t) << columns << ordered;
            }
        }
    }
}

void HessianTest::factorInvertsTheDampedAndOrderedHessian() {
    QFETCH(int, target);
    QFETCH(int, columns);
    QFETCH(bool, ordered);
    const OpTarget& on = at(target);
    const Matrix h = roundedTo(DType::Float32, reference::gram(randomMatrix(columns * 2, columns, 4)));
    std::vector<std::int32_t> order(static_cast<std::size_t>(columns));
    std::iota(order.begin(), order.end(), 0);
    if (ordered) order = scatteredOrder(columns);
    std::vector<float> added;
    Matrix damped(columns, columns);  // P H P^T + diag(added)
    for (int i = 0; i < columns; ++i) {
        added.push_back(static_cast<float>(columns) * (0.25f + 0.01f * static_cast<float>(i % 7)));
        for (int j = 0; j < columns; ++j)
            damped.at(i, j) = h.at(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
        damped.at(i, i) += added.back();
    }
    Framed there(*on.backend, DType::Float32, h), factor(*on.backend, DType::Float32, columns, columns);
    QVERIFY(on.backend->factorize(there.view(), order, added, factor.view()));
    const Matrix u = factor.inner();
    for (int i = 0; i < columns; ++i) {
        for (int j = 0; j < i; ++j) QCOMPARE(u.at(i, j), 0.0);
        QVERIFY(u.at(i, i) > 0);
    }
    // U is float32, and a device may compute in it: errors of 2^-24 times the condition number, here about 20, times the root
    // of the number of columns.
    QVERIFY2(reference::factorResidual(u, damped) < 1e-5,
             qPrintable(QString::number(reference::factorResidual(u, damped))));
    QCOMPARE(differenceOf(u, reference::inverseFactor(damped), 1e-5), QString());
    QCOMPARE(differenceOf(there.inner(), h, 0), QString());  // unchanged: another damping may be tried
    QVERIFY(factor.intact());
}

void HessianTest::factorOfADiagonalIsItsInverseRoot() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    Matrix h(3, 3), expected(3, 3);
    h.at(0, 0) = 3, h.at(1, 1) = 15, h.at(2, 2) = 63;
    expected.at(0, 0) = 0.125, expected.at(1, 1) = 0.5, expected.at(2, 2) = 0.25;  // columns in order 2, 0, 1
    const Tensor there = uploaded(*on.backend, h, DType::Float32);
    Tensor factor = on.backend->allocate(DType::Float32, {3, 3});
    const std::vector<std::int32_t> order{2, 0, 1};
    const std::vector<float> added{1, 1, 1};
    QVERIFY(on.backend->factorize(there.view(), order, added, factor.view()));
    QCOMPARE(differenceOf(downloaded(*on.backend, factor.view()), expected, 0x1p-20), QString());
}

void HessianTest::whatIsNotPositiveDefiniteHasNoFactor() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    constexpr std::int64_t columns = 40;
    std::vector<std::int32_t> order(columns);
    std::iota(order.begin(), order.end(), 0);
    Tensor factor = on.backend->allocate(DType::Float32, {columns, columns});
    const auto succeeds = [&](const Matrix& h, float added) {
        const std::vector<float> diagonal(columns, added);
        return on.backend->factorize(uploaded(*on.backend, h, DType::Float32).view(), order, diagonal, factor.view());
    };
    const Matrix ones(columns, columns, 1);  // of rank one
    QVERIFY(!succeeds(ones, 0));
    QVERIFY(succeeds(ones, 0.5f));
    QVERIFY(!succeeds(Matrix(columns, columns), 0));
    QVERIFY(!succeeds(Matrix(columns, columns), -1));
    for (const std::int64_t place : {std::int64_t{0}, std::int64_t{17}, columns - 1}) {
        Matrix h(columns, columns);
        for (std::int64_t i = 0; i < columns; ++i) h.at(i, i) = 1;
        h.at(place, place) = -1e-3;
        QVERIFY(!succeeds(h, 0));
        QVERIFY(succeeds(h, 1e-2f));
        h.at(place, place) = std::nan("");
        QVERIFY(!succeeds(h, 1));
        h.at(place, place) = INFINITY;
        QVERIFY(!succeeds(h, 1));
    }
}

void HessianTest::columnsArePermutedAndZeroed() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    const Matrix numbers = roundedTo(DType::Float32, randomMatrix(33, 96, 5)), codes = randomCodes(33, 96, 6, 256);
    const std::vector<std::int32_t> order = scatteredOrder(96);
    std::vector<std::int32_t> inverse(96), partly(order.begin(), order.begin() + 40);
    for (std::size_t j = 0; j < 96; ++j) inverse[static_cast<std::size_t>(order[j])] = static_cast<std::int32_t>(j);
    partly[7] = partly[39] = -1;
    const auto permuted = [](const Matrix& matrix, const std::vector<std::int32_t>& by) {
        Matrix result(matrix.rows, static_cast<std::int64_t>(by.size()));
        for (std::int64_t r = 0; r < result.rows; ++r) {
            for (std::int64_t j = 0; j < result.columns; ++j) {
                const std::int32_t column = by[static_cast<std::size_t>(j)];
                result.at(r, j) = column < 0 ? 0 : matrix.at(r, column);
            }
        }
        return result;
    };
    for (const auto& by : {order, partly}) {
        const Matrix expected = permuted(numbers, by);
        Framed from(*on.backend, DType::Float32, numbers), to(*on.backend, DType::Float32, 33, expected.columns);
        on.backend->permuteColumns(from.view(), by, to.view());
        QCOMPARE(differenceOf(to.inner(), expected, 0), QString());
        QVERIFY(to.intact());
        const Tensor codesThere = uploadedCodes(*on.backend, codes);
        Tensor moved = on.backend->allocate(DType::UInt8, {33, expected.columns});
        on.backend->permuteColumns(codesThere.view(), by, moved.view());
        QCOMPARE(differenceOf(downloaded(*on.backend, moved.view()), permuted(codes, by), 0), QString());
    }
    Framed from(*on.backend, DType::Float32, numbers), there(*on.backend, DType::Float32, 33, 96),
        back(*on.backend, DType::Float32, 33, 96);
    on.backend->permuteColumns(from.view(), order, there.view());
    on.backend->permuteColumns(there.view(), inverse, back.view());
    QCOMPARE(differenceOf(back.inner(), numbers, 0), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::HessianTest)
#include "hessian_test.moc"
