// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/checkpoint.h"

#include <QTest>

#include "support/broken_models.h"
#include "support/raw_tensors.h"
#include "support/saved_model.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;
using EditTensors = std::function<void(RawTensors&)>;

class CheckpointTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void aModelFolderIsOpened();
    void aQuantizedModelIsOpened();
    void foldersThatAreNoModelsAreRefused();
    void brokenConfigsNameTheFile();
    void tensorsThatDoNotFitTheConfigAreNamed_data();
    void tensorsThatDoNotFitTheConfigAreNamed();
    void tensorsThatNobodyAsksForAreLeftAlone();
    void aTokenizerWithMoreTokensThanRowsIsRefused();

private:
    std::unique_ptr<TemporaryFolder> m_folder;
    fs::path m_model;
};

}  // namespace gptq::test

Q_DECLARE_METATYPE(gptq::test::EditTensors)

namespace gptq::test {

void CheckpointTest::init() {
    m_folder = std::make_unique<TemporaryFolder>();
    m_model = *m_folder / "model";
    TinyModel tiny;
    tiny.vocabulary = 320;
    tiny.tiedHead = false;
    tiny.write(m_model);
}

void CheckpointTest::aModelFolderIsOpened() {
    const Checkpoint model = openCheckpoint(m_model);
    QVERIFY(model.architecture->name == "llama");
    QCOMPARE(model.folder, m_model);
    QCOMPARE(model.format, std::string("huggingface"));
    QVERIFY(!model.scheme);
    QCOMPARE(model.dtype, DType::Float16);
    QCOMPARE(model.config.hidden, std::int64_t{64});
    QCOMPARE(model.configJson.at("model_type").get<std::string>(), std::string("llama"));
    for (const auto& [type, dtype] :
         {std::pair{StoredType::BF16, DType::BFloat16}, {StoredType::F32, DType::Float32}}) {
        TinyModel tiny;
        tiny.type = type;
        tiny.write(m_model);
        QCOMPARE(openCheckpoint(m_model).dtype, dtype);
    }
}

void CheckpointTest::aQuantizedModelIsOpened() {
    const QuantScheme scheme{3, 32, false, GridKind::Uniform};
    const TensorOverlay overlay = quantizedLayers(openCheckpoint(m_model), kRtnMethod, scheme);
    saveQuantized(gptqV2Format(), m_model, overlay, scheme, *m_folder / "out");
    const Checkpoint model = openCheckpoint(*m_folder / "out");
    QCOMPARE(model.format, std::string("gptq-v2"));
    QVERIFY(model.scheme && *model.scheme == scheme);
    QCOMPARE(model.dtype, DType::Float16);
    QCOMPARE(model.weights->names(), openCheckpoint(m_model).weights->names());
}

void CheckpointTest::foldersThatAreNoModelsAreRefused() {
    const auto refusal = [](const fs::path& path) { return errorOf([&] { openCheckpoint(path); }); };
    QCOMPARE(lackingIn(refusal(*m_folder / "none"), {"none: there is no such folder"}), QString());
    QCOMPARE(lackingIn(refusal(m_model / "config.json"), {"config.json: is not a folder"}), QString());
    fs::create_directory(*m_folder / "empty");
    QCOMPARE(lackingIn(refusal(*m_folder / "empty"), {"empty: has no config.json"}), QString());
    fs::remove(m_model / "model.safetensors");
    QVERIFY(!refusal(m_model).empty());
}

void CheckpointTest::brokenConfigsNameTheFile() {
    const QString file = QString::fromStdString((m_model / "config.json").string());
    for (const char* text : {"", "{", "[]", "{\"model_type\": \"llama\"}", "{\"architectures\": [\"Nobody\"]}"}) {
        writeFile(m_model / "config.json", text);
        QCOMPARE(lackingIn(errorOf([&] { openCheckpoint(m_model); }), {file}), QString());
    }
}

void CheckpointTest::tensorsThatDoNotFitTheConfigAreNamed_data() {
    QTest::addColumn<EditTensors>("edit");
    QTest::addColumn<QStringList>("parts");
    const auto row = [](const char* title, EditTensors edit, const QStringList& parts) {
        QTest::newRow(title) << edit << parts;
    };
    for (const char* name : {"model.embed_tokens.weight", "lm_head.weight", "model.norm.weight",
                             "model.layers.1.mlp.down_proj.weight", "model.layers.0.post_attention_layernorm.weight"}) {
        const std::string tensor = name;
        row(qPrintable(QString("no ") + name), [tensor](RawTensors& t) { t.erase(tensor); },
            {QString("the tensor %1 is missing").arg(name)});
    }
    const auto reshaped = [](const std::string& name, const std::vector<std::int64_t>& shape) {
        return [name, shape](RawTensors& tensors) {
            RawTensor& tensor = tensors.at(name);
            tensor.shape = shape;
            std::size_t bytes = 2;
            for (const std::int64_t extent : shape) bytes *= static_cast<std::size_t>(extent);
            tensor.bytes.resize(bytes);
        };
    };
    row("a row too few", reshaped("model.layers.0.mlp.up_proj.weight", {95, 64}),
        {"model.layers.0.mlp.up_proj.weight", "(95, 64)", "asks for (96, 64)"});
    row("turned round", reshaped("model.layers.0.mlp.up_proj.weight", {64, 96}), {"(64, 96)", "asks for (96, 64)"});
    row("a flat matrix", reshaped("model.layers.0.self_attn.o_proj.weight", {4096}),
        {"o_proj.weight", "(4096)", "asks for (64, 64)"});
    row("a norm as a matrix", reshaped("model.norm.weight", {1, 64}),
        {"model.norm.weight", "(1, 64)", "asks for (64)"});
    row("a smaller vocabulary", reshaped("model.embed_tokens.weight", {300, 64}),
        {"model.embed_tokens.weight", "(300, 64)", "asks for (320, 64)"});
    row("five dimensions", reshaped("model.norm.weight", {1, 1, 1, 1, 64}), {"model.norm.weight"});
    row("integers",
        [](RawTensors& t) {
            t.at("model.norm.weight") = {StoredType::I32, {64}, std::vector<std::byte>(256)};
        },
        {"model.norm.weight", "int32", "expected float16, bfloat16 or float32"});
    row("bytes",
        [](RawTensors& t) {
            t.at("model.norm.weight") = {StoredType::U8, {64}, std::vector<std::byte>(64)};
        },
        {"model.norm.weight", "uint8"});
}

void CheckpointTest::tensorsThatDoNotFitTheConfigAreNamed() {
    QFETCH(EditTensors, edit);
    QFETCH(QStringList, parts);
    editTensors(m_model, edit);
    QCOMPARE(lackingIn(errorOf([&] { openCheckpoint(m_model); }), parts << QString::fromStdString(m_model.string())),
             QString());
}

void CheckpointTest::tensorsThatNobodyAsksForAreLeftAlone() {
    editTensors(m_model, [](RawTensors& tensors) {
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {StoredType::F32, {8}, std::vector<std::byte>(32)};
        tensors["model.layers.9.mlp.counter"] = {StoredType::I64, {}, std::vector<std::byte>(8)};
    });
    QVERIFY(errorOf([&] { openCheckpoint(m_model); }).empty());
}

void CheckpointTest::aTokenizerWithMoreTokensThanRowsIsRefused() {
    const auto tokenizer = loadTokenizer(m_model);  // 4096 tokens
    Checkpoint model = openCheckpoint(m_model);
    QCOMPARE(lackingIn(errorOf([&] { requireMatchingTokenizer(*tokenizer, model); }),
                       {"4096 tokens", "320", "different models"}),
             QString());
    model.config.vocabulary = 4096;
    QVERIFY(errorOf([&] { requireMatchingTokenizer(*tokenizer, model); }).empty());
    model.config.vocabulary = 5000;  // padding
    QVERIFY(errorOf([&] { requireMatchingTokenizer(*tokenizer, model); }).empty());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::CheckpointTest)
#include "checkpoint_test.moc"
