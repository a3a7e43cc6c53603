// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Grids, rounding to them and the error it makes, of every backend against their definitions in float64.

#include <QTest>
#include <cmath>

#include "support/backend_fixture.h"
#include "support/reference_gptq.h"

namespace gptq::test {

struct GridShape {
    std::int64_t rows = 33;
    std::int64_t columns = 160;
    std::int64_t group = 32;
    GridSpec grid{};
    QString name() const {
        return QString("%1 x %2, group %3, %4 bits, %5%6")
            .arg(rows)
            .arg(columns)
            .arg(group)
            .arg(grid.bits)
            .arg(grid.symmetric ? "symmetric" : "asymmetric",
                 grid.precision == ScalePrecision::Float16 ? "" : ", bfloat16 scales");
    }
    std::int64_t groups() const { return (columns + group - 1) / group; }
};

static std::vector<GridShape> gridShapes() {
    std::vector<GridShape> shapes;
    for (const int bits : {2, 3, 4, 8}) {
        for (const bool symmetric : {true, false}) {
            for (const auto precision : {ScalePrecision::Float16, ScalePrecision::Float16AndBFloat16}) {
                for (const std::int64_t group : {8, 24, 64, 128, 160})  // 24, 64 and 128 leave a ragged group
                    shapes.push_back({33, 160, group, {bits, symmetric, precision}});
            }
        }
    }
    for (const std::int64_t rows : {1, 2, 31, 32, 64, 257}) shapes.push_back({rows, 96, 32, {}});
    for (const std::int64_t columns : {8, 32, 64, 576, 1056})
        shapes.push_back({5, columns, std::min<std::int64_t>(columns, 128), {}});
    return shapes;
}

class GridsTest : public QObject {
    Q_OBJECT

private slots:
    void gridsAreThoseOfTheirGroups_data() { addRows(m_targets, gridShapes()); }
    void gridsAreThoseOfTheirGroups();
    void zeroAndTinyGroupsHaveTheGridsOfTheRules_data() { addTargetRows(m_targets); }
    void zeroAndTinyGroupsHaveTheGridsOfTheRules();
    void weightsAreRoundedToTheNearestCode_data() { addRows(m_targets, gridShapes()); }
    void weightsAreRoundedToTheNearestCode();
    void tiesAreRoundedToEven_data() { addTargetRows(m_targets); }
    void tiesAreRoundedToEven();
    void errorsOfRowsAreWeighedByTheHessian_data() { addRows(m_targets, gridShapes()); }
    void errorsOfRowsAreWeighedByTheHessian();

private:
    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    std::vector<OpTarget> m_targets = openTargets();
};

static Matrix randomWeights(const GridShape& shape) {
    return roundedTo(DType::Float32, randomMatrix(shape.rows, shape.columns, 51, 0.05));
}

// How many elements are unequal; where that is allowed to be more than none, they are one `step` apart at most.
static std::int64_t unequal(const Matrix& found, const Matrix& expected, double relativeStep, double step) {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < expected.rows * expected.columns; ++i) {
        if (found[i] == expected[i]) continue;
        if (!(std::abs(found[i] - expected[i]) <= relativeStep * std::abs(expected[i]) + step)) return -1;
        ++count;
    }
    return count;
}

void GridsTest::gridsAreThoseOfTheirGroups() {
    QFETCH(int, target);
    QFETCH(GridShape, shape);
    const OpTarget& on = at(target);
    const Matrix weights = randomWeights(shape);
    const reference::Grids expected = reference::findGrids(weights, shape.grid, shape.group);
    Framed there(*on.backend, DType::Float32, weights);
    Framed scales(*on.backend, DType::Float32, shape.groups(), shape.rows),
        zeros(*on.backend, DType::Float32, shape.groups(), shape.rows);
    on.backend->findGrids(there.view(), shape.grid, shape.group, {{}, scales.view(), zeros.view()});
    // In float32 a range over 2^b - 1 may fall to the other side of the middle between two scales, one in 2^12, and a zero
    // likewise: never by more than a step (8 significant bits: 2^-7).
    const std::int64_t few = on.solvesInFloat64() ? 0 : 1 + shape.groups() * shape.rows / 500;
    const std::int64_t otherScales = unequal(scales.inner(), expected.scales, 0x1p-7, 0);
    const std::int64_t otherZeros = unequal(zeros.inner(), expected.zeros, 0, 1);
    QVERIFY2(otherScales >= 0 && otherScales <= few, qPrintable(differenceOf(scales.inner(), expected.scales, 0)));
    QVERIFY2(otherZeros >= 0 && otherZeros <= few, qPrintable(differenceOf(zeros.inner(), expected.zeros, 0)));
    QVERIFY(scales.intact() && zeros.intact());
}

