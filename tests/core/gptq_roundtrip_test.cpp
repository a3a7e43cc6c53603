// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Quantize, save, open again: the same codes, and bit for bit the logits of the model in memory.
#include <QTest>
#include <random>

#include "support/saved_model.h"
#include "support/stage_problem.h"
#include "support/test_files.h"
#include "support/tiny_model.h"

namespace gptq::test {

class GptqRoundtripTest : public QObject {
    Q_OBJECT

private slots:
    void everySchemeComesBack_data();
    void everySchemeComesBack();
    void mixedSchemesAndFloatLayersComeBack();
    void otherArchitecturesComeBack_data();
    void otherArchitecturesComeBack();
    void matricesLargerThanWhatIsReadAtATimeComeBack_data();
    void matricesLargerThanWhatIsReadAtATimeComeBack();
};

// Opens what was saved and compares it with the overlay it was saved from.
static void compareWithMemory(const std::filesystem::path& model, const TensorOverlay& overlay,
                              const std::filesystem::path& folder, const char* format, const QuantScheme& scheme) {
    const Checkpoint reloaded = openCheckpoint(folder);
    QCOMPARE(reloaded.format, std::string(format));
    QVERIFY(reloaded.scheme == scheme);
    for (const auto& [name, value] : overlay) {
        const auto matrix = reloaded.weights->quantized(name);
        QVERIFY(matrix && sameCodes(*matrix, std::get<QuantizedMatrix>(value)));
    }
    const OverlaidCheckpoint memory(openCheckpoint(model), overlay);
    const std::vector<TokenId> ids = randomIds(3, 9, memory.model.config.vocabulary);
    const std::vector<float> expected = logitsOf(memory.model, ids), found = logitsOf(reloaded, ids);
    QVERIFY(largestDifference(expected, expected) == 0);  // finite
    QVERIFY(found == expected);
    QVERIFY(logitsOf(openCheckpoint(model), ids) != expected);
}

void GptqRoundtripTest::everySchemeComesBack_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("group");
    QTest::addColumn<bool>("symmetric");
    QTest::addColumn<bool>("actOrder");
    for (const int bits : {2, 3, 4, 8}) {
        for (const int group : {-1, 32, 8, 40}) {  // rows have 64 and 96 columns: 40 leaves a ragged group
            for (const bool symmetric : {true, false}) {
                for (const bool actOrder : {false, true})
                    QTest::addRow("%d bits, group %d, %s, %s", bits, group, symmetric ? "sym" : "asym",
                                  actOrder ? "act-order" : "in order")
                        << bits << group << symmetric << actOrder;
            }
        }
    }
}

void GptqRoundtripTest::everySchemeComesBack() {
    QFETCH(int, bits);
    QFETCH(int, group);
    QFETCH(bool, symmetric);
    QFETCH(bool, actOrder);
    const QuantScheme scheme{bits, group, symmetric, GridKind::Uniform};
    const std::filesystem::path model = goldenModel("llama-untied");
    const TensorOverlay overlay =
        quantizedLayers(openCheckpoint(model), kGptqMethod, scheme, {0.01, 128, actOrder, true});
    QCOMPARE(overlay.size(), std::size_t{14});
    const TemporaryFolder folder;
    saveQuantized(gptqV2Format(), model, overlay, scheme, folder / "v2");
    compareWithMemory(model, overlay, folder / "v2", "gptq-v2", scheme);
    if (!symmetric) return;
    saveQuantized(gptqFormat(), model, overlay, scheme, folder / "v1");
    compareWithMemory(model, overlay, folder / "v1", "gptq", scheme);
}

void GptqRoundtripTest::mixedSchemesAndFloatLayersComeBack() {
    const std::filesystem::path model = goldenModel("llama-gqa-tied");
    const QuantScheme base{4, 32, true, GridKind::Uniform}, other{3, -1, false, GridKind::Uniform};
    TensorOverlay overlay = quantizedLayers(openCheckpoint(model), kGptqMethod, base);
    const TensorOverlay others = quantizedLayers(openCheckpoint(model), kGptqMethod, other);
    for (const auto& [name, value] : others) {
        if (name.ends_with("1.self_attn.k_proj.weight") || name.ends_with("down_proj.weight"))
            overlay.at(name) = std::get<QuantizedMatrix>(value);
    }
    overlay.erase("model.layers.0.mlp.up_proj.weight");
    overlay.erase("model.layers.2.self_attn.o_proj.weight");
    const TemporaryFolder folder;
    saveQuantized(gptqV2Format(), model, overlay, base, folder / "out");
    compareWithMemory(model, overlay, folder / "out", "gptq-v2", base);
    QVERIFY(!openCheckpoint(folder / "out").weights->quantized("model.layers.0.mlp.up_proj.weight"));
}

void GptqRoundtripTest::otherArchitecturesComeBack_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"llama-sharded", "llama-head-dim-24", "llama3-rope", "llama-linear-rope",
                             "llama-yarn-rope", "mistral-window", "qwen2-bias", "qwen3-norms"})
        QTest::newRow(name) << name;
}

void GptqRoundtripTest::otherArchitecturesComeBack() {
    QFETCH(QString, name);
    const QuantScheme scheme{4, 32, true, GridKind::Uniform};
    const std::filesystem::path model = goldenModel(name.toStdString());
    const TensorOverlay overlay = quantizedLayers(openCheckpoint(model), kGptqMethod, scheme);
    const TemporaryFolder folder;
    saveQuantized(gptqFormat(), model, overlay, scheme, folder / "out");
    compareWithMemory(model, overlay, folder / "out", "gptq", scheme);
}

void GptqRoundtripTest::matricesLargerThanWhatIsReadAtATimeComeBack_data() {
    QTest::addColumn<int>("bits");
    for (const int bits : {3, 4, 8}) QTest::addRow("%d bits", bits) << bits;
}

void GptqRoundtripTest::matricesLargerThanWhatIsReadAtATimeComeBack() {
    QFETCH(int, bits);
    TinyModel tiny;
    tiny.hidden = 256;
    tiny.feedForward = 12288;
    tiny.layers = 1;
    tiny.vocabulary = 64;
    const TemporaryFolder folder;
    tiny.write(folder / "model");
    const Checkpoint model = openCheckpoint(folder / "model");
    const QuantScheme scheme{bits, 128, true, GridKind::Uniform};
    const BlockLayout layout = blockLayout(model.config, model.names(), 0);
    TensorOverlay overlay;  // many columns and many rows
    for (const LinearModule& module : {layout.feedForwardOut.front(), layout.feedForwardIn.front()}) {
        QuantizedMatrix matrix{scheme, module.out, module.in, {}, {}, {}, {}};
        std::mt19937 random(5);
        for (std::int64_t i = 0; i < module.out * module.in; ++i)
            matrix.codes.push_back(static_cast<std::uint8_t>(random() >> (32 - bits)));
        matrix.scales.assign(static_cast<std::size_t>(matrix.groups() * matrix.rows), toFloat16(0.01f));
        matrix.zeros.assign(matrix.scales.size(), static_cast<std::uint8_t>(scheme.middleCode()));
        overlay.emplace(module.weight(), std::move(matrix));
    }
    saveQuantized(gptqFormat(), folder / "model", overlay, scheme, folder / "out");
    compareWithMemory(folder / "model", overlay, folder / "out", "gptq", scheme);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GptqRoundtripTest)
#include "gptq_roundtrip_test.moc"
