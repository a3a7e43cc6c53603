// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The CPU gives the same bits with any number of threads, and every time.

#include <QTest>
#include <cmath>
#include <functional>
#include <numeric>

#include "kernels/cpu/cpu_backend.h"
#include "support/attention_case.h"
#include "support/backend_fixture.h"
#include "support/packed_there.h"
#include "support/solve_case.h"

namespace gptq::test {

// The results of one op on a backend.
using Work = std::function<std::vector<Matrix>(const OpTarget&)>;

class ThreadsTest : public QObject {
    Q_OBJECT

private slots:
    void resultsDoNotDependOnTheNumberOfThreads_data();
    void resultsDoNotDependOnTheNumberOfThreads();
};

static std::vector<Matrix> denseProduct(const OpTarget& on, std::int64_t tokens) {
    Backend& backend = *on.backend;
    const Tensor x = uploaded(backend, randomMatrix(tokens, 576, 1), DType::Float32);
    const Tensor weight = uploaded(backend, randomMatrix(600, 576, 2), DType::Float32);
    Tensor y = backend.allocate(DType::Float32, {tokens, 600});
    backend.linear(DenseWeight{weight.view(), {}},
                   {.x = x.view(), .in = {}, .y = y.view(), .normedScratch = {}, .productScratch = {}});
    return {downloaded(backend, y.view())};
}

static std::vector<Matrix> packedProduct(const OpTarget& on, std::int64_t tokens) {
    Backend& backend = *on.backend;
    const reference::PackedParts parts{.scheme = {4, 128, true, GridKind::Uniform},
                                       .codes = randomCodes(576, 544, 3, 16),
                                       .scales = randomMatrix(5, 576, 4, 0.01),
                                       .zeros = {},
                                       .columnOrder = {}};
    const PackedThere there(backend, parts, {});
    const Tensor x = uploaded(backend, randomMatrix(tokens, 544, 5), DType::Float32);
    Tensor y = backend.allocate(DType::Float32, {tokens, 576});
    backend.linear(there.weight, {.x = x.view(), .in = {}, .y = y.view(), .normedScratch = {}, .productScratch = {}});
    return {downloaded(backend, y.view())};
}

static std::vector<Matrix> attention(const OpTarget& on) {
    const AttentionShape shape{.spec = {.heads = 6, .kvHeads = 2, .headSize = 64, .scale = 0.125f, .window = 0},
                               .rotary = 64,
                               .norms = HeadNorms::Both,
                               .tokensEach = 150,
                               .pastLengths = {0, 20}};
    AttentionThere there(on, randomParts(shape, DType::Float32));
    on.backend->attend(there.call);
    return {there.y.inner(), comparable(there.keys.inner())};
}

static std::vector<Matrix> elementwise(const OpTarget& on) {
    Backend& backend = *on.backend;
    const Tensor x = uploaded(backend, randomMatrix(100, 192, 6), DType::Float32);
    const Tensor weight = uploadedVector(backend, randomMatrix(1, 192, 7));
    const Tensor targets = uploadedInts(backend, std::vector<std::int32_t>(100, 3));
    Tensor normed = backend.allocate(DType::Float32, {100, 192}), gated = backend.allocate(DType::Float32, {100, 96});
    Tensor loss = backend.allocate(DType::Float32, {100});
    backend.normalize({NormKind::Rms, 1e-5f, weight.view()}, x.view(), normed.view());
    backend.siluGate(x.view(), gated.view());
    backend.crossEntropy(x.view(), targets.view(), loss.view());
    return {downloaded(backend, normed.view()), downloaded(backend, gated.view()), downloaded(backend, loss.view())};
}

static std::vector<Matrix> hessian(const OpTarget& on) {
    Backend& backend = *on.backend;
    const Tensor x = uploaded(backend, randomMatrix(700, 520, 8), DType::Float32);
    Tensor h = filled(backend, DType::Float32, 520, 520, 0);
    backend.accumulateHessian(x.view(), h.view());
    backend.finishHessian(h.view(), 1.0f / 700);
    return {downloaded(backend, h.view())};
}

// Large enough for LAPACK to share out its work.
static std::vector<Matrix> factor(const OpTarget& on) {
    Backend& backend = *on.backend;
    constexpr std::int64_t columns = 600;
    Matrix h = randomMatrix(columns, columns, 9, 0.3 / std::sqrt(columns));
    for (std::int64_t i = 0; i < columns; ++i) {
        for (std::int64_t j = 0; j < i; ++j) h.at(j, i) = h.at(i, j);
        h.at(i, i) = 1;
    }
    const Tensor there = uploaded(backend, h, DType::Float32);
    Tensor u = backend.allocate(DType::Float32, {columns, columns});
    std::vector<std::int32_t> order(columns);
    std::iota(order.rbegin(), order.rend(), 0);
    if (!backend.factorize(there.view(), order, std::vector<float>(columns), u.view())) return {};
    return {downloaded(backend, u.view())};
}

static std::vector<Matrix> solve(const OpTarget& on) {
    const reference::Solve problem = problemOf({.rows = 300, .columns = 320, .block = 96, .group = 40});
    const reference::Solved solved = solvedThere(*on.backend, problem);
    static const Matrix hessian = correlatedHessian(320);
    const Tensor h = uploaded(*on.backend, hessian, DType::Float32);
    const Tensor weights = uploaded(*on.backend, problem.weights, DType::Float32);
    Matrix rowErrors(1, 300);
    rowErrors.values = on.backend->rowErrors(weights.view(), nullptr, 40, h.view());
    return {solved.codes, solved.grids.scales, solved.grids.zeros, solved.errors, rowErrors};
}

void ThreadsTest::resultsDoNotDependOnTheNumberOfThreads_data() {
    QTest::addColumn<Work>("work");
    for (const std::int64_t tokens : {1, 5, 257, 600}) {
        QTest::addRow("dense product, %d tokens", static_cast<int>(tokens))
            << Work([tokens](const OpTarget& on) { return denseProduct(on, tokens); });
        QTest::addRow("packed product, %d tokens", static_cast<int>(tokens))
            << Work([tokens](const OpTarget& on) { return packedProduct(on, tokens); });
    }
    QTest::newRow("attention") << Work(attention);
    QTest::newRow("elementwise") << Work(elementwise);
    QTest::newRow("Hessian") << Work(hessian);
    QTest::newRow("factor") << Work(factor);
    QTest::newRow("solve") << Work(solve);
}

void ThreadsTest::resultsDoNotDependOnTheNumberOfThreads() {
    QFETCH(Work, work);
    const auto resultsWith = [&](int threads) {
        return work({text(threads, " threads"), openCpuBackend(threads), DType::Float32});
    };
    const std::vector<Matrix> alone = resultsWith(1);
    QVERIFY(!alone.empty());
    for (const int threads : {1, 2, 3}) {
        const std::vector<Matrix> together = resultsWith(threads);
        QCOMPARE(together.size(), alone.size());
        for (std::size_t i = 0; i < alone.size(); ++i) {
            QVERIFY(largestOf(alone[i]) > 0);
            QCOMPARE(differenceOf(together[i], alone[i], 0), QString());
        }
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::ThreadsTest)
#include "threads_test.moc"
