// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The GPTQ method against optimal brain surgery column by column, and what it hands back.
#include <QTest>
#include <algorithm>

#include "support/brain_surgery.h"
#include "support/model_runs.h"
#include "support/stage_problem.h"
#include "support/test_files.h"

namespace gptq::test {

class GptqMethodTest : public QObject {
    Q_OBJECT

private slots:
    void codesAreThoseOfBrainSurgery_data();
    void codesAreThoseOfBrainSurgery();
    void theBlockSizeChangesNothing_data();
    void theBlockSizeChangesNothing();
    void itBeatsRoundingToNearest();
    void actOrderKeepsTheGridsOfTheWeights();
    void theReportedErrorIsThatOfTheStoredMatrix();
    void modulesOfAStageAreSolvedAsAlone();
    void bfloat16ModelsGetScalesThatBothTypesHold();
    void roundingToNearestKeepsEveryWeightWithinHalfAStep();
    void aStopIsObeyed();
    void methodsGoByName();
};

void GptqMethodTest::codesAreThoseOfBrainSurgery_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("group");
    QTest::addColumn<bool>("symmetric");
    QTest::addColumn<bool>("actOrder");
    for (const int bits : {2, 3, 4, 8}) {
        for (const int group : {-1, 8, 32, 40}) {
            for (const bool symmetric : {true, false}) {
                for (const bool actOrder : {false, true})
                    QTest::addRow("%d bits, group %d, %s, %s", bits, group, symmetric ? "sym" : "asym",
                                  actOrder ? "act-order" : "in order")
                        << bits << group << symmetric << actOrder;
            }
        }
    }
}

void GptqMethodTest::codesAreThoseOfBrainSurgery() {
    QFETCH(int, bits);
    QFETCH(int, group);
    QFETCH(bool, symmetric);
    QFETCH(bool, actOrder);
    const StageProblem problem = randomProblem(5, 64, 96, {bits, group, symmetric, GridKind::Uniform});
    MethodOptions options;
    options.actOrder = actOrder;
    const StageOutcome outcome = problem.quantize(kGptqMethod, options);
    const QuantizedMatrix& matrix = matrixOf(outcome, problem.modules.front().module);
    QVERIFY(matrix.groupOfColumn.empty());  // whatever the order was, nothing of it remains
    // The factor is kept in float32; a weight that falls on the edge of two codes may go either way.
    const double equal = shareOfEqual(matrix.codes, brainSurgery(problem, options));
    QVERIFY2(equal >= 0.998, qPrintable(QString::number(equal)));
}

void GptqMethodTest::theBlockSizeChangesNothing_data() {
    QTest::addColumn<int>("group");
    QTest::addColumn<bool>("actOrder");
    QTest::addColumn<int>("block");
    QTest::newRow("groups in a block") << 8 << false << 32;
    QTest::newRow("blocks in a group") << 64 << false << 32;
    QTest::newRow("one column a block") << -1 << false << 1;
    QTest::newRow("a block that does not divide") << -1 << false << 40;
    QTest::newRow("act-order") << 32 << true << 24;
}

void GptqMethodTest::theBlockSizeChangesNothing() {
    QFETCH(int, group);
    QFETCH(bool, actOrder);
    QFETCH(int, block);
    const StageProblem problem = randomProblem(6, 64, 128, {4, group, true, GridKind::Uniform});
    const LinearModule& module = problem.modules.front().module;
    const StageOutcome whole = problem.quantize(kGptqMethod, {0.01, 128, actOrder, true});
    const StageOutcome blocks = problem.quantize(kGptqMethod, {0.01, block, actOrder, true});
    QVERIFY(shareOfEqual(matrixOf(blocks, module).codes, matrixOf(whole, module).codes) >= 0.998);
}

void GptqMethodTest::itBeatsRoundingToNearest() {
    for (const bool symmetric : {true, false}) {
        const StageProblem problem = randomProblem(7, 64, 96, {3, 32, symmetric, GridKind::Uniform});
        const double nearest = problem.quantize(kRtnMethod).reports.front().relativeError;
        const double solved = problem.quantize(kGptqMethod).reports.front().relativeError;
        QVERIFY2(solved < 0.8 * nearest, qPrintable(QString("%1, nearest %2").arg(solved).arg(nearest)));
    }
}

void GptqMethodTest::actOrderKeepsTheGridsOfTheWeights() {
    const StageProblem problem = randomProblem(8, 64, 96, {4, 32, false, GridKind::Uniform});
    const LinearModule& module = problem.modules.front().module;
    const StageOutcome ordered = problem.quantize(kGptqMethod, {0.01, 128, true, true});
    const StageOutcome nearest = problem.quantize(kRtnMethod);
    const StageOutcome plain = problem.quantize(kGptqMethod);
    const auto same = [](const QuantizedMatrix& a, const QuantizedMatrix& b) {
        return a.zeros == b.zeros && std::equal(a.scales.begin(), a.scales.end(), b.scales.begin(),
                                                [](Float16 x, Float16 y) { return x.bits == y.bits; });
    };
    QVERIFY(same(matrixOf(ordered, module), matrixOf(nearest, module)));
    QVERIFY(!same(matrixOf(plain, module), matrixOf(nearest, module)));  // found on the way
    QVERIFY(matrixOf(ordered, module).codes != matrixOf(nearest, module).codes);
}

