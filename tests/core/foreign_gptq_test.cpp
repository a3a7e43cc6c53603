// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// GPTQ checkpoints as other programs write them, and broken ones.
#include <QTest>

#include "core/checkpoint/gptq_source.h"
#include "core/model/linear_group.h"
#include "support/broken_models.h"
#include "support/raw_tensors.h"
#include "support/saved_model.h"
#include "support/stage_problem.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;
using EditTensors = std::function<void(RawTensors&)>;

class ForeignGptqTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void scatteredGroupsGiveTheLogitsOfTheirWeights_data();
    void scatteredGroupsGiveTheLogitsOfTheirWeights();
    void aMatrixThatWasUsedIsReplaced();
    void groupIndicesMayBeMissing();
    void theZerosDecideWhetherItIsSymmetric();
    void aFirstVersionZeroMayPassTheTopCode();
    void modulesGoByTheFirstRuleThatMatches();
    void brokenTensorsAreRefusedByName_data();
    void brokenTensorsAreRefusedByName();

private:
    // The first layer's matrix, read and put to use.
    void load() const {
        const Checkpoint model = openCheckpoint(m_out);
        LinearGroup::load(cpu(), *model.weights, {m_module}, model.dtype);
    }

    const fs::path m_model = goldenModel("llama-untied");
    const LinearModule m_module{"model.layers.0.self_attn.o_proj", 64, 64, false};
    TensorOverlay m_overlay;
    std::unique_ptr<TemporaryFolder> m_folder;
    fs::path m_out;
};

}  // namespace gptq::test

Q_DECLARE_METATYPE(gptq::test::EditTensors)

namespace gptq::test {

static const QuantScheme kScheme{4, 32, true, GridKind::Uniform};

void ForeignGptqTest::initTestCase() {
    m_overlay = quantizedLayers(openCheckpoint(m_model), kRtnMethod, kScheme);
}

void ForeignGptqTest::init() {
    m_folder = std::make_unique<TemporaryFolder>();
    m_out = *m_folder / "out";
    saveQuantized(gptqFormat(), m_model, m_overlay, kScheme, m_out);
}

void ForeignGptqTest::scatteredGroupsGiveTheLogitsOfTheirWeights_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("group");
    QTest::addColumn<bool>("symmetric");
    QTest::newRow("4 bits, symmetric") << 4 << 32 << true;
    QTest::newRow("3 bits, asymmetric") << 3 << 8 << false;
    QTest::newRow("8 bits, a ragged group") << 8 << 40 << false;
}

void ForeignGptqTest::scatteredGroupsGiveTheLogitsOfTheirWeights() {
    QFETCH(int, bits);
    QFETCH(int, group);
    QFETCH(bool, symmetric);
    const QuantScheme scheme{bits, group, symmetric, GridKind::Uniform};
    TensorOverlay scattered;
    std::uint64_t seed = 0;
    for (const auto& [name, value] : quantizedLayers(openCheckpoint(m_model), kRtnMethod, scheme))
        scattered.emplace(name, withScatteredGroups(std::get<QuantizedMatrix>(value), ++seed));
    const fs::path out = *m_folder / "scattered";
    saveQuantized(gptqV2Format(), m_model, scattered, scheme, out);
    editJson(out / "config.json", [](Json& json) { json["quantization_config"]["desc_act"] = true; });

    const TensorOverlay floats = dequantizedLayers(scattered);
    const OverlaidCheckpoint expected(openCheckpoint(m_model), floats);
    const std::vector<TokenId> ids = randomIds(5, 12, expected.model.config.vocabulary);
    const double difference = largestDifference(logitsOf(openCheckpoint(out), ids), logitsOf(expected.model, ids));
    QVERIFY2(difference < 1e-4, qPrintable(QString::number(difference)));
    QVERIFY(!openCheckpoint(out).weights->quantized(m_module.weight())->groupOfColumn.empty());
}

