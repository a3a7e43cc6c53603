// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What GPTQ does about Hessians that it cannot factorize, each made by hand, and that it says so.
#include <QTest>

#include "support/model_runs.h"
#include "support/stage_problem.h"
#include "support/test_files.h"

namespace gptq::test {

class GptqDampingTest : public QObject {
    Q_OBJECT

private slots:
    void dampingRisesUntilItIsEnough_data();
    void dampingRisesUntilItIsEnough();
    void whereNothingHelpsWeightsAreRoundedToNearest();
    void withoutFallbackTheLayerIsNamed();
    void deadColumnsBecomeZeroAndCountForNothing_data();
    void deadColumnsBecomeZeroAndCountForNothing();
    void aHessianOfNothingButDeadColumnsGivesZeros();
    void inputsThatAreNoNumbersAreRefusedByName_data();
    void inputsThatAreNoNumbersAreRefusedByName();
};

static const QuantScheme kScheme{4, 32, true, GridKind::Uniform};

// The identity but for one pair of inputs with this product: its least eigenvalue is 1 - product.
static StageProblem pairProblem(float product) {
    StageProblem problem = plainProblem(21, 32, 64, kScheme);
    problem.h(10, 50) = problem.h(50, 10) = product;
    return problem;
}

void GptqDampingTest::dampingRisesUntilItIsEnough_data() {
    QTest::addColumn<float>("product");
    QTest::addColumn<double>("asked");
    QTest::addColumn<QString>("outcome");
    QTest::addColumn<double>("damping");
    QTest::addColumn<int>("attempts");
    const auto row = [](const char* name, float product, double asked, const char* outcome, double damping,
                        int attempts) { QTest::newRow(name) << product << asked << outcome << damping << attempts; };
    row("enough as asked", 0.5f, 0.01, "", 0.01, 1);
    row("none asked, none needed", 0.5f, 0.0, "", 0.0, 1);
    row("ten times", 1.05f, 0.01, "more damping", 0.1, 2);
    row("a hundred times", 1.5f, 0.01, "more damping", 1.0, 3);
    row("no more than 1", 1.5f, 0.3, "more damping", 1.0, 2);
    row("none asked", 1.0005f, 0.0, "more damping", 0.001, 2);
    row("a first floor", 2.0000005f, 1.0, "diagonal floor", 1.0, 2);
    row("the last floor but one", 2.005f, 0.01, "diagonal floor", 1.0, 3 + 5);
    row("the last floor", 2.05f, 0.01, "diagonal floor", 1.0, 3 + 6);
    row("in vain", 2.2f, 0.01, "rounded to nearest", 1.0, 3 + 6);
}

void GptqDampingTest::dampingRisesUntilItIsEnough() {
    QFETCH(float, product);
    QFETCH(double, asked);
    QFETCH(QString, outcome);
    QFETCH(double, damping);
    QFETCH(int, attempts);
    for (const bool actOrder : {false, true}) {
        const StageProblem problem = pairProblem(product);
        const StageOutcome solved = problem.quantize(kGptqMethod, {asked, 128, actOrder, true});
        const ModuleReport& report = solved.reports.front();
        QCOMPARE(QString(nameOf(report.outcome)), outcome);
        QCOMPARE(report.damping, damping);
        QCOMPARE(report.attempts, attempts);
        QCOMPARE(report.deadColumns, 0);
    }
}

void GptqDampingTest::whereNothingHelpsWeightsAreRoundedToNearest() {
    for (const bool actOrder : {false, true}) {
        const StageProblem problem = pairProblem(3);
        const LinearModule& module = problem.modules.front().module;
        const StageOutcome solved = problem.quantize(kGptqMethod, {0.01, 128, actOrder, true});
        const StageOutcome nearest = problem.quantize(kRtnMethod);
        QCOMPARE(solved.reports.front().outcome, SolveOutcome::RoundedToNearest);
        QVERIFY(sameCodes(matrixOf(solved, module), matrixOf(nearest, module)));
        QCOMPARE(solved.reports.front().relativeError, nearest.reports.front().relativeError);
    }
}

void GptqDampingTest::withoutFallbackTheLayerIsNamed() {
    const auto stop = errorOf([] { pairProblem(3).quantize(kGptqMethod, {0.01, 128, false, false}); });
    QCOMPARE(lackingIn(stop, {"layer.proj:", "not positive definite", "damping 1", "calibration text"}), QString());
    // More damping and a floor are no fallback.
    QVERIFY(errorOf([] { pairProblem(2.05f).quantize(kGptqMethod, {0.01, 128, false, false}); }).empty());
}

void GptqDampingTest::deadColumnsBecomeZeroAndCountForNothing_data() {
    QTest::addColumn<bool>("actOrder");
    QTest::addColumn<bool>("symmetric");
    QTest::newRow("in order, symmetric") << false << true;
    QTest::newRow("in order, asymmetric") << false << false;
    QTest::newRow("act-order, symmetric") << true << true;
    QTest::newRow("act-order, asymmetric") << true << false;
}

void GptqDampingTest::deadColumnsBecomeZeroAndCountForNothing() {
    QFETCH(bool, actOrder);
    QFETCH(bool, symmetric);
    QuantScheme scheme = kScheme;
    scheme.symmetric = symmetric;
    StageProblem problem = randomProblem(22, 32, 64, scheme);
    const std::int64_t dead[] = {0, 5, 40};
    for (const std::int64_t column : dead) {
        for (std::int64_t i = 0; i < 64; ++i) problem.h(i, column) = problem.h(column, i) = 0;
    }
    StageProblem huge = problem;
    for (std::int64_t row = 0; row < 32; ++row) {
        for (const std::int64_t column : dead) huge.weights[static_cast<std::size_t>(row * 64 + column)] = 1000;
    }
    const MethodOptions options{0.01, 128, actOrder, true};
    const LinearModule& module = problem.modules.front().module;
    const StageOutcome outcome = problem.quantize(kGptqMethod, options), other = huge.quantize(kGptqMethod, options);
    QCOMPARE(outcome.reports.front().deadColumns, 3);
    QCOMPARE(outcome.reports.front().outcome, SolveOutcome::AsAsked);
    const std::vector<float> stored = dequantize(matrixOf(outcome, module));
    for (std::size_t row = 0; row < 32; ++row) {
        for (const std::int64_t column : dead) QCOMPARE(stored[row * 64 + static_cast<std::size_t>(column)], 0.0f);
    }
    QVERIFY(sameCodes(matrixOf(outcome, module), matrixOf(other, module)));  // whatever they weighed
    const double error = outcome.reports.front().relativeError, expected = problem.relativeError(outcome, 0);
    QVERIFY(std::abs(error - expected) < 1e-4 * expected);
}

void GptqDampingTest::aHessianOfNothingButDeadColumnsGivesZeros() {
    StageProblem problem = plainProblem(23, 32, 64, kScheme);
    std::fill(problem.hessian.begin(), problem.hessian.end(), 0.0f);
    const StageOutcome outcome = problem.quantize(kGptqMethod);
    QCOMPARE(outcome.reports.front().deadColumns, 64);
    QCOMPARE(outcome.reports.front().relativeError, 0.0);
    for (const float weight : dequantize(matrixOf(outcome, problem.modules.front().module))) QCOMPARE(weight, 0.0f);
}

void GptqDampingTest::inputsThatAreNoNumbersAreRefusedByName_data() {
    QTest::addColumn<float>("value");
    QTest::newRow("NaN") << std::numeric_limits<float>::quiet_NaN();
    QTest::newRow("infinity") << std::numeric_limits<float>::infinity();
}

void GptqDampingTest::inputsThatAreNoNumbersAreRefusedByName() {
    QFETCH(float, value);
    StageProblem problem = plainProblem(24, 32, 64, kScheme);
    problem.h(7, 7) = value;
    QCOMPARE(lackingIn(errorOf([&] { problem.quantize(kGptqMethod); }), {"layer.proj:", "NaN or infinity"}), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GptqDampingTest)
#include "gptq_damping_test.moc"
