// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/tensor.h"

#include <QTest>
#include <numeric>
#include <vector>

#include "support/test_files.h"

namespace gptq::test {

class TensorTest : public QObject {
    Q_OBJECT

private slots:
    void aShapeCountsItsElements();
    void impossibleShapesAreRefused();
    void aViewDescribesItsMemory();
    void aRangeOfRowsBeginsAtItsFirstRow();
    void aRangeOfColumnsKeepsTheRowStride();
    void aRangeOfARangeIsMeasuredFromTheInnerOne();
    void rangesOutsideAreRefused_data();
    void rangesOutsideAreRefused();
    void onlyMatricesHaveRanges();
    void anotherTypeIsNotRead();
    void memoryOfADeviceIsNotReadOnTheHost();
    void aWritableViewReadsAsAConstantOne();
    void typesHaveNamesAndSizes();
    void aBufferIsReleasedOnce();
    void aMovedTensorKeepsItsMemory();
};

// 4 rows of 6, counting from 0.
static std::vector<float> counted() {
    std::vector<float> values(24);
    std::iota(values.begin(), values.end(), 0.0f);
    return values;
}

void TensorTest::aShapeCountsItsElements() {
    QCOMPARE(Shape().rank(), 0);
    QCOMPARE(Shape().elements(), std::int64_t{1});
    const Shape shape{2, 3, 5, 7};
    QCOMPARE(shape.rank(), 4);
    QCOMPARE(shape[2], std::int64_t{5});
    QCOMPARE(shape.elements(), std::int64_t{210});
    QCOMPARE((Shape{3, 0}).elements(), std::int64_t{0});
    QCOMPARE((Shape{1 << 20, 1 << 20}).elements(), std::int64_t{1} << 40);
    QCOMPARE(nameOf(Shape{2, 3}), std::string("(2, 3)"));
    QCOMPARE(nameOf(Shape{}), std::string("()"));
    QVERIFY((Shape{2, 3}) == (Shape{2, 3}));
    QVERIFY((Shape{2, 3}) != (Shape{3, 2}));
    QVERIFY((Shape{2}) != (Shape{2, 0}));
}

void TensorTest::impossibleShapesAreRefused() {
    QCOMPARE(lackingIn(errorOf([] { Shape({1, 2, 3, 4, 5}); }), {"at most 4 dimensions", "5"}), QString());
    QCOMPARE(lackingIn(errorOf([] { Shape({4, -1}); }), {"dimension of -1"}), QString());
}

void TensorTest::aViewDescribesItsMemory() {
    std::vector<float> values = counted();
    const TensorView matrix = hostView(values.data(), {4, 6});
    QCOMPARE(matrix.rows(), std::int64_t{4});
    QCOMPARE(matrix.columns(), std::int64_t{6});
    QCOMPARE(matrix.rowStride(), std::int64_t{6});
    QCOMPARE(matrix.bytes(), std::size_t{96});
    QVERIFY(matrix.contiguous());
    QVERIFY(!matrix.empty());
    QVERIFY(matrix.device() == Device{});
    QCOMPARE(matrix.as<float>(), values.data());
    const TensorView row = hostView(values.data(), {24});
    QCOMPARE(row.rows(), std::int64_t{1});
    QCOMPARE(row.columns(), std::int64_t{24});
    const TensorView none;
    QVERIFY(none.empty());
    QCOMPARE(none.columns(), std::int64_t{0});
}

void TensorTest::aRangeOfRowsBeginsAtItsFirstRow() {
    std::vector<float> values = counted();
    const TensorView rows = TensorView(hostView(values.data(), {4, 6})).rowRange(1, 2);
    QVERIFY((rows.shape() == Shape{2, 6}));
    QVERIFY(rows.contiguous());
    QCOMPARE(rows.as<float>()[0], 6.0f);
    const TensorView none = TensorView(hostView(values.data(), {4, 6})).rowRange(4, 0);
    QCOMPARE(none.bytes(), std::size_t{0});
}

void TensorTest::aRangeOfColumnsKeepsTheRowStride() {
    std::vector<float> values = counted();
    const TensorView part = TensorView(hostView(values.data(), {4, 6})).columnRange(2, 3);
    QVERIFY((part.shape() == Shape{4, 3}));
    QCOMPARE(part.rowStride(), std::int64_t{6});
    QVERIFY(!part.contiguous());
    QCOMPARE(part.bytes(), std::size_t{48});
    QCOMPARE(part.as<float>()[0], 2.0f);
    QCOMPARE(part.as<float>()[3 * part.rowStride() + 2], 22.0f);
    QVERIFY(part.rowRange(3, 1).contiguous());  // a single row has no gaps
}

void TensorTest::aRangeOfARangeIsMeasuredFromTheInnerOne() {
    std::vector<Float16> values(24);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = toFloat16(static_cast<float>(i));
    const ConstTensorView whole = hostView(static_cast<const Float16*>(values.data()), {4, 6});
    const ConstTensorView inner = whole.columnRange(1, 4).rowRange(1, 3).columnRange(2, 2);
    QVERIFY((inner.shape() == Shape{3, 2}));
    QCOMPARE(toFloat(inner.as<Float16>()[0]), 9.0f);
    QCOMPARE(toFloat(inner.as<Float16>()[2 * inner.rowStride() + 1]), 22.0f);
}

void TensorTest::rangesOutsideAreRefused_data() {
    QTest::addColumn<qint64>("first");
    QTest::addColumn<qint64>("count");
    QTest::newRow("negative first") << qint64{-1} << qint64{1};
    QTest::newRow("negative count") << qint64{1} << qint64{-1};
    QTest::newRow("first behind the end") << qint64{7} << qint64{0};
    QTest::newRow("end behind the end") << qint64{3} << qint64{4};
    QTest::newRow("a sum that overflows") << qint64{2} << std::numeric_limits<qint64>::max();
}

void TensorTest::rangesOutsideAreRefused() {
    QFETCH(qint64, first);
    QFETCH(qint64, count);
    std::vector<float> values(36);
    const TensorView view = hostView(values.data(), {6, 6});
    QCOMPARE(lackingIn(errorOf([&] { view.rowRange(first, count); }),
                       {QString("%1 rows from row %2").arg(count).arg(first), "(6, 6)"}),
             QString());
    QCOMPARE(lackingIn(errorOf([&] { view.columnRange(first, count); }),
                       {QString("%1 columns from column %2").arg(count).arg(first), "(6, 6)"}),
             QString());
}

void TensorTest::onlyMatricesHaveRanges() {
    std::vector<float> values(24);
    for (const Shape& shape : {Shape{24}, Shape{2, 3, 4}}) {
        const TensorView view = hostView(values.data(), shape);
        QCOMPARE(lackingIn(errorOf([&] { view.rowRange(0, 1); }), {"a range", nameOf(shape).c_str()}), QString());
        QCOMPARE(lackingIn(errorOf([&] { view.columnRange(0, 1); }), {"a range", nameOf(shape).c_str()}), QString());
    }
}

void TensorTest::anotherTypeIsNotRead() {
    std::vector<std::int32_t> values(4);
    const TensorView view = hostView(values.data(), {4});
    QCOMPARE(lackingIn(errorOf([&] { view.as<float>(); }), {"int32", "float32"}), QString());
    QCOMPARE(lackingIn(errorOf([&] { view.as<std::uint32_t>(); }), {"int32", "uint32"}), QString());
    QCOMPARE(view.as<std::int32_t>(), values.data());
}

void TensorTest::memoryOfADeviceIsNotReadOnTheHost() {
    float value = 0;
    const TensorView view(reinterpret_cast<std::byte*>(&value), DType::Float32, {1}, {Device::Kind::Cuda, 2});
    QCOMPARE(lackingIn(errorOf([&] { view.as<float>(); }), {"cuda:2"}), QString());
}

void TensorTest::aWritableViewReadsAsAConstantOne() {
    std::vector<float> values = counted();
    const ConstTensorView read = TensorView(hostView(values.data(), {4, 6})).columnRange(2, 3);
    QCOMPARE(read.rowStride(), std::int64_t{6});
    QVERIFY((read.shape() == Shape{4, 3}));
    QCOMPARE(read.as<float>(), static_cast<const float*>(values.data() + 2));
    static_assert(!std::is_constructible_v<TensorView, ConstTensorView>);
}

void TensorTest::typesHaveNamesAndSizes() {
    const std::vector<std::pair<std::string, std::size_t>> expected{{"float32", 4}, {"float16", 2}, {"bfloat16", 2},
                                                                    {"int32", 4},   {"uint32", 4},  {"uint8", 1}};
    const std::vector<DType> types{DType::Float32, DType::Float16, DType::BFloat16,
                                   DType::Int32,   DType::UInt32,  DType::UInt8};
    for (std::size_t i = 0; i < types.size(); ++i) {
        QCOMPARE(std::string(nameOf(types[i])), expected[i].first);
        QCOMPARE(bytesOf(types[i]), expected[i].second);
    }
    QVERIFY(!errorOf([] { bytesOf(static_cast<DType>(77)); }).empty());
    QVERIFY(!errorOf([] { nameOf(static_cast<DType>(77)); }).empty());
    static_assert(dtypeOf<BFloat16>() == DType::BFloat16 && dtypeOf<std::uint8_t>() == DType::UInt8);
}

void TensorTest::aBufferIsReleasedOnce() {
    std::byte memory[8];
    std::vector<std::size_t> released;
    const auto make = [&](std::size_t bytes) {
        return Buffer(memory, bytes, [&](std::byte*, std::size_t size) { released.push_back(size); });
    };
    {
        Buffer first = make(8), second = make(4);
        Buffer moved(std::move(first));
        QCOMPARE(moved.bytes(), std::size_t{8});
        QCOMPARE(static_cast<void*>(first.data()), static_cast<void*>(nullptr));  // NOLINT(bugprone-use-after-move)
        QCOMPARE(first.bytes(), std::size_t{0});                                  // NOLINT(bugprone-use-after-move)
        QVERIFY(released.empty());
        moved = std::move(second);  // gives up what it had
        QCOMPARE(released, (std::vector<std::size_t>{8}));
        Buffer& itself = moved;
        moved = std::move(itself);
        QCOMPARE(moved.bytes(), std::size_t{4});
        QCOMPARE(released.size(), std::size_t{1});
    }
    QCOMPARE(released, (std::vector<std::size_t>{8, 4}));
}

void TensorTest::aMovedTensorKeepsItsMemory() {
    std::vector<float> values = counted();
    int released = 0;
    Tensor tensor(Buffer(reinterpret_cast<std::byte*>(values.data()), 96, [&](std::byte*, std::size_t) { ++released; }),
                  DType::Float32, {4, 6}, {});
    const std::byte* data = tensor.view().data();
    Tensor moved = std::move(tensor);
    QCOMPARE(moved.view().data(), data);
    QVERIFY(!moved.empty());
    QVERIFY(tensor.empty());  // NOLINT(bugprone-use-after-move)
    QCOMPARE(released, 0);
    moved = {};
    QCOMPARE(released, 1);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::TensorTest)
#include "tensor_test.moc"
