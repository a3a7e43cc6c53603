// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/quantized_matrix.h"

#include <QTest>
#include <functional>

#include "support/test_files.h"

namespace gptq::test {

using Change = std::function<void(QuantizedMatrix&)>;

class QuantizedMatrixTest : public QObject {
    Q_OBJECT

private slots:
    void aSoundMatrixPasses();
    void brokenMatricesAreRefused_data();
    void brokenMatricesAreRefused();
    void weightsFollowTheirGroups();
    void scatteredGroupsAreFollowed();
    void anyDifferenceIsSeen_data();
    void anyDifferenceIsSeen();
};

}  // namespace gptq::test

Q_DECLARE_METATYPE(gptq::test::Change)

namespace gptq::test {

// Two rows of twenty columns in groups of eight: the last group is ragged.
static QuantizedMatrix sound() {
    QuantizedMatrix matrix;
    matrix.scheme = {4, 8, false, GridKind::Uniform};
    matrix.rows = 2;
    matrix.columns = 20;
    for (int i = 0; i < 40; ++i) matrix.codes.push_back(static_cast<std::uint8_t>(i * 7 % 16));
    for (const float scale : {0.5f, 0.25f, 1.0f, 2.0f, 0.125f, 4.0f}) matrix.scales.push_back(toFloat16(scale));
    matrix.zeros = {0, 15, 8, 7, 16, 1};
    return matrix;
}

void QuantizedMatrixTest::aSoundMatrixPasses() {
    QVERIFY(errorOf([] { checkMatrix(sound(), "m"); }).empty());
    QuantizedMatrix scattered = sound();
    for (int j = 0; j < 20; ++j) scattered.groupOfColumn.push_back(j % 3);
    QVERIFY(errorOf([&] { checkMatrix(scattered, "m"); }).empty());
    QuantizedMatrix wholeRows = sound();
    wholeRows.scheme = {8, -1, true, GridKind::Uniform};
    wholeRows.scales.resize(2);
    wholeRows.zeros = {128, 128};
    QVERIFY(errorOf([&] { checkMatrix(wholeRows, "m"); }).empty());
}

void QuantizedMatrixTest::brokenMatricesAreRefused_data() {
    QTest::addColumn<Change>("change");
    QTest::addColumn<QStringList>("parts");
    const auto row = [](const char* name, Change change, const QStringList& parts) {
        QTest::newRow(name) << change << parts;
    };
    row("five bits", [](auto& m) { m.scheme.bits = 5; }, {"5 bits"});
    row("an odd group", [](auto& m) { m.scheme.groupSize = 7; }, {"group of 7"});
    row("no rows", [](auto& m) { m.rows = 0; }, {"0 x 20"});
    row("negative columns", [](auto& m) { m.columns = -20; }, {"2 x -20"});
    row("a code too few", [](auto& m) { m.codes.pop_back(); }, {"39 codes where 2 x 20 belong"});
    row("a scale too many", [](auto& m) { m.scales.push_back({}); }, {"7 scales where 3 x 2 belong"});
    row("no zeros", [](auto& m) { m.zeros.clear(); }, {"0 zeros where 3 x 2 belong"});
    row("sizes that overflow", [](auto& m) { m.rows = 1ll << 62; }, {"codes where"});
    row("a code too large", [](auto& m) { m.codes[3] = 16; }, {"code 16 does not fit into 4 bits"});
    row("a zero too large", [](auto& m) { m.zeros[1] = 17; }, {"zero 17 is above 16"});
    row("a zero beside the middle", [](auto& m) { m.scheme.symmetric = true; },
        {"the zero 0 in a symmetric matrix, where all are 8"});
    row("an infinite scale", [](auto& m) { m.scales[5].bits = 0x7c00; }, {"a scale is infinite"});
    row("a scale that is no number", [](auto& m) { m.scales[0].bits = 0x7e01; }, {"not a number"});
    row("too few group indices", [](auto& m) { m.groupOfColumn.assign(19, 0); }, {"19 group indices"});
    row("a group too high", [](auto& m) { m.groupOfColumn.assign(20, 3); }, {"group 3, but there are 3"});
    row("a negative group", [](auto& m) { m.groupOfColumn.assign(20, -1); }, {"group -1"});
}

void QuantizedMatrixTest::brokenMatricesAreRefused() {
    QFETCH(Change, change);
    QFETCH(QStringList, parts);
    QuantizedMatrix matrix = sound();
    change(matrix);
    QCOMPARE(lackingIn(errorOf([&] { checkMatrix(matrix, "m.safetensors: proj"); }), parts << "m.safetensors: proj:"),
             QString());
}

void QuantizedMatrixTest::weightsFollowTheirGroups() {
    const QuantizedMatrix matrix = sound();
    const std::vector<float> weights = dequantize(matrix);
    QCOMPARE(weights.size(), std::size_t{40});
    QCOMPARE(weights[1], 7 * 0.5f);              // row 0, group 0: zero 0
    QCOMPARE(weights[8], (56 % 16 - 8) * 1.0f);  // row 0, group 1
    QCOMPARE(weights[19], (19 * 7 % 16 - 16) * 0.125f);
    QCOMPARE(weights[20], (20 * 7 % 16 - 15) * 0.25f);  // row 1, group 0
    QCOMPARE(weights[39], (39 * 7 % 16 - 1) * 4.0f);
}

void QuantizedMatrixTest::scatteredGroupsAreFollowed() {
    QuantizedMatrix matrix = sound();
    const std::vector<float> ordered = dequantize(matrix);
    for (int j = 0; j < 20; ++j) matrix.groupOfColumn.push_back(j / 8);
    QCOMPARE(dequantize(matrix), ordered);
    QVERIFY(sameCodes(matrix, sound()));
    matrix.groupOfColumn[0] = 2;
    QCOMPARE(dequantize(matrix)[0], (0 - 16) * 0.125f);
}

void QuantizedMatrixTest::anyDifferenceIsSeen_data() {
    QTest::addColumn<Change>("change");
    QTest::addColumn<bool>("same");
    const auto row = [](const char* name, Change change, bool same) { QTest::newRow(name) << change << same; };
    row(
        "nothing", [](auto&) {}, true);
    row(
        "a code", [](auto& m) { m.codes[39] ^= 1; }, false);
    row(
        "a zero", [](auto& m) { m.zeros[5] ^= 1; }, false);
    row(
        "a scale", [](auto& m) { m.scales[5].bits ^= 1; }, false);
    row(
        "a group", [](auto& m) { m.groupOfColumn.assign(20, 0); }, false);
    row(
        "the shape", [](auto& m) { std::swap(m.rows, m.columns); }, false);
    row(
        "the scheme", [](auto& m) { m.scheme.bits = 8; }, false);
}

void QuantizedMatrixTest::anyDifferenceIsSeen() {
    QFETCH(Change, change);
    QFETCH(bool, same);
    QuantizedMatrix changed = sound();
    change(changed);
    QCOMPARE(sameCodes(sound(), changed), same);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::QuantizedMatrixTest)
#include "quantized_matrix_test.moc"