void ForeignGptqTest::aMatrixThatWasUsedIsReplaced() {
    const Checkpoint model = openCheckpoint(m_out);
    const QuantizedMatrix expected = *model.weights->quantized(m_module.weight());
    QuantizedMatrix matrix = withScatteredGroups(expected, 4);
    matrix.codes.resize(matrix.codes.size() + 5);
    matrix.scheme.symmetric = !expected.scheme.symmetric;
    QVERIFY(model.weights->readQuantized(m_module.weight(), matrix));
    QVERIFY(sameCodes(matrix, expected));
}

void ForeignGptqTest::groupIndicesMayBeMissing() {
    const std::vector<float> expected = dequantize(*openCheckpoint(m_out).weights->quantized(m_module.weight()));
    editTensors(m_out, [](RawTensors& tensors) {
        std::erase_if(tensors, [](const auto& entry) { return entry.first.ends_with(".g_idx"); });
    });
    QCOMPARE(dequantize(*openCheckpoint(m_out).weights->quantized(m_module.weight())), expected);
    load();
}

void ForeignGptqTest::theZerosDecideWhetherItIsSymmetric() {
    editJson(m_out / "config.json", [](Json& json) { json["quantization_config"]["sym"] = false; });
    QVERIFY(openCheckpoint(m_out).weights->quantized(m_module.weight())->scheme.symmetric);
    editJson(m_out / "config.json", [](Json& json) { json["quantization_config"]["sym"] = true; });
    editTensors(m_out, [&](RawTensors& tensors) {
        RawTensor& zeros = tensors.at(m_module.name + ".qzeros");
        auto words = zeros.as<std::uint32_t>();
        words[0] = 0x77777772;  // z = 3 in the first group of the first row
        zeros.set(words);
    });
    const auto matrix = openCheckpoint(m_out).weights->quantized(m_module.weight());
    QVERIFY(!matrix->scheme.symmetric);
    QCOMPARE(int{matrix->zeros[0]}, 3);
    load();
}

void ForeignGptqTest::aFirstVersionZeroMayPassTheTopCode() {
    editTensors(m_out, [&](RawTensors& tensors) {
        RawTensor& zeros = tensors.at(m_module.name + ".qzeros");
        auto words = zeros.as<std::uint32_t>();
        words[0] = 0x7777777f;  // z = 16
        zeros.set(words);
    });
    const Checkpoint model = openCheckpoint(m_out);
    const QuantizedMatrix matrix = *model.weights->quantized(m_module.weight());
    QCOMPARE(int{matrix.zeros[0]}, 16);
    QCOMPARE(dequantize(matrix)[0], (static_cast<float>(matrix.codes[0]) - 16) * toFloat(matrix.scales[0]));
    TensorOverlay overlay;
    overlay.emplace(m_module.weight(), matrix);
    const TensorOverlay floats = dequantizedLayers(overlay);
    const OverlaidCheckpoint expected(openCheckpoint(m_out), floats);
    const std::vector<TokenId> ids = randomIds(6, 5, model.config.vocabulary);
    QVERIFY(largestDifference(logitsOf(model, ids), logitsOf(expected.model, ids)) < 1e-5);
}

void ForeignGptqTest::modulesGoByTheFirstRuleThatMatches() {
    // As GPTQModel reads them: from the name's start, "+:" or nothing for a scheme, "-:" for float.
    const Json quantization = Json::parse(R"({"bits": 4, "group_size": 32, "dynamic": {
        "-:model\\.layers\\.0\\.mlp\\.": {}, "+:.*\\.down_proj$": {"bits": 8, "group_size": -1},
        "model.layers.1": {"sym": false}, ".*q_proj": {"bits": 3}, "up_proj": {"bits": 2}}})");
    const GptqSettings settings = parseGptqSettings(JsonObject(quantization, "config.json"));
    QVERIFY(!settings.schemeOf("model.layers.0.mlp.down_proj"));
    QVERIFY(*settings.schemeOf("model.layers.1.mlp.down_proj") == (QuantScheme{8, -1, true, GridKind::Uniform}));
    QVERIFY(*settings.schemeOf("model.layers.1.self_attn.q_proj") == (QuantScheme{4, 32, false, GridKind::Uniform}));
    QVERIFY(*settings.schemeOf("model.layers.0.self_attn.q_proj") == (QuantScheme{3, 32, true, GridKind::Uniform}));
    QVERIFY(*settings.schemeOf("model.layers.2.mlp.up_proj") == (QuantScheme{4, 32, true, GridKind::Uniform}));
}

