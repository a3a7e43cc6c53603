// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// GPTQ's block solve of every backend against a solve column by column in float64.

#include <QTest>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/backend_fixture.h"
#include "support/reference_gptq.h"
#include "support/solve_case.h"

namespace gptq::test {

class GptqSolveTest : public QObject {
    Q_OBJECT

private slots:
    void solveMatchesColumnByColumnInEveryScheme_data();
    void solveMatchesColumnByColumnInEveryScheme();
    void solveMatchesColumnByColumnWhereGroupsAndBlocksMeet_data();
    void solveMatchesColumnByColumnWhereGroupsAndBlocksMeet() { solveMatchesColumnByColumnInEveryScheme(); }
    void solveMatchesColumnByColumnForAnyNumberOfRows_data();
    void solveMatchesColumnByColumnForAnyNumberOfRows() { solveMatchesColumnByColumnInEveryScheme(); }
    void staticGroupsKeepTheirGrids_data();
    void staticGroupsKeepTheirGrids() { solveMatchesColumnByColumnInEveryScheme(); }
    void weightsThatFitTheirGridsStay_data() { addTargetRows(m_targets); }
    void weightsThatFitTheirGridsStay();
    void solvingLosesLessThanRounding_data();
    void solvingLosesLessThanRounding();

private:
    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    std::vector<OpTarget> m_targets = openTargets();
};

namespace {

// One row of each, side by side, so that a row is compared as a whole.
Matrix rowOf(const Matrix& matrix, std::int64_t row) {
    Matrix part(1, matrix.columns);
    for (std::int64_t c = 0; c < matrix.columns; ++c) part[c] = matrix.at(row, c);
    return part;
}

Matrix columnOf(const Matrix& matrix, std::int64_t column) {
    return columnsOf(matrix, column, 1);
}

QString differenceOfRow(const reference::Solved& found, const reference::Solved& expected, std::int64_t row,
                        double errorTolerance) {
    const QString parts[] = {differenceOf(rowOf(found.codes, row), rowOf(expected.codes, row), 0),
                             differenceOf(columnOf(found.grids.scales, row), columnOf(expected.grids.scales, row), 0),
                             differenceOf(columnOf(found.grids.zeros, row), columnOf(expected.grids.zeros, row), 0),
                             differenceOf(rowOf(found.errors, row), rowOf(expected.errors, row), errorTolerance)};
    for (const QString& part : parts) {
        if (!part.isEmpty()) return part;
    }
    return {};
}

}  // namespace

void GptqSolveTest::solveMatchesColumnByColumnInEveryScheme_data() {
    std::vector<SolveShape> shapes;
    for (const int bits : {2, 3, 4, 8}) {
        for (const bool symmetric : {true, false}) {
            for (const auto precision : {ScalePrecision::Float16, ScalePrecision::Float16AndBFloat16})
                shapes.push_back({.grid = {bits, symmetric, precision}});
        }
    }
    addRows(m_targets, shapes);
}

void GptqSolveTest::solveMatchesColumnByColumnInEveryScheme() {
    QFETCH(int, target);
    QFETCH(SolveShape, shape);
    const reference::Solve problem = problemOf(shape);
    const reference::Solved expected = reference::solve(problem), found = solvedThere(*at(target).backend, problem);
    // Weights are float32 between blocks: one may come so close to the middle between two codes that it falls to the other
    // side, and the rest of its row follows. In one row of these; all others must agree in every code and grid.
    std::vector<QString> differences;
    // Errors are what is left of weights near codes: a weight is up to 2^bits times as large. Between blocks it is float32, 2^-24;
    // where blocks are solved in float32 too, the updates of some dozens of columns add up.
    const double errorTolerance = at(target).solvesInFloat64() ? 0x1p-14 : 0x1p-12;
    for (std::int64_t r = 0; r < shape.rows; ++r) {
        const QString difference = differenceOfRow(found, expected, r, errorTolerance);
        if (!difference.isEmpty()) differences.push_back(QString("row %1: ").arg(r) + difference);
    }
    const bool wholeInFloat64 = at(target).solvesInFloat64() && shape.block >= shape.columns;
    const std::size_t few = wholeInFloat64 || shape.rows < 10 ? 0 : 1;
    QVERIFY2(differences.size() <= few,
             differences.empty() ? "" : qPrintable(QString("%1 rows; ").arg(differences.size()) + differences.front()));
}

void GptqSolveTest::solveMatchesColumnByColumnWhereGroupsAndBlocksMeet_data() {
    std::vector<SolveShape> shapes;
    // Groups that begin inside a block and reach over its end; larger than a block; whole rows; ragged at the end; a block
    // that is ragged at the end; one column a block.
    for (const std::int64_t block : {1, 24, 32, 50, 64, 128, 160}) {
        for (const std::int64_t group : {8, 24, 32, 40, 48, 96, 128, 160})
            shapes.push_back({.block = block, .group = group});
    }
    for (const std::int64_t columns : {32, 96, 320}) {
        for (const std::int64_t group : {std::int64_t{24}, columns})
            shapes.push_back({.columns = columns, .block = std::min<std::int64_t>(128, columns), .group = group});
    }
    addRows(m_targets, shapes);
}

void GptqSolveTest::solveMatchesColumnByColumnForAnyNumberOfRows_data() {
    std::vector<SolveShape> shapes;
    for (const std::int64_t rows : {1, 2, 3, 31, 32, 33, 64, 65, 257}) shapes.push_back({.rows = rows, .columns = 96});
    addRows(m_targets, shapes);
}

void GptqSolveTest::staticGroupsKeepTheirGrids_data() {
    std::vector<SolveShape> shapes;
    for (const std::int64_t block : {32, 50, 160}) {
        for (const std::int64_t group : {8, 24, 128, 160}) {
            for (const bool symmetric : {true, false})
                shapes.push_back({.block = block, .group = group, .grid = {4, symmetric, {}}, .staticGroups = true});
        }
    }
    addRows(m_targets, shapes);
}

void GptqSolveTest::weightsThatFitTheirGridsStay() {
    QFETCH(int, target);
    const SolveShape shape{.grid = {4, false, ScalePrecision::Float16}};
    reference::Solve problem = problemOf(shape);
    // Every group holds both ends of its grid, scale 1/8 and zero 5: no error arises, and none is passed on.
    Matrix codes = randomCodes(shape.rows, shape.columns, 63, 16);
    for (std::int64_t r = 0; r < shape.rows; ++r) {
        for (std::int64_t c = 0; c < shape.columns; ++c) {
            if (c % shape.group < 2) codes.at(r, c) = c % shape.group == 0 ? 0 : 15;
            problem.weights.at(r, c) = (codes.at(r, c) - 5) * 0.125;
        }
    }
    const reference::Solved found = solvedThere(*at(target).backend, problem);
    QCOMPARE(differenceOf(found.codes, codes, 0), QString());
    QCOMPARE(differenceOf(found.grids.scales, Matrix(5, shape.rows, 0.125), 0), QString());
    QCOMPARE(differenceOf(found.grids.zeros, Matrix(5, shape.rows, 5), 0), QString());
    QCOMPARE(differenceOf(found.errors, Matrix(shape.rows, shape.columns), 0), QString());
}

void GptqSolveTest::solvingLosesLessThanRounding_data() {
    QTest::addColumn<int>("target");
    QTest::addColumn<int>("bits");
    for (std::size_t t = 0; t < m_targets.size(); ++t) {
        for (const int bits : {2, 3, 4, 8})
            QTest::addRow("%s, %d bits", m_targets[t].name.c_str(), bits) << static_cast<int>(t) << bits;
    }
}

// Everything on the device: Hessian, factor, solve and error.
void GptqSolveTest::solvingLosesLessThanRounding() {
    QFETCH(int, target);
    QFETCH(int, bits);
    Backend& backend = *at(target).backend;
    const SolveShape shape{.rows = 64, .columns = 128, .grid = {bits, true, {}}};
    reference::Solve problem = problemOf(shape);
    const Matrix h = roundedTo(DType::Float32, correlatedHessian(shape.columns));
    const Tensor hessian = uploaded(backend, h, DType::Float32);
    Tensor factor = backend.allocate(DType::Float32, {shape.columns, shape.columns});
    std::vector<std::int32_t> order(static_cast<std::size_t>(shape.columns));
    std::iota(order.begin(), order.end(), 0);
    QVERIFY(backend.factorize(hessian.view(), order, std::vector<float>(order.size()), factor.view()));
    problem.factor = downloaded(backend, factor.view());
    const reference::Solved solved = solvedThere(backend, problem);
    const reference::Grids grids = reference::findGrids(problem.weights, shape.grid, shape.group);
    const Matrix rounded = reference::roundToGrids(problem.weights, shape.grid, shape.group, grids);
    const auto total = [&](const Matrix& codes, const reference::Grids& of) {
        const auto errors = reference::rowErrors(problem.weights, &codes, of, shape.group, h);
        return std::accumulate(errors.begin(), errors.end(), 0.0);
    };
    const double lost = total(solved.codes, solved.grids), lostByRounding = total(rounded, grids);
    QVERIFY2(lost < 0.6 * lostByRounding, qPrintable(QString("%1 of %2").arg(lost).arg(lostByRounding)));
    // The sum of squared errors over U's diagonal is the loss itself (the paper's equation 2, summed).
    double squares = 0;
    for (const double error : solved.errors.values) squares += error * error;
    QVERIFY2(std::abs(squares / lost - 1) < 1e-4, qPrintable(QString("%1 instead of %2").arg(squares).arg(lost)));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GptqSolveTest)
#include "gptq_solve_test.moc"
