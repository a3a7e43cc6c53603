// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the job does not take, says why, and leaves nothing of.
#include <QTest>

#include "support/broken_models.h"
#include "support/job_run.h"
#include "support/model_runs.h"

namespace gptq::test {

namespace fs = std::filesystem;
using BreakScene = std::function<void(JobScene&)>;
using ChangeValues = std::function<void(const std::string& name, std::vector<float>& values)>;

class JobRefusalsTest : public QObject {
    Q_OBJECT

private slots:
    void badPlansAreRefusedBeforeTheWork_data();
    void badPlansAreRefusedBeforeTheWork();
    void outputsThatArePresentStayAsTheyAre();
    void aModelThatIsAlreadyQuantizedIsRefused();
    void damagedWeightsAreNamed_data();
    void damagedWeightsAreNamed();
};

}  // namespace gptq::test

Q_DECLARE_METATYPE(gptq::test::BreakScene)
Q_DECLARE_METATYPE(gptq::test::ChangeValues)

namespace gptq::test {

void JobRefusalsTest::badPlansAreRefusedBeforeTheWork_data() {
    QTest::addColumn<BreakScene>("change");
    QTest::addColumn<QStringList>("parts");
    const auto row = [](const char* name, BreakScene change, const QStringList& parts) {
        QTest::newRow(name) << change << parts;
    };
    row("five bits", [](JobScene& s) { s.plan.scheme.bits = 5; }, {"5 bits", "2, 3, 4 or 8"});
    row("a group of 20", [](JobScene& s) { s.plan.scheme.groupSize = 20; }, {"group of 20", "multiple of 8"});
    row("a group larger than a row", [](JobScene& s) { s.plan.scheme.groupSize = 128; },
        {"model.layers.0.self_attn.q_proj", "group of 128", "row of 64", "--group-size"});
    row("a group larger than some rows", [](JobScene& s) { s.plan.scheme.groupSize = 96; }, {"q_proj", "row of 64"});
    row("an override larger than a row",
        [](JobScene& s) { s.plan.rules.overrides = {parseOverride("1.*up_proj=group:72")}; },
        {"model.layers.1.mlp.up_proj", "group of 72"});
    row("asymmetric in the first version", [](JobScene& s) { s.plan.scheme.symmetric = false; },
        {"format gptq cannot hold", "zero of 0", "gptq-v2"});
    row("one asymmetric layer in the first version",
        [](JobScene& s) { s.plan.rules.overrides = {parseOverride("k_proj=sym:false")}; }, {"format gptq cannot hold"});
    row("an unknown format", [](JobScene& s) { s.plan.format = "zip"; }, {"'zip'", "gptq-v2"});
    row("an unknown method", [](JobScene& s) { s.plan.method = "awq"; }, {"'awq'", "gptq, rtn"});
    row("negative damping", [](JobScene& s) { s.plan.options.damping = -0.01; }, {"damping must be from 0 to 1"});
    row("damping above 1", [](JobScene& s) { s.plan.options.damping = 1.5; }, {"damping must be from 0 to 1"});
    row("damping that is no number", [](JobScene& s) { s.plan.options.damping = std::nan(""); }, {"damping must be"});
    row("no block", [](JobScene& s) { s.plan.options.blockSize = 0; }, {"block size"});
    row("no samples", [](JobScene& s) { s.plan.samples.samples = 0; }, {"at least one sample"});
    row("windows of nothing", [](JobScene& s) { s.plan.samples.sequenceLength = 0; }, {"at least one token"});
    row("everything excluded", [](JobScene& s) { s.plan.rules.exclusions = {Pattern("proj")}; },
        {"no linear layer is left to quantize"});
    row("no such text", [](JobScene& s) { s.plan.calibration = s.folder / "none.txt"; }, {"none.txt"});
    row("an empty text", [](JobScene& s) { writeFile(s.plan.calibration, ""); }, {"text.txt", "is empty"});
    row("a text too short", [](JobScene& s) { writeFile(s.plan.calibration, "Once upon a time."); },
        {"text.txt", "too few for one window of 32", "--seq-len"});
    row("a text that is not UTF-8", [](JobScene& s) { writeFile(s.plan.calibration, demoText(500) + "\xff"); },
        {"text.txt", "byte 500", "is not UTF-8"});
    row("no tokenizer", [](JobScene& s) { fs::remove(s.plan.model / "tokenizer.model"); }, {"has no tokenizer"});
    row("a tokenizer with too many tokens",
        [](JobScene& s) {
            TinyModel tiny;
            tiny.vocabulary = 4000;
            tiny.write(s.plan.model);
        },
        {"4096 tokens", "4000", "different models"});
    row("no such model", [](JobScene& s) { s.plan.model = s.folder / "none"; }, {"none: there is no such folder"});
    row("an output below a file", [](JobScene& s) { s.plan.output = s.folder / "text.txt" / "out"; },
        {"text.txt", "is a file, not a folder"});
    row("an output that is a file", [](JobScene& s) { s.plan.output = s.folder / "text.txt"; },
        {"text.txt exists and is a file"});
}

void JobRefusalsTest::badPlansAreRefusedBeforeTheWork() {
    QFETCH(BreakScene, change);
    QFETCH(QStringList, parts);
    JobScene scene;
    change(scene);
    RecordingSink sink;
    JobControl control;
    QCOMPARE(lackingIn(errorOf([&] { scene.run(sink, control); }), parts), QString());
    QVERIFY(sink.of<JobStarted>().empty() && sink.of<LayerQuantized>().empty() && sink.of<JobFinished>().empty());
    QVERIFY(scene.nothingIsLeft());
}

void JobRefusalsTest::outputsThatArePresentStayAsTheyAre() {
    const JobScene scene;
    writeFile(scene.plan.output / "mine.txt", "precious");
    QCOMPARE(lackingIn(errorOf([&] { scene.run(); }), {"out exists and is not empty", "choose another output folder"}),
             QString());
    QCOMPARE(filesIn(scene.plan.output).size(), std::size_t{1});
    QCOMPARE(readFile(scene.plan.output / "mine.txt"), std::string("precious"));
    fs::remove(scene.plan.output / "mine.txt");
    scene.run();  // an empty folder will do
    QVERIFY(fs::exists(scene.plan.output / "config.json"));
}

void JobRefusalsTest::aModelThatIsAlreadyQuantizedIsRefused() {
    JobScene scene;
    scene.run();
    scene.plan.model = scene.plan.output;
    scene.plan.output = scene.folder / "twice";
    QCOMPARE(lackingIn(errorOf([&] { scene.run(); }),
                       {"out: is already quantized (gptq, 4-bit, group 32, symmetric)", "original"}),
             QString());
    editJson(scene.plan.model / "config.json", [](Json& json) {
        json["quantization_config"] = {{"quant_method", "awq"}};
    });
    QCOMPARE(lackingIn(errorOf([&] { scene.run(); }), {"already quantized", "'awq'"}), QString());
    QVERIFY(!fs::exists(scene.plan.output));
}

void JobRefusalsTest::damagedWeightsAreNamed_data() {
    QTest::addColumn<ChangeValues>("change");
    QTest::addColumn<QStringList>("parts");
    const auto at = [](const char* tensor, std::size_t index, float value) {
        const std::string wanted = tensor;
        return ChangeValues([=](const std::string& name, std::vector<float>& values) {
            if (name == wanted) values[index] = value;
        });
    };
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    const auto row = [](const char* name, const ChangeValues& change, const QStringList& parts) {
        QTest::newRow(name) << change << parts;
    };
    row("NaN in a linear layer", at("model.layers.1.self_attn.k_proj.weight", 64 * 3 + 9, nan),
        {"model.safetensors", "model.layers.1.self_attn.k_proj.weight", "row 3, column 9 is", "nan", "damaged"});
    row("infinity in a linear layer", at("model.layers.0.mlp.down_proj.weight", 5, -infinity),
        {"model.layers.0.mlp.down_proj.weight", "row 0, column 5 is -inf"});
    row("NaN in a norm", at("model.layers.1.input_layernorm.weight", 63, nan),
        {"model.layers.1.input_layernorm.weight", "column 63"});
    row("NaN in the embedding", at("model.embed_tokens.weight", 64 * 4000, nan),
        {"model.embed_tokens.weight", "row 4000, column 0"});
    // A sound file, but float32 cannot hold what it makes of its inputs.
    row("activations that overflow", at("model.layers.1.post_attention_layernorm.weight", 7, 3e38f),
        {"model.layers.1.mlp.gate_proj", "input 7 is NaN or infinite"});
}

void JobRefusalsTest::damagedWeightsAreNamed() {
    QFETCH(ChangeValues, change);
    QFETCH(QStringList, parts);
    TinyModel tiny;
    tiny.type = StoredType::F32;
    tiny.change = change;
    const JobScene scene(tiny);
    RecordingSink sink;
    JobControl control;
    QCOMPARE(lackingIn(errorOf([&] { scene.run(sink, control); }), parts), QString());
    QVERIFY(sink.of<JobFinished>().empty());
    QVERIFY(scene.nothingIsLeft());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::JobRefusalsTest)
#include "job_refusals_test.moc"
