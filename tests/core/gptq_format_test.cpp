// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a GPTQ checkpoint holds on disk: tensors, config, companions, shards.
#include <QTest>
#include <set>

#include "support/raw_tensors.h"
#include "support/saved_model.h"
#include "support/stage_problem.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

class GptqFormatTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void eachMatrixBecomesFourTensors();
    void everythingElseIsCopiedByteForByte();
    void wordsMultiplyOutToTheWeights_data();
    void wordsMultiplyOutToTheWeights();
    void symmetricZerosAreTheKnownWords();
    void theConfigSaysHowToReadIt_data();
    void theConfigSaysHowToReadIt();
    void layersOfOtherSchemesAreListed();
    void companionsTravelAndNothingElse();
    void largeModelsAreShardedWithAnIndex();

private:
    fs::path model() const { return goldenModel("llama-untied"); }
    void save(const CheckpointFormat& format, const SaveOptions& options = {}) {
        saveQuantized(format, model(), m_overlay, m_scheme, *m_folder / "out", options);
    }

    QuantScheme m_scheme{4, 40, true, GridKind::Uniform};
    TensorOverlay m_overlay;
    std::unique_ptr<TemporaryFolder> m_folder;

private slots:
    void init() { m_folder = std::make_unique<TemporaryFolder>(); }
};

using Extents = std::vector<std::int64_t>;

void GptqFormatTest::initTestCase() {
    m_overlay = quantizedLayers(openCheckpoint(model()), kRtnMethod, m_scheme);
}

void GptqFormatTest::eachMatrixBecomesFourTensors() {
    save(gptqFormat());
    const RawTensors tensors = readTensors(*m_folder / "out");
    const std::string down = "model.layers.1.mlp.down_proj";  // (64, 96): groups of 40, 40, 16
    QCOMPARE(tensors.size(), std::size_t{14 * 4 + 7});
    const std::tuple<const char*, StoredType, Extents> expected[] = {{".qweight", StoredType::I32, {12, 64}},
                                                                     {".qzeros", StoredType::I32, {3, 8}},
                                                                     {".scales", StoredType::F16, {3, 64}},
                                                                     {".g_idx", StoredType::I32, {96}}};
    for (const auto& [suffix, type, shape] : expected) {
        QVERIFY(tensors.contains(down + suffix));
        QVERIFY(tensors.at(down + suffix).type == type);
        QCOMPARE(tensors.at(down + suffix).shape, shape);
    }
    QVERIFY(!tensors.contains(down + ".weight"));
    const auto groups = tensors.at(down + ".g_idx").as<std::int32_t>();
    for (std::int32_t i = 0; i < 96; ++i) QCOMPARE(groups[static_cast<std::size_t>(i)], i / 40);
    const SafetensorsFile file(openFile(*m_folder / "out" / "model.safetensors"));
    QCOMPARE(file.metadata().at("format"), std::string("pt"));
}

void GptqFormatTest::everythingElseIsCopiedByteForByte() {
    save(gptqFormat());
    const RawTensors before = readTensors(model()), after = readTensors(*m_folder / "out");
    int copied = 0;
    for (const auto& [name, tensor] : before) {
        if (m_overlay.contains(name)) continue;
        QVERIFY(after.at(name).type == tensor.type && after.at(name).shape == tensor.shape &&
                after.at(name).bytes == tensor.bytes);
        ++copied;
    }
    QCOMPARE(copied, 7);  // embedding, head, five norms
}

void GptqFormatTest::wordsMultiplyOutToTheWeights_data() {
    QTest::addColumn<QString>("format");
    QTest::addColumn<int>("bits");
    QTest::addColumn<bool>("symmetric");
    for (const int bits : {2, 4, 8}) {
        QTest::addRow("v1, %d bits", bits) << "gptq" << bits << true;
        QTest::addRow("v2, %d bits", bits) << "gptq-v2" << bits << false;
    }
}

// As a reader of AutoGPTQ's layout does it: w = (q - z) s, z the stored zero and, in v1, one more.
void GptqFormatTest::wordsMultiplyOutToTheWeights() {
    QFETCH(QString, format);
    QFETCH(int, bits);
    QFETCH(bool, symmetric);
    const QuantScheme scheme{bits, 32, symmetric, GridKind::Uniform};
    const TensorOverlay overlay = quantizedLayers(openCheckpoint(model()), kRtnMethod, scheme);
    saveQuantized(formatNamed(format.toStdString()), model(), overlay, scheme, *m_folder / "out");
    const RawTensors tensors = readTensors(*m_folder / "out");
    const std::string name = "model.layers.0.mlp.gate_proj";  // (96, 64)
    const auto qweight = tensors.at(name + ".qweight").as<std::uint32_t>(),
               qzeros = tensors.at(name + ".qzeros").as<std::uint32_t>();
    const auto scales = tensors.at(name + ".scales").as<Float16>();
    const auto groups = tensors.at(name + ".g_idx").as<std::int32_t>();
    const std::size_t out = 96, in = 64, each = 32u / static_cast<unsigned>(bits);
    const unsigned mask = (1u << bits) - 1;
    const std::vector<float> expected = dequantize(std::get<QuantizedMatrix>(overlay.at(name + ".weight")));
    for (std::size_t o = 0; o < out; ++o) {
        for (std::size_t i = 0; i < in; ++i) {
            const auto g = static_cast<std::size_t>(groups[i]);
            const auto code = qweight[i / each * out + o] >> i % each * static_cast<unsigned>(bits) & mask;
            const auto zero = (qzeros[g * (out / each) + o / each] >> o % each * static_cast<unsigned>(bits) & mask) +
                              (format == "gptq" ? 1 : 0);
            const float weight = (static_cast<float>(code) - static_cast<float>(zero)) * toFloat(scales[g * out + o]);
            QCOMPARE(weight, expected[o * in + i]);
        }
    }
}

