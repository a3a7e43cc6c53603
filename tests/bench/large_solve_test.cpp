// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// GPTQ as the best device here solves it, against a solve in float64 on the host, at the widths of real layers. Few rows: each
// is solved by itself, and the host must do the same.

#include <QTest>
#include <cmath>
#include <numeric>

#include "kernels/devices.h"
#include "support/backend_fixture.h"
#include "support/model_runs.h"
#include "support/reference_gptq.h"
#include "support/stage_problem.h"
#include "support/test_files.h"

namespace gptq::test {
namespace {

constexpr std::int64_t kRows = 64, kGroup = 128, kChunkTokens = 1024;
constexpr std::int64_t kMostColumnsOnCpu = 512;
constexpr double kErrorTolerance = 1e-3;   // of tr(D H D^T)
constexpr double kLeastAgreement = 0.999;  // of codes, for the demo's layers

// 2/N x^T x of inputs whose neighbours resemble each other and some of which are far larger, as activations are.
Tensor hessianOf(Backend& backend, std::int64_t columns) {
    Tensor hessian = backend.allocate(DType::Float32, {columns, columns});
    backend.fillZero(hessian.view());
    const std::int64_t tokens = 2 * columns;
    for (std::int64_t first = 0; first < tokens; first += kChunkTokens) {
        const std::int64_t count = std::min(kChunkTokens, tokens - first);
        std::vector<float> x =
            randomFloats(static_cast<std::uint64_t>(100 + first), static_cast<std::size_t>(count * columns), 1);
        for (std::int64_t t = 0; t < count; ++t) {
            float* row = x.data() + t * columns;
            for (std::int64_t c = 1; c < columns; ++c) row[c] = 0.8f * row[c - 1] + 0.6f * row[c];
            for (std::int64_t c = 0; c < columns; c += 97) row[c] *= 12;
        }
        const ConstTensorView host = hostView(static_cast<const float*>(x.data()), {count, columns});
        backend.accumulateHessian(backend.upload(host, backend.activationType(DType::Float16)).view(), hessian.view());
    }
    backend.finishHessian(hessian.view(), 2.0f / static_cast<float>(tokens));
    return hessian;
}

StageOutcome solvedOn(Backend& backend, const std::vector<StageModule>& modules, ConstTensorView weights,
                      ConstTensorView hessian) {
    JobControl control;
    return kGptqMethod.quantize(backend, {modules, weights, hessian, ScalePrecision::Float16}, {}, control);
}

// tr(D H D^T), D = weights - quantized.
double errorOf(const std::vector<float>& weights, const std::vector<float>& quantized, ConstTensorView hessian) {
    std::vector<float> difference = weights;
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= quantized[i];
    const auto rows = static_cast<std::int64_t>(weights.size()) / hessian.columns();
    const auto errors =
        cpu().rowErrors(hostView(difference.data(), {rows, hessian.columns()}), nullptr, kGroup, hessian);
    return std::accumulate(errors.begin(), errors.end(), 0.0);
}

struct Float64Solve {
    std::vector<float> quantized;
    std::vector<std::uint8_t> codes;
};

Float64Solve solvedInFloat64(const std::vector<float>& weights, ConstTensorView hessian) {
    const std::int64_t columns = hessian.columns();
    const std::vector<float> diagonal = cpu().diagonal(hessian);
    const double mean = std::accumulate(diagonal.begin(), diagonal.end(), 0.0) / static_cast<double>(columns);
    std::vector<std::int32_t> order(static_cast<std::size_t>(columns));
    std::iota(order.begin(), order.end(), 0);
    const std::vector<float> added(order.size(), static_cast<float>(MethodOptions{}.damping * mean));
    Tensor factor = cpu().allocate(DType::Float32, {columns, columns});
    if (!cpu().factorize(hessian, order, added, factor.view())) throw Error("the test's Hessian is not definite");

    reference::Solve problem{.weights = Matrix(kRows, columns),
                             .factor = downloaded(cpu(), factor.view()),
                             .grid = {},
                             .groupColumns = kGroup,
                             .blockColumns = MethodOptions{}.blockSize,
                             .groupOfColumn = {},
                             .grids = {}};
    std::copy(weights.begin(), weights.end(), problem.weights.values.begin());
    const reference::Solved solved = reference::solve(problem);
    Float64Solve result;
    for (std::int64_t r = 0; r < kRows; ++r) {
        for (std::int64_t c = 0; c < columns; ++c) {
            const double code = solved.codes.at(r, c);
            result.codes.push_back(static_cast<std::uint8_t>(code));
            result.quantized.push_back(static_cast<float>((code - solved.grids.zeros.at(c / kGroup, r)) *
                                                          solved.grids.scales.at(c / kGroup, r)));
        }
    }
    return result;
}

}  // namespace

class LargeSolveTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_backend = openDevice({}); }

    void theErrorIsThatOfAFloat64Solve_data() {
        QTest::addColumn<qint64>("columns");
        for (const qint64 columns : {256, 4096, 11008}) QTest::addRow("K = %lld", columns) << columns;
    }
    void theErrorIsThatOfAFloat64Solve();
    void codesOfTheDemosLayersAreTheCpus_data() {
        QTest::addColumn<qint64>("out");
        QTest::addColumn<qint64>("in");
        QTest::newRow("k_proj") << qint64{128} << qint64{256};
        QTest::newRow("down_proj") << qint64{256} << qint64{768};
    }
    void codesOfTheDemosLayersAreTheCpus();