void GridsTest::zeroAndTinyGroupsHaveTheGridsOfTheRules() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    Matrix weights(1, 32);  // groups of 8: zeros, tiny, huge, above zero only
    for (std::int64_t c = 0; c < 8; ++c) {
        weights[8 + c] = c % 2 == 0 ? 1e-6 : -1e-6;
        weights[16 + c] = c % 2 == 0 ? 1e9 : -1e9;
        weights[24 + c] = 3 + 0.09375 * static_cast<double>(c + 1);
    }
    const Tensor there = uploaded(*on.backend, weights, DType::Float32);
    for (const bool symmetric : {true, false}) {
        Tensor scales = on.backend->allocate(DType::Float32, {4, 1}),
               zeros = on.backend->allocate(DType::Float32, {4, 1});
        on.backend->findGrids(there.view(), {4, symmetric, ScalePrecision::Float16}, 8,
                              {{}, scales.view(), zeros.view()});
        const double oneStep = static_cast<double>(toFloat(toFloat16(1.0f / 15)));
        const std::vector<double> expectedScales{oneStep, 0x1p-14, 65024, symmetric ? 0.5 : 0.25};
        QCOMPARE(downloaded(*on.backend, scales.view()).values, expectedScales);
        // The tiny group's 1e-6 is a sixtieth of its scale; the huge one's 1e9 lies far beyond the top code.
        const std::vector<double> expectedZeros =
            symmetric ? std::vector<double>{8, 8, 8, 8} : std::vector<double>{0, 0, 15, 0};
        QCOMPARE(downloaded(*on.backend, zeros.view()).values, expectedZeros);
    }
}

void GridsTest::weightsAreRoundedToTheNearestCode() {
    QFETCH(int, target);
    QFETCH(GridShape, shape);
    const OpTarget& on = at(target);
    const Matrix weights = randomWeights(shape);
    // Grids of other weights, so that some of these lie beyond the ends.
    const Matrix narrower = roundedTo(DType::Float32, randomMatrix(shape.rows, shape.columns, 52, 0.04));
    const reference::Grids grids = reference::findGrids(narrower, shape.grid, shape.group);
    Framed there(*on.backend, DType::Float32, weights);
    Framed scales(*on.backend, DType::Float32, grids.scales), zeros(*on.backend, DType::Float32, grids.zeros);
    Tensor codes = uploadedCodes(*on.backend, Matrix(shape.rows, shape.columns, 255));
    on.backend->roundToGrids(there.view(), shape.grid, shape.group, {codes.view(), scales.view(), zeros.view()});
    const Matrix expected = reference::roundToGrids(weights, shape.grid, shape.group, grids);
    // In float32 a quotient within 2^-16 of a tie may fall to its other side.
    const std::int64_t few = on.solvesInFloat64() ? 0 : 1 + shape.rows * shape.columns / 2000;
    const Matrix found = downloaded(*on.backend, codes.view());
    const std::int64_t others = unequal(found, expected, 0, 1);
    QVERIFY2(others >= 0 && others <= few, qPrintable(differenceOf(found, expected, 0)));
}

void GridsTest::tiesAreRoundedToEven() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    Matrix weights(1, 8), expected(1, 8);
    const double halves[8] = {-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 100, -100}, codes[8] = {6, 6, 8, 8, 10, 10, 15, 0};
    for (std::int64_t c = 0; c < 8; ++c) weights[c] = halves[c] * 0.125, expected[c] = codes[c];
    const Tensor there = uploaded(*on.backend, weights, DType::Float32);
    Tensor scales = filled(*on.backend, DType::Float32, 1, 1, 0.125),
           zeros = filled(*on.backend, DType::Float32, 1, 1, 8);
    Tensor found = on.backend->allocate(DType::UInt8, {1, 8});
    on.backend->roundToGrids(there.view(), {4, true, ScalePrecision::Float16}, 8,
                             {found.view(), scales.view(), zeros.view()});
    QCOMPARE(downloaded(*on.backend, found.view()).values, expected.values);
}

void GridsTest::errorsOfRowsAreWeighedByTheHessian() {
    QFETCH(int, target);
    QFETCH(GridShape, shape);
    const OpTarget& on = at(target);
    const Matrix weights = randomWeights(shape);
    const Matrix hessian = roundedTo(DType::Float32, reference::gram(randomMatrix(40, shape.columns, 53)));
    const reference::Grids grids = reference::findGrids(weights, shape.grid, shape.group);
    const Matrix codes = reference::roundToGrids(weights, shape.grid, shape.group, grids);
    Framed there(*on.backend, DType::Float32, weights), hessianThere(*on.backend, DType::Float32, hessian);
    Framed scales(*on.backend, DType::Float32, grids.scales), zeros(*on.backend, DType::Float32, grids.zeros);
    Tensor codesThere = uploadedCodes(*on.backend, codes);
    const CodesView quantized{codesThere.view(), scales.view(), zeros.view()};
    for (const bool given : {true, false}) {
        const auto found =
            on.backend->rowErrors(there.view(), given ? &quantized : nullptr, shape.group, hessianThere.view());
        const auto expected = reference::rowErrors(weights, given ? &codes : nullptr, grids, shape.group, hessian);
        QCOMPARE(found.size(), expected.size());
        for (std::size_t r = 0; r < expected.size(); ++r) {
            // D H is float32, summed over up to 1056 columns of either sign: 2^-16 of d H d^T, a sum of squares.
            if (!(std::abs(found[r] - expected[r]) <= 0x1p-16 * expected[r]))
                QFAIL(qPrintable(
                    QString("row %1: %2 instead of %3").arg(r).arg(found[r], 0, 'g', 9).arg(expected[r], 0, 'g', 9)));
        }
    }
    QCOMPARE(differenceOf(there.inner(), weights, 0), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GridsTest)
#include "grids_test.moc"