void GptqFormatTest::symmetricZerosAreTheKnownWords() {
    for (const auto& [format, word] : {std::pair{&gptqFormat(), 0x77777777u}, {&gptqV2Format(), 0x88888888u}}) {
        init();
        save(*format);
        for (const auto& [name, tensor] : readTensors(*m_folder / "out")) {
            if (!name.ends_with(".qzeros")) continue;
            for (const std::uint32_t found : tensor.as<std::uint32_t>()) QCOMPARE(found, word);
        }
    }
}

void GptqFormatTest::theConfigSaysHowToReadIt_data() {
    QTest::addColumn<QString>("format");
    QTest::addColumn<QString>("name");
    QTest::newRow("v1") << "gptq"
                        << "gptq";
    QTest::newRow("v2") << "gptq-v2"
                        << "gptq_v2";
}

void GptqFormatTest::theConfigSaysHowToReadIt() {
    QFETCH(QString, format);
    QFETCH(QString, name);
    save(formatNamed(format.toStdString()), {Json{{"damp_percent", 0.01}, {"act_order", true}}});
    Json config = readJson(*m_folder / "out" / "config.json");
    const Json expected{{"bits", 4},
                        {"group_size", 40},
                        {"desc_act", false},
                        {"sym", true},
                        {"lm_head", false},
                        {"quant_method", "gptq"},
                        {"format", name.toStdString()},
                        {"checkpoint_format", name.toStdString()},
                        {"pack_dtype", "int32"},
                        {"meta", {{"damp_percent", 0.01}, {"act_order", true}}}};
    QCOMPARE(config.at("quantization_config").dump(), expected.dump());
    QCOMPARE(readJson(*m_folder / "out" / "quantize_config.json").dump(), expected.dump());
    config.erase("quantization_config");
    QCOMPARE(config.dump(), readJson(model() / "config.json").dump());  // the rest as it was, in its order
}

void GptqFormatTest::layersOfOtherSchemesAreListed() {
    const QuantScheme other{3, -1, true, GridKind::Uniform};
    const LinearModule query{"model.layers.0.self_attn.q_proj", 64, 64, false};
    m_overlay.at(query.weight()) = roundedToNearest(*openCheckpoint(model()).weights, query, other);
    m_overlay.erase("model.layers.1.mlp.up_proj.weight");
    save(gptqFormat());
    initTestCase();
    const Json dynamic = readJson(*m_folder / "out" / "quantize_config.json").at("dynamic");
    const Json expected{
        {R"(+:^model\.layers\.0\.self_attn\.q_proj$)", {{"bits", 3}, {"group_size", -1}, {"sym", true}}},
        {R"(-:^model\.layers\.1\.mlp\.up_proj$)", Json::object()}};
    QCOMPARE(dynamic.dump(), expected.dump());
}

void GptqFormatTest::companionsTravelAndNothingElse() {
    const fs::path source = *m_folder / "model";
    fs::copy(model(), source);
    const std::set<std::string> companions{
        "tokenizer.model", "tokenizer.json", "tokenizer_config.json",  "special_tokens_map.json", "added_tokens.json",
        "vocab.json",      "merges.txt",     "generation_config.json", "chat_template.jinja",     "LICENSE",
        "NOTICE"};
    for (const std::string& name : companions) writeFile(source / name, "{\"of\": \"" + name + "\"}");
    for (const char* name : {"README.md", "pytorch_model.bin", "model.safetensors.index.json.bak"})
        writeFile(source / name, "no");
    saveQuantized(gptqFormat(), source, m_overlay, m_scheme, *m_folder / "out");
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(*m_folder / "out")) found.insert(entry.path().filename().string());
    std::set<std::string> expected = companions;
    expected.insert({"config.json", "quantize_config.json", "model.safetensors"});
    QVERIFY(found == expected);
    for (const std::string& name : companions) QCOMPARE(readFile(*m_folder / "out" / name), readFile(source / name));
}

void GptqFormatTest::largeModelsAreShardedWithAnIndex() {
    save(gptqFormat(), {Json::object(), 20000});
    const fs::path out = *m_folder / "out";
    QVERIFY(!fs::exists(out / "model.safetensors"));
    const Json index = readJson(out / "model.safetensors.index.json");
    const RawTensors tensors = readTensors(out);
    QCOMPARE(index.at("weight_map").size(), tensors.size());
    std::set<std::string> shards;
    std::uint64_t total = 0;
    for (const auto& [name, tensor] : tensors) {
        shards.insert(index.at("weight_map").at(name).get<std::string>());
        total += tensor.bytes.size();
    }
    QCOMPARE(index.at("metadata").at("total_size").get<std::uint64_t>(), total);
    QVERIFY(shards.size() > 3);
    for (const std::string& shard : shards) {
        const SafetensorsFile file(openFile(out / shard));
        std::uint64_t bytes = 0;
        for (const auto& [name, tensor] : file.tensors()) bytes += tensor.bytes;
        QVERIFY(bytes <= 20000 || file.tensors().size() == 1);  // the embedding alone is larger
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GptqFormatTest)
#include "gptq_format_test.moc"