private:
    std::unique_ptr<Backend> m_backend;
};

void LargeSolveTest::theErrorIsThatOfAFloat64Solve() {
    QFETCH(qint64, columns);
    if (m_backend->device().kind == Device::Kind::Cpu && columns > kMostColumnsOnCpu)
        QSKIP("there is no GPU here, and the CPU would take long");
    const std::vector<StageModule> modules{{{"wide", kRows, columns, false}, {4, kGroup, true, GridKind::Uniform}}};
    const std::vector<float> weights = randomFloats(7, static_cast<std::size_t>(kRows * columns), 0.05);
    const ConstTensorView hostWeights = hostView(weights.data(), {kRows, columns});
    const Tensor hessian = hessianOf(*m_backend, columns);
    const StageOutcome outcome =
        solvedOn(*m_backend, modules, m_backend->upload(hostWeights, DType::Float32).view(), hessian.view());
    QVERIFY(outcome.reports.front().outcome == SolveOutcome::AsAsked);
    const QuantizedMatrix& matrix = matrixOf(outcome, modules.front().module);

    std::vector<float> hostHessian(static_cast<std::size_t>(columns * columns));
    m_backend->copy(hessian.view(), hostView(hostHessian.data(), {columns, columns}));
    const ConstTensorView h = hostView(static_cast<const float*>(hostHessian.data()), {columns, columns});
    const Float64Solve expected = solvedInFloat64(weights, h);
    const double found = errorOf(weights, dequantize(matrix), h), best = errorOf(weights, expected.quantized, h);
    qInfo("%s: tr(D H D^T) %+.4f %% off float64's, %.3f %% of the codes alike, factor %.2f s",
          nameOf(m_backend->device()).c_str(), 100 * (found / best - 1),
          100 * shareOfEqual(matrix.codes, expected.codes), outcome.factorSeconds);
    QVERIFY(std::abs(found - best) <= kErrorTolerance * best);
}

void LargeSolveTest::codesOfTheDemosLayersAreTheCpus() {
    QFETCH(qint64, out);
    QFETCH(qint64, in);
    const std::string module = QTest::currentDataTag();
    const auto golden = [&](const char* what) {
        return storedTensor<float>(demoGolden("gptq_layer0.safetensors"), module + "." + what);
    };
    const std::vector<StageModule> modules{{{module, out, in, false}, {4, kGroup, true, GridKind::Uniform}}};
    const std::vector<float> weights = golden("weight"), hessian = golden("hessian");
    const ConstTensorView w = hostView(weights.data(), {out, in}), h = hostView(hessian.data(), {in, in});
    const StageOutcome here = solvedOn(cpu(), modules, w, h);
    const StageOutcome there = solvedOn(*m_backend, modules, m_backend->upload(w, DType::Float32).view(),
                                        m_backend->upload(h, DType::Float32).view());
    const double agreement =
        shareOfEqual(matrixOf(here, modules.front().module).codes, matrixOf(there, modules.front().module).codes);
    qInfo("%s: %.3f %% of the codes are the CPU's", nameOf(m_backend->device()).c_str(), 100 * agreement);
    QVERIFY(agreement >= kLeastAgreement);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::LargeSolveTest)
#include "large_solve_test.moc"
