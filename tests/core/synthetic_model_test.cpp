// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Models of well-known shapes whose weights are made up: the same ones however they are read.
#include "core/checkpoint/synthetic_model.h"

#include <QTest>

#include "core/architecture/model_layout.h"
#include "support/test_files.h"

namespace gptq::test {

class SyntheticModelTest : public QObject {
    Q_OBJECT

private slots:
    void rowsAreTheSameInAnyPiece();
    void numbersAreThoseOfFloat32Rounded();
    void aMatrixThatWasUsedIsReplaced_data();
    void aMatrixThatWasUsedIsReplaced();
    void matricesAreSound();
};

static std::vector<float> rowsOf(const Checkpoint& model, const std::string& name, RowRange rows) {
    const std::int64_t columns = model.weights->info(name).shape[1];
    std::vector<float> values(static_cast<std::size_t>(rows.count * columns));
    model.weights->read(name, DType::Float32, rows, std::as_writable_bytes(std::span(values)));
    return values;
}

void SyntheticModelTest::rowsAreTheSameInAnyPiece() {
    const Checkpoint model = syntheticModel("smollm2-135m:1", std::nullopt);
    const std::string name = model.names().embedding;
    constexpr std::int64_t columns = 576, pieceRows = 30000;  // more than what the values are cut from
    const std::vector<float> piece = rowsOf(model, name, {100, pieceRows});
    for (std::int64_t row = 0; row < pieceRows; row += 997) {
        const auto begin = piece.begin() + row * columns;
        QCOMPARE(rowsOf(model, name, {100 + row, 1}), std::vector<float>(begin, begin + columns));
    }
}

void SyntheticModelTest::numbersAreThoseOfFloat32Rounded() {
    const Checkpoint model = syntheticModel("smollm2-135m:1", std::nullopt);
    for (const std::string& name : {model.names().embedding, model.names().finalNorm}) {
        const std::int64_t rows = model.weights->info(name).shape.rank() == 1 ? 1 : 7;
        std::vector<float> values(static_cast<std::size_t>(rows) * 576);
        std::vector<Float16> halves(values.size());
        std::vector<BFloat16> brains(values.size());
        model.weights->read(name, DType::Float32, {0, rows}, std::as_writable_bytes(std::span(values)));
        model.weights->read(name, DType::Float16, {0, rows}, std::as_writable_bytes(std::span(halves)));
        model.weights->read(name, DType::BFloat16, {0, rows}, std::as_writable_bytes(std::span(brains)));
        for (std::size_t i = 0; i < values.size(); ++i) {
            QCOMPARE(halves[i].bits, toFloat16(values[i]).bits);
            QCOMPARE(brains[i].bits, toBFloat16(values[i]).bits);
        }
    }
}

void SyntheticModelTest::aMatrixThatWasUsedIsReplaced_data() {
    QTest::addColumn<bool>("symmetric");
    QTest::newRow("symmetric") << true;
    QTest::newRow("asymmetric") << false;
}

void SyntheticModelTest::aMatrixThatWasUsedIsReplaced() {
    QFETCH(bool, symmetric);
    const Checkpoint model = syntheticModel("smollm2-135m:1", QuantScheme{4, 64, symmetric, GridKind::Uniform});
    const BlockLayout layout = blockLayout(model.config, model.names(), 0);
    const std::string large = layout.feedForwardOut.front().weight(), small = layout.attentionOut.front().weight();
    QuantizedMatrix matrix = *model.weights->quantized(large);
    matrix.groupOfColumn.assign(static_cast<std::size_t>(matrix.columns), 0);
    QVERIFY(model.weights->readQuantized(small, matrix));
    QVERIFY(sameCodes(matrix, *model.weights->quantized(small)));
    QVERIFY(model.weights->readQuantized(large, matrix));
    QVERIFY(sameCodes(matrix, *model.weights->quantized(large)));
    QVERIFY(!model.weights->readQuantized(model.names().embedding, matrix));
}

void SyntheticModelTest::matricesAreSound() {
    for (const int bits : supportedBits()) {
        for (const bool symmetric : {true, false}) {
            const Checkpoint model =
                syntheticModel("smollm2-135m:1", QuantScheme{bits, 128, symmetric, GridKind::Uniform});
            for (const LinearModule& module : blockLayout(model.config, model.names(), 0).modules()) {
                const QuantizedMatrix matrix = *model.weights->quantized(module.weight());
                QCOMPARE(errorOf([&] { checkMatrix(matrix, "m"); }), std::string());
            }
        }
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::SyntheticModelTest)
#include "synthetic_model_test.moc"