void GptqMethodTest::theReportedErrorIsThatOfTheStoredMatrix() {
    StageProblem problem = randomProblem(9, 64, 96, {3, 40, false, GridKind::Uniform});
    problem.modules.push_back({{"layer.other", 32, 96, false}, {3, 40, false, GridKind::Uniform}});
    const std::vector<float> more = randomFloats(10, 32 * 96, 0.1);
    problem.weights.insert(problem.weights.end(), more.begin(), more.end());
    for (const bool actOrder : {false, true}) {
        const StageOutcome outcome = problem.quantize(kGptqMethod, {0.01, 128, actOrder, true});
        QCOMPARE(outcome.reports.size(), std::size_t{2});
        for (std::size_t i = 0; i < 2; ++i) {
            const ModuleReport& report = outcome.reports[i];
            QCOMPARE(report.name, problem.modules[i].module.name);
            QCOMPARE(report.rows, problem.modules[i].module.out);
            QCOMPARE(report.columns, std::int64_t{96});
            QVERIFY(report.scheme == problem.modules[i].scheme);
            const double expected = problem.relativeError(outcome, i);
            QVERIFY(expected > 0 && std::abs(report.relativeError - expected) < 1e-4 * expected);
        }
    }
}

void GptqMethodTest::modulesOfAStageAreSolvedAsAlone() {
    const QuantScheme schemes[] = {
        {4, 32, true, GridKind::Uniform}, {3, -1, false, GridKind::Uniform}, {4, 32, true, GridKind::Uniform}};
    StageProblem joined = randomProblem(11, 64, 96, schemes[0]);
    std::vector<StageProblem> single{joined};
    for (int i = 1; i < 3; ++i) {
        const std::string name = "layer.part" + std::to_string(i);
        const std::vector<float> more = randomFloats(static_cast<std::uint64_t>(11 + i), 32 * 96, 1);
        single.push_back({{{{name, 32, 96, false}, schemes[i]}}, more, joined.hessian});
        joined.modules.push_back(single.back().modules.front());
        joined.weights.insert(joined.weights.end(), more.begin(), more.end());
    }
    const StageOutcome together = joined.quantize(kGptqMethod);
    QCOMPARE(together.tensors.size(), std::size_t{3});
    for (const StageProblem& problem : single) {
        const LinearModule& module = problem.modules.front().module;
        const StageOutcome alone = problem.quantize(kGptqMethod);
        QVERIFY(sameCodes(matrixOf(together, module), matrixOf(alone, module)));
    }
}

void GptqMethodTest::bfloat16ModelsGetScalesThatBothTypesHold() {
    const StageProblem problem = randomProblem(14, 64, 96, {4, 32, true, GridKind::Uniform});
    const ConstTensorView w = hostView(problem.weights.data(), {64, 96});
    const ConstTensorView h = hostView(problem.hessian.data(), {96, 96});
    JobControl control;
    for (const QuantizationMethod& method : quantizationMethods()) {
        const StageOutcome outcome =
            method.quantize(cpu(), {problem.modules, w, h, ScalePrecision::Float16AndBFloat16}, {}, control);
        for (const Float16 scale : matrixOf(outcome, problem.modules.front().module).scales)
            QCOMPARE(toFloat(toBFloat16(toFloat(scale))), toFloat(scale));
    }
}

void GptqMethodTest::roundingToNearestKeepsEveryWeightWithinHalfAStep() {
    const StageProblem problem = randomProblem(15, 64, 96, {4, 40, true, GridKind::Uniform});
    const StageOutcome outcome = problem.quantize(kRtnMethod);
    const QuantizedMatrix& matrix = matrixOf(outcome, problem.modules.front().module);
    const std::vector<float> stored = dequantize(matrix);
    for (std::size_t i = 0; i < stored.size(); ++i) {
        const auto at = static_cast<std::size_t>(matrix.groupOf(static_cast<std::int64_t>(i % 96))) * 64 + i / 96;
        // The largest weight is 7.5 steps, give or take the scale's rounding; the highest code stands for 7.
        QVERIFY(std::abs(stored[i] - problem.weights[i]) <= 0.51f * toFloat(matrix.scales[at]));
    }
    const double expected = problem.relativeError(outcome, 0);
    QVERIFY(std::abs(outcome.reports.front().relativeError - expected) < 1e-4 * expected);
}

void GptqMethodTest::aStopIsObeyed() {
    const StageProblem problem = randomProblem(16, 32, 32, {4, 32, true, GridKind::Uniform});
    JobControl control;
    control.requestStop();
    const ConstTensorView w = hostView(problem.weights.data(), {32, 32}),
                          h = hostView(problem.hessian.data(), {32, 32});
    for (const QuantizationMethod& method : quantizationMethods()) {
        QVERIFY_EXCEPTION_THROWN(method.quantize(cpu(), {problem.modules, w, h, ScalePrecision::Float16}, {}, control),
                                 Stopped);
    }
}

void GptqMethodTest::methodsGoByName() {
    for (const QuantizationMethod& method : quantizationMethods())
        QVERIFY(methodNamed(method.name).quantize == method.quantize);
    QCOMPARE(lackingIn(errorOf([] { methodNamed("awq"); }), {"'awq'", "gptq, rtn"}), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GptqMethodTest)
#include "gptq_method_test.moc"
