// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/tensor_overlay.h"

#include <QTest>

#include "support/overlays.h"
#include "support/test_files.h"

namespace gptq::test {

class TensorOverlayTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void matricesOfTheOverlayHideTheBase();
    void floatsOfTheOverlayHideTheBase();
    void theRestIsTheBase();
    void aFloatHidesAQuantizedMatrix();
    void wrongReadsAreRefused();

private:
    std::vector<float> read(const WeightSource& source, const std::string& name, std::int64_t first,
                            std::int64_t count) const {
        std::vector<float> values(static_cast<std::size_t>(count * 64));
        source.read(name, DType::Float32, {first, count}, std::as_writable_bytes(std::span(values)));
        return values;
    }

    const std::string m_packed = "model.layers.0.self_attn.q_proj.weight";
    const std::string m_float = "model.layers.1.self_attn.q_proj.weight";
    Checkpoint m_model;
    TensorOverlay m_overlay;
    std::vector<float> m_values = randomFloats(1, 64 * 64, 1);
};

void TensorOverlayTest::initTestCase() {
    m_model = openCheckpoint(goldenModel("llama-untied"));
    m_overlay.emplace(m_packed, roundedToNearest(*m_model.weights, {"model.layers.0.self_attn.q_proj", 64, 64, false},
                                                 {4, 32, true, GridKind::Uniform}));
    m_overlay.emplace(m_float, cpu().upload(hostView(std::as_const(m_values).data(), {64, 64}), DType::Float32));
}

void TensorOverlayTest::matricesOfTheOverlayHideTheBase() {
    const OverlaySource source(*m_model.weights, m_overlay);
    QVERIFY(!m_model.weights->quantized(m_packed));
    QVERIFY(sameCodes(*source.quantized(m_packed), std::get<QuantizedMatrix>(m_overlay.at(m_packed))));
    QVERIFY(source.info(m_packed).shape == (Shape{64, 64}));
}

void TensorOverlayTest::floatsOfTheOverlayHideTheBase() {
    const OverlaySource source(*m_model.weights, m_overlay);
    QVERIFY(!source.quantized(m_float));
    QCOMPARE(read(source, m_float, 0, 64), m_values);
    QCOMPARE(read(source, m_float, 10, 3), std::vector<float>(m_values.begin() + 640, m_values.begin() + 832));
    // As the type that it has there, not the base's, and as any other.
    QCOMPARE(source.info(m_float).dtype, DType::Float32);
    QCOMPARE(m_model.weights->info(m_float).dtype, DType::Float16);
    std::vector<Float16> halves(64);
    source.read(m_float, DType::Float16, {10, 1}, std::as_writable_bytes(std::span(halves)));
    for (std::size_t i = 0; i < halves.size(); ++i) QCOMPARE(halves[i].bits, toFloat16(m_values[640 + i]).bits);
}

void TensorOverlayTest::theRestIsTheBase() {
    const OverlaySource source(*m_model.weights, m_overlay);
    QCOMPARE(source.names(), m_model.weights->names());
    const std::string name = "model.layers.0.self_attn.o_proj.weight";
    QCOMPARE(read(source, name, 3, 5), read(*m_model.weights, name, 3, 5));
    QCOMPARE(source.describe(name), m_model.weights->describe(name));
    QVERIFY(!source.quantized(name));
    QVERIFY(!source.find("model.nothing"));
    QCOMPARE(lackingIn(errorOf([&] { source.info("model.nothing"); }), {"model.nothing", "there is no such tensor"}),
             QString());
}

void TensorOverlayTest::aFloatHidesAQuantizedMatrix() {
    const OverlaySource packed(*m_model.weights, m_overlay);
    TensorOverlay floats;
    floats.emplace(m_packed, cpu().upload(hostView(std::as_const(m_values).data(), {64, 64}), DType::Float32));
    const OverlaySource source(packed, floats);
    QVERIFY(!source.quantized(m_packed));
    QCOMPARE(read(source, m_packed, 0, 64), m_values);
}

void TensorOverlayTest::wrongReadsAreRefused() {
    const OverlaySource source(*m_model.weights, m_overlay);
    const auto refused = [&](const std::string& name, DType type, RowRange rows, std::size_t bytes,
                             const QStringList& parts) {
        std::vector<std::byte> to(bytes);
        QCOMPARE(lackingIn(errorOf([&] { source.read(name, type, rows, to); }), parts), QString());
    };
    refused(m_packed, DType::Float32, {0, 1}, 256, {"q_proj", "a quantized matrix was read as float32"});
    refused(m_float, DType::Float32, {64, 1}, 256, {"rows 64 to 65 of 64"});
    refused(m_float, DType::Float32, {-1, 1}, 256, {"rows -1 to 0 of 64"});
    refused(m_float, DType::Float32, {0, 2}, 256, {"rows 0 to 2"});  // room for one
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::TensorOverlayTest)
#include "tensor_overlay_test.moc"