void ForeignGptqTest::brokenTensorsAreRefusedByName_data() {
    QTest::addColumn<EditTensors>("edit");
    QTest::addColumn<QStringList>("parts");
    const std::string name = m_module.name;
    const auto row = [](const char* title, EditTensors edit, const QStringList& parts) {
        QTest::newRow(title) << edit << parts;
    };
    const auto without = [=](const char* suffix) { return [=](RawTensors& tensors) { tensors.erase(name + suffix); }; };
    row("no codes", without(".qweight"), {"o_proj.weight is missing"});
    row("no zeros", without(".qzeros"), {"o_proj.qzeros", "missing"});
    row("no scales", without(".scales"), {"o_proj.scales", "missing"});
    row("scales of another shape",
        [=](RawTensors& t) {
            t.at(name + ".scales").shape = {1, 128};
        },
        {"o_proj.scales", "(1, 128)", "expected (2, 64)"});
    row("zeros of another shape",
        [=](RawTensors& t) {
            t.at(name + ".qzeros").shape = {8, 2};
        },
        {"o_proj.qzeros", "(8, 2)", "expected (2, 8)"});
    row("float codes", [=](RawTensors& t) { t.at(name + ".qweight").type = StoredType::F32; },
        {"o_proj.qweight", "expected int32", "float32"});
    row("codes of one dimension", [=](RawTensors& t) { t.at(name + ".qweight").shape = {512}; },
        {"o_proj.qweight", "(512)"});
    row("another model's codes",
        [=](RawTensors& t) { t.at(name + ".qweight") = t.at("model.layers.0.mlp.gate_proj.qweight"); },
        {"o_proj", "(96, 64)", "(64, 64)"});
    row("codes not in multiples of 32",
        [=](RawTensors& t) {
            t.at(name + ".qweight").shape = {4, 128}, t.at(name + ".qweight").shape = {32, 16};
        },
        {"o_proj.qweight", "multiples of 32"});
    row("float zeros", [=](RawTensors& t) { t.at(name + ".qzeros").type = StoredType::F32; }, {"o_proj.qzeros"});
    row("integer scales", [=](RawTensors& t) { t.at(name + ".scales").type = StoredType::I16; }, {"o_proj.scales"});
    row("an infinite scale",
        [=](RawTensors& t) {
            auto scales = t.at(name + ".scales").as<std::uint16_t>();
            scales[5] = 0x7c00;
            t.at(name + ".scales").set(scales);
        },
        {"o_proj", "a scale is infinite"});
    const auto groups = [=](std::int32_t value) {
        return [=](RawTensors& t) {
            auto indices = t.at(name + ".g_idx").as<std::int32_t>();
            indices[3] = value;
            t.at(name + ".g_idx").set(indices);
        };
    };
    row("a group too high", groups(2), {"o_proj", "group 2", "there are 2"});
    row("a negative group", groups(-1), {"o_proj", "group -1"});
    row("uneven groups", groups(1), {"o_proj", "uneven groups are not supported"});
    row("group indices of another shape",
        [=](RawTensors& t) {
            t.at(name + ".g_idx").shape = {8, 8};
        },
        {"o_proj.g_idx", "(8, 8)", "(64)"});
    row("nothing quantized",
        [](RawTensors& t) { std::erase_if(t, [](const auto& entry) { return entry.first.ends_with(".qweight"); }); },
        {"no tensor is called *.qweight"});
}

void ForeignGptqTest::brokenTensorsAreRefusedByName() {
    QFETCH(EditTensors, edit);
    QFETCH(QStringList, parts);
    editTensors(m_out, edit);
    QCOMPARE(lackingIn(errorOf([&] { load(); }), parts << QString::fromStdString(m_out.string())), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::ForeignGptqTest)
#include "foreign_gptq_test.moc"
