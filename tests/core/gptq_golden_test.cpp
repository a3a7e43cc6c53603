// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Fed the golden weight and Hessian of the demo's first layer, GPTQ finds the codes of the float64 reference.
#include <QTest>

#include "support/model_runs.h"
#include "support/stage_problem.h"

namespace gptq::test {

class GptqGoldenTest : public QObject {
    Q_OBJECT

private slots:
    void codesAreTheReferences_data();
    void codesAreTheReferences();
};

template <class T>
static std::vector<T> golden(const QString& module, const char* what) {
    return storedTensor<T>(demoGolden("gptq_layer0.safetensors"), module.toStdString() + "." + what);
}

void GptqGoldenTest::codesAreTheReferences_data() {
    QTest::addColumn<qint64>("out");
    QTest::addColumn<qint64>("in");
    QTest::addColumn<double>("error");
    const Json errors = readJson(demoGolden("golden.json")).at("quantized").at(1).at("errors");
    QTest::newRow("k_proj") << qint64{128} << qint64{256} << errors.at("layers.0.self_attn.k_proj").get<double>();
    QTest::newRow("down_proj") << qint64{256} << qint64{768} << errors.at("layers.0.mlp.down_proj").get<double>();
}

void GptqGoldenTest::codesAreTheReferences() {
    QFETCH(qint64, out);
    QFETCH(qint64, in);
    QFETCH(double, error);
    const QString module = QTest::currentDataTag();
    const QuantScheme scheme{4, 128, true, GridKind::Uniform};
    const StageProblem problem{{{{module.toStdString(), out, in, false}, scheme}},
                               golden<float>(module, "weight"),
                               golden<float>(module, "hessian")};
    const StageOutcome outcome = problem.quantize(kGptqMethod);
    const QuantizedMatrix& matrix = matrixOf(outcome, problem.modules.front().module);

    const double equal = shareOfEqual(matrix.codes, golden<std::uint8_t>(module, "codes"));
    QVERIFY2(equal >= 0.999, qPrintable(QString::number(equal)));
    // The reference keeps (out, groups); later groups depend on codes before them, the first does not.
    const auto scales = golden<Float16>(module, "scales");
    const auto groups = static_cast<std::size_t>(matrix.groups());
    QCOMPARE(scales.size(), matrix.scales.size());
    for (std::size_t row = 0; row < static_cast<std::size_t>(out); ++row)
        QCOMPARE(matrix.scales[row].bits, scales[row * groups].bits);
    QCOMPARE(matrix.zeros, golden<std::uint8_t>(module, "zeros"));  // all 8
    const double found = outcome.reports.front().relativeError;
    QVERIFY2(std::abs(found - error) < 5e-3 * error, qPrintable(QString("%1 for %2").arg(found).arg(error)));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GptqGoldenTest)
#include "gptq_golden_test.moc"
