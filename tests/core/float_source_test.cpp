// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/float_source.h"

#include <QTest>
#include <cstring>

#include "support/test_files.h"

namespace gptq::test {

class FloatSourceTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void tensorsAreListedAndDescribed();
    void valuesAreConvertedBetweenFloatTypes_data();
    void valuesAreConvertedBetweenFloatTypes();
    void longRowsAreConvertedInPieces();
    void rangesOfRowsAreRead();
    void integersAreReadAsTheyAre();
    void wrongReadsAreRefused_data();
    void wrongReadsAreRefused();

private:
    TemporaryFolder m_folder;
    std::unique_ptr<FloatSource> m_source;
};

template <class T>
static std::string bytesOf(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
static std::vector<T> readAs(const WeightSource& source, const std::string& name, RowRange rows, std::size_t count) {
    std::vector<T> values(count);
    source.read(name, dtypeOf<T>(), rows, std::as_writable_bytes(std::span(values)));
    return values;
}

// Exact in every type; the last has to be rounded in the 16-bit ones.
static const std::vector<float> kValues{0.0f, -1.5f, 0.25f, 96.0f, -0.0f, 1.0f + 0x1p-8f + 0x1p-11f + 0x1p-20f};

static constexpr std::size_t kLong = 300'000;

void FloatSourceTest::initTestCase() {
    std::string header, data;
    const auto add = [&](const std::string& name, const std::string& type, const std::string& shape,
                         const std::string& bytes) {
        const std::size_t begin = data.size();
        data += bytes;
        header += (header.empty() ? "{\"" : ",\"") + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape +
                  R"(,"data_offsets":)" + text("[", begin, ",", data.size(), "]}");
    };
    std::vector<Float16> half;
    std::vector<BFloat16> brain;
    for (const float value : kValues) {
        half.push_back(toFloat16(value));
        brain.push_back(toBFloat16(value));
    }
    std::vector<float> longRow(kLong);
    for (std::size_t i = 0; i < kLong; ++i) longRow[i] = static_cast<float>(i % 2048);
    add("double", "F64", "[2,3]", bytesOf(std::vector<double>(kValues.begin(), kValues.end())));
    add("float", "F32", "[2,3]", bytesOf(kValues));
    add("half", "F16", "[2,3]", bytesOf(half));
    add("brain", "BF16", "[2,3]", bytesOf(brain));
    add("row", "F32", "[6]", bytesOf(kValues));
    add("single", "F32", "[]", bytesOf(std::vector<float>{7.0f}));
    add("cube", "F32", "[3,1,2]", bytesOf(kValues));
    add("words", "I32", "[2,2]", bytesOf(std::vector<std::int32_t>{1, -2, 3, 4}));
    add("odd", "I64", "[1]", std::string(8, '\1'));
    add("flat", "U8", "[1,1,1,1,3]", "abc");
    add("long", "F32", text("[", kLong, "]"), bytesOf(longRow));
    writeFile(m_folder / "model.safetensors", safetensorsBytes(header + "}", data));
    m_source = std::make_unique<FloatSource>(m_folder.path());
}

void FloatSourceTest::tensorsAreListedAndDescribed() {
    QCOMPARE(m_source->names().size(), std::size_t{11});
    QCOMPARE(m_source->names().front(), std::string("brain"));
    QCOMPARE(m_source->info("half").dtype, DType::Float16);
    QCOMPARE(m_source->info("half").shape, (Shape{2, 3}));
    QCOMPARE(m_source->info("double").dtype, DType::Float32);
    QCOMPARE(m_source->info("cube").shape, (Shape{3, 1, 2}));
    QCOMPARE(m_source->info("single").shape, Shape{});
    QVERIFY(!m_source->find("none"));
    QVERIFY(!m_source->quantized("half"));
    QCOMPARE(m_source->describe("half"), (m_folder / "model.safetensors").string() + ": half");
    QCOMPARE(lackingIn(errorOf([&] { m_source->info("none"); }), {"none", "there is no such tensor"}), QString());
    QCOMPARE(lackingIn(errorOf([&] { m_source->find("odd"); }), {"model.safetensors: odd", "I64"}), QString());
    QCOMPARE(lackingIn(errorOf([&] { m_source->find("flat"); }), {"flat", "5 dimensions"}), QString());
}

void FloatSourceTest::valuesAreConvertedBetweenFloatTypes_data() {
    QTest::addColumn<QString>("tensor");
    for (const char* name : {"double", "float", "half", "brain"}) QTest::newRow(name) << name;
}

void FloatSourceTest::valuesAreConvertedBetweenFloatTypes() {
    QFETCH(QString, tensor);
    const std::string name = tensor.toStdString();
    const auto asFloat = readAs<float>(*m_source, name, {0, 2}, 6);
    const auto asHalf = readAs<Float16>(*m_source, name, {0, 2}, 6);
    const auto asBrain = readAs<BFloat16>(*m_source, name, {0, 2}, 6);
    for (std::size_t i = 0; i < kValues.size(); ++i) {
        float stored = kValues[i];
        if (name == "half") stored = toFloat(toFloat16(stored));
        if (name == "brain") stored = toFloat(toBFloat16(stored));
        QCOMPARE(std::bit_cast<std::uint32_t>(asFloat[i]), std::bit_cast<std::uint32_t>(stored));
        QCOMPARE(asHalf[i].bits, toFloat16(stored).bits);
        QCOMPARE(asBrain[i].bits, toBFloat16(stored).bits);
    }
}

void FloatSourceTest::longRowsAreConvertedInPieces() {
    const auto values = readAs<Float16>(*m_source, "long", {0, 1}, kLong);
    for (std::size_t i = 0; i < kLong; ++i) {
        if (toFloat(values[i]) != static_cast<float>(i % 2048)) QFAIL(qPrintable(QString("element %1").arg(i)));
    }
}

void FloatSourceTest::rangesOfRowsAreRead() {
    QCOMPARE(readAs<float>(*m_source, "float", {1, 1}, 3), (std::vector<float>{kValues.begin() + 3, kValues.end()}));
    QCOMPARE(readAs<float>(*m_source, "double", {1, 1}, 3), (std::vector<float>{kValues.begin() + 3, kValues.end()}));
    QCOMPARE(readAs<float>(*m_source, "row", {0, 1}, 6), kValues);
    QCOMPARE(readAs<float>(*m_source, "single", {0, 1}, 1), std::vector<float>{7.0f});
    QCOMPARE(readAs<float>(*m_source, "cube", {1, 2}, 4), (std::vector<float>{kValues.begin() + 2, kValues.end()}));
    QCOMPARE(readAs<float>(*m_source, "float", {2, 0}, 0), std::vector<float>{});
}

void FloatSourceTest::integersAreReadAsTheyAre() {
    QCOMPARE(m_source->info("words").dtype, DType::Int32);
    QCOMPARE(readAs<std::int32_t>(*m_source, "words", {0, 2}, 4), (std::vector<std::int32_t>{1, -2, 3, 4}));
}

void FloatSourceTest::wrongReadsAreRefused_data() {
    QTest::addColumn<QString>("tensor");
    QTest::addColumn<int>("type");
    QTest::addColumn<qint64>("first");
    QTest::addColumn<qint64>("count");
    QTest::addColumn<int>("bytes");
    QTest::addColumn<QStringList>("parts");
    const int f32 = static_cast<int>(DType::Float32), i32 = static_cast<int>(DType::Int32);
    QTest::newRow("no such tensor") << "none" << f32 << qint64{0} << qint64{1} << 4
                                    << QStringList{"there is no such tensor"};
    QTest::newRow("a row too many") << "float" << f32 << qint64{1} << qint64{2} << 24
                                    << QStringList{"rows 1 to 3 of 2"};
    QTest::newRow("a negative row") << "float" << f32 << qint64{-1} << qint64{1} << 12 << QStringList{"rows -1 to 0"};
    QTest::newRow("two rows of one dimension")
        << "row" << f32 << qint64{0} << qint64{2} << 48 << QStringList{"rows 0 to 2 of 1"};
    QTest::newRow("too little room") << "float" << f32 << qint64{0} << qint64{2} << 23
                                     << QStringList{"23 bytes for 6 elements"};
    QTest::newRow("too much room") << "float" << f32 << qint64{0} << qint64{2} << 28
                                   << QStringList{"28 bytes for 6 elements"};
    QTest::newRow("integers as floats") << "words" << f32 << qint64{0} << qint64{2} << 16
                                        << QStringList{"it holds I32, where float32"};
    QTest::newRow("floats as integers") << "float" << i32 << qint64{0} << qint64{2} << 24
                                        << QStringList{"it holds F32, where int32"};
}

void FloatSourceTest::wrongReadsAreRefused() {
    QFETCH(QString, tensor);
    QFETCH(int, type);
    QFETCH(qint64, first);
    QFETCH(qint64, count);
    QFETCH(int, bytes);
    QFETCH(QStringList, parts);
    std::vector<std::byte> to(static_cast<std::size_t>(bytes));
    const auto message = errorOf([&] {
        m_source->read(tensor.toStdString(), static_cast<DType>(type), {first, count}, to);
    });
    QCOMPARE(lackingIn(message, parts << tensor), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::FloatSourceTest)
#include "float_source_test.moc"
