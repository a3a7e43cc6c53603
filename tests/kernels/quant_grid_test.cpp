// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/quant_grid.h"

#include <QTest>
#include <vector>

#include "support/matrix.h"
#include "support/reference_floats.h"
#include "support/reference_gptq.h"

namespace gptq::test {

class QuantGridTest : public QObject {
    Q_OBJECT

private slots:
    void aSymmetricGridReachesTheLargestWeightOnEitherSide();
    void anAsymmetricGridReachesFromTheLeastToTheGreatest();
    void anAsymmetricGridAlwaysHoldsZero();
    void aGroupOfZerosHasTheScaleOfOneStep();
    void aTinyScaleIsRaisedToTheLeastNormalFloat16();
    void aHugeScaleStaysFinite();
    void scalesOfEitherPrecisionAreExactInTheirTypes_data() { realTypes(); }
    void scalesOfEitherPrecisionAreExactInTheirTypes();
    void gridsOfRandomRangesAreThoseOfTheDefinition();
    void codesAreTheNearestAndStayInRange();
    void everyCodeIsTheCodeOfItsWeight();

private:
    static void realTypes() {
        QTest::addColumn<bool>("single");
        QTest::newRow("float64") << false;
        QTest::newRow("float32") << true;
    }
};

static GridSpec specOf(int bits, bool symmetric, ScalePrecision precision = ScalePrecision::Float16) {
    return {bits, symmetric, precision};
}

void QuantGridTest::aSymmetricGridReachesTheLargestWeightOnEitherSide() {
    for (const double sign : {-1.0, 1.0}) {
        const auto grid = gridOfRange(std::min(sign * 3.75, 1.0), std::max(sign * 3.75, -1.0), specOf(4, true));
        QCOMPARE(grid.scale, 0.5);  // 2 * 3.75 / 15
        QCOMPARE(grid.zero, 8.0);
    }
    // A range on one side of zero is no different.
    QCOMPARE(gridOfRange(1.0, 3.75, specOf(4, true)).scale, 0.5);
    QCOMPARE(gridOfRange(-1.5, 0.0, specOf(2, true)).zero, 2.0);
    QCOMPARE(gridOfRange(-1.5, 0.0, specOf(8, true)).zero, 128.0);
}

void QuantGridTest::anAsymmetricGridReachesFromTheLeastToTheGreatest() {
    const auto grid = gridOfRange(-1.0, 2.75, specOf(4, false));
    QCOMPARE(grid.scale, 0.25);
    QCOMPARE(grid.zero, 4.0);
    QCOMPARE(weightOf(codeOf(-1.0, grid, 15.0), grid), -1.0);
    QCOMPARE(weightOf(codeOf(2.75, grid, 15.0), grid), 2.75);
}

void QuantGridTest::anAsymmetricGridAlwaysHoldsZero() {
    const auto above = gridOfRange(3.0, 3.75, specOf(4, false));
    QCOMPARE(above.scale, 0.25);
    QCOMPARE(above.zero, 0.0);
    const auto below = gridOfRange(-3.75, -3.0, specOf(4, false));
    QCOMPARE(below.scale, 0.25);
    QCOMPARE(below.zero, 15.0);
    // A scale that was held back leaves -lo / s far above the top code.
    QCOMPARE(gridOfRange(-1e30, 0.0, specOf(3, false)).zero, 7.0);
}

void QuantGridTest::aGroupOfZerosHasTheScaleOfOneStep() {
    for (const int bits : {2, 3, 4, 8}) {
        const double expected = reference::rounded(1.0 / ((1 << bits) - 1), reference::kFloat16);
        const auto symmetric = gridOfRange(0.0, 0.0, specOf(bits, true));
        QCOMPARE(symmetric.scale, expected);
        QCOMPARE(symmetric.zero, static_cast<double>(1 << (bits - 1)));
        const auto asymmetric = gridOfRange(0.0, 0.0, specOf(bits, false));
        QCOMPARE(asymmetric.scale, expected);
        QCOMPARE(asymmetric.zero, 0.0);
        QCOMPARE(codeOf(0.0, asymmetric, 15.0), 0.0);
    }
}

void QuantGridTest::aTinyScaleIsRaisedToTheLeastNormalFloat16() {
    for (const auto precision : {ScalePrecision::Float16, ScalePrecision::Float16AndBFloat16}) {
        QCOMPARE(gridOfRange(-1e-7, 1e-9, specOf(4, true, precision)).scale, 0x1p-14);
        QCOMPARE(gridOfRange(-1e-30, 0.0, specOf(4, false, precision)).scale, 0x1p-14);
        QCOMPARE(gridOfRange(0.0, 15 * 0x1p-14, specOf(4, false, precision)).scale, 0x1p-14);
        QCOMPARE(gridOfRange(0.0, 15 * 0x1.1p-14, specOf(4, false, precision)).scale, 0x1.1p-14);
    }
}

void QuantGridTest::aHugeScaleStaysFinite() {
    for (const auto precision : {ScalePrecision::Float16, ScalePrecision::Float16AndBFloat16}) {
        QCOMPARE(gridOfRange(-1e30, 1e30, specOf(2, true, precision)).scale, 65024.0);
        QCOMPARE(gridOfRange(-1e30f, 0.0f, specOf(2, false, precision)).scale, 65024.0f);
    }
}

template <class Real>
static QString inexactScale(ScalePrecision precision) {
    const Matrix widths = randomMatrix(1, 4000, 5, 0.2);
    for (const double width : widths.values) {
        const double scale =
            gridOfRange(static_cast<Real>(-std::abs(width)), Real(0), specOf(3, true, precision)).scale;
        const bool inHalf = reference::rounded(scale, reference::kFloat16) == scale && scale >= 0x1p-14;
        const bool inBrain = reference::rounded(scale, reference::kBFloat16) == scale;
        if (!inHalf || (precision == ScalePrecision::Float16AndBFloat16 && !inBrain))
            return QString::number(scale, 'g', 17);
    }
    return {};
}

void QuantGridTest::scalesOfEitherPrecisionAreExactInTheirTypes() {
    QFETCH(bool, single);
    for (const auto precision : {ScalePrecision::Float16, ScalePrecision::Float16AndBFloat16})
        QCOMPARE(single ? inexactScale<float>(precision) : inexactScale<double>(precision), QString());
}

void QuantGridTest::gridsOfRandomRangesAreThoseOfTheDefinition() {
    const Matrix ends = randomMatrix(2000, 2, 6, 0.3);
    for (const bool symmetric : {false, true}) {
        for (const auto precision : {ScalePrecision::Float16, ScalePrecision::Float16AndBFloat16}) {
            for (std::int64_t i = 0; i < ends.rows; ++i) {
                const double low = std::min(ends.at(i, 0), ends.at(i, 1)),
                             high = std::max(ends.at(i, 0), ends.at(i, 1));
                const GridSpec spec = specOf(4, symmetric, precision);
                const auto grid = gridOfRange(low, high, spec);
                const reference::Grid expected = reference::gridOf({low, high}, spec);
                QCOMPARE(grid.scale, expected.scale);
                QCOMPARE(grid.zero, expected.zero);
            }
        }
    }
}

void QuantGridTest::codesAreTheNearestAndStayInRange() {
    const GridPoint<double> grid{0.5, 8.0};
    const std::vector<std::pair<double, double>> expected{{0.0, 8},   {0.24, 8},  {0.26, 9},  {0.25, 8},  // ties: even
                                                          {0.75, 10}, {-0.25, 8}, {-0.75, 6}, {3.5, 15},
                                                          {99.0, 15}, {-4.0, 0},  {-4.26, 0}, {-99.0, 0}};
    for (const auto& [weight, code] : expected) {
        QCOMPARE(codeOf(weight, grid, 15.0), code);
        QCOMPARE(codeOf(static_cast<float>(weight), GridPoint<float>{0.5f, 8.0f}, 15.0f), static_cast<float>(code));
    }
}

void QuantGridTest::everyCodeIsTheCodeOfItsWeight() {
    for (const int bits : {2, 3, 4, 8}) {
        const GridSpec spec = specOf(bits, false);
        const auto grid = gridOfRange(-0.37, 1.21, spec);
        for (int code = 0; code < 1 << bits; ++code)
            QCOMPARE(codeOf(weightOf<double>(code, grid), grid, topCodeOf<double>(spec)), static_cast<double>(code));
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::QuantGridTest)
#include "quant_grid_test.moc"
