// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The main job on a tiny model: what it tells, what it leaves, and that it does so again.
#include "core/quantization/job.h"

#include <QTest>

#include "core/checkpoint/quantized_matrix.h"
#include "support/job_run.h"
#include "support/model_runs.h"

namespace gptq::test {

class JobTest : public QObject {
    Q_OBJECT

private slots:
    void eventsArriveInOrder();
    void theResultSumsUpItsReports();
    void theOutputIsAModelCloseToItsOriginal_data();
    void theOutputIsAModelCloseToItsOriginal();
    void theSamePlanGivesTheSameBytes_data();
    void theSamePlanGivesTheSameBytes();
    void layersOfOddSizesStayFloatAndAreListed();
    void overridesAndExclusionsAreFollowed();
    void calibrationSeesTheErrorOfWhatIsBeforeIt();
    void theRecipeIsKept();
    void shortTextsAndLongWindowsAreWarnedOf();
};

void JobTest::eventsArriveInOrder() {
    const JobScene scene;
    RecordingSink sink;
    JobControl control;
    scene.run(sink, control);
    const std::vector<PhaseChanged> phases = sink.of<PhaseChanged>();
    QCOMPARE(phases.size(), std::size_t{3});
    QVERIFY(phases[0].phase == JobPhase::Reading && phases[1].phase == JobPhase::Quantizing &&
            phases[2].phase == JobPhase::Writing);
    QVERIFY(std::holds_alternative<PhaseChanged>(sink.events[0]));
    QVERIFY(std::holds_alternative<JobStarted>(sink.events[1]));  // once it is known what there is to do
    QVERIFY(std::holds_alternative<JobFinished>(sink.events.back()));

    const JobStarted started = sink.of<JobStarted>().at(0);
    QCOMPARE(started.model, scene.plan.model.string());
    QCOMPARE(started.architecture, std::string("llama"));
    QCOMPARE(started.parameters, std::int64_t{4096 * 64 + 64 + 2 * (2 * 64 + 2 * 4096 + 2 * 2048 + 3 * 6144)});
    QCOMPARE(started.blocks, std::int64_t{2});
    QCOMPARE(started.modules, std::int64_t{14});
    QCOMPARE(started.samples, std::int64_t{6});
    QCOMPARE(started.sequenceLength, std::int64_t{32});
    QCOMPARE(started.device, std::string("cpu"));
    QVERIFY(started.keptFloat.empty());

    const std::vector<LayerQuantized> layers = sink.of<LayerQuantized>();
    QCOMPARE(layers.size(), std::size_t{14});
    const char* order[] = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                           "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};
    for (std::size_t i = 0; i < 14; ++i) {
        QCOMPARE(layers[i].report.name, text("model.layers.", i / 7, ".", order[i % 7]));
        QCOMPARE(layers[i].block, static_cast<std::int64_t>(i / 7));
        QCOMPARE(layers[i].index, static_cast<std::int64_t>(i + 1));
        QCOMPARE(layers[i].modules, std::int64_t{14});
        QVERIFY(layers[i].report.relativeError > 0 && layers[i].report.relativeError < 0.1);
        QVERIFY(layers[i].seconds >= 0);
    }
    const std::vector<BlockFinished> blocks = sink.of<BlockFinished>();
    QVERIFY(blocks.size() == 2 && blocks[0].block == 0 && blocks[1].block == 1 && blocks[1].blocks == 2);
    const std::vector<StepProgress> steps = sink.of<StepProgress>();
    QCOMPARE(steps.size(), std::size_t{8});
    for (std::size_t i = 1; i < steps.size(); ++i) QVERIFY(steps[i].done > steps[i - 1].done);
    QVERIFY(std::abs(steps.back().done - 1) < 1e-9);
    QCOMPARE(sink.of<MemorySample>().size(), std::size_t{8});
    QVERIFY(sink.of<Warning>().empty() && sink.of<Paused>().empty());
}

void JobTest::theResultSumsUpItsReports() {
    const JobScene scene;
    const JobFinished result = scene.run();
    QVERIFY(!result.stopped);
    QCOMPARE(result.reports.size(), std::size_t{14});
    double sum = 0;
    for (const ModuleReport& report : result.reports) sum += report.relativeError;
    QVERIFY(std::abs(result.meanRelativeError - sum / 14) < 1e-12);
    QCOMPARE(result.bitsPerWeight, 4 + (16 + 4) / 32.0);
    std::uint64_t bytes = 0;
    for (const auto& [name, contents] : filesIn(scene.plan.output)) bytes += contents.size();
    QCOMPARE(result.outputBytes, bytes);
    for (const char* phase : {"tokenize", "load", "hessian", "factor", "solve", "forward", "write"})
        QVERIFY2(result.secondsByPhase.contains(phase), phase);
    QVERIFY(result.seconds > 0 && result.peakRamBytes > 0);
}

void JobTest::theOutputIsAModelCloseToItsOriginal_data() {
    QTest::addColumn<QString>("method");
    QTest::addColumn<int>("bits");
    QTest::addColumn<bool>("symmetric");
    QTest::addColumn<int>("type");
    QTest::newRow("gptq, 8 bits") << "gptq" << 8 << true << static_cast<int>(StoredType::F16);
    QTest::newRow("rtn, 8 bits, asymmetric") << "rtn" << 8 << false << static_cast<int>(StoredType::F32);
    QTest::newRow("gptq, 8 bits, bfloat16") << "gptq" << 8 << false << static_cast<int>(StoredType::BF16);
}

void JobTest::theOutputIsAModelCloseToItsOriginal() {
    QFETCH(QString, method);
    QFETCH(int, bits);
    QFETCH(bool, symmetric);
    QFETCH(int, type);
    TinyModel tiny;
    tiny.type = static_cast<StoredType>(type);
    tiny.biases = true;
    JobScene scene(tiny);
    scene.plan.method = method.toStdString();
    scene.plan.scheme = {bits, 32, symmetric, GridKind::Uniform};
    scene.plan.format = symmetric ? "gptq" : "gptq-v2";
    scene.run();
    const Checkpoint model = openCheckpoint(scene.plan.output);
    QVERIFY(*model.scheme == scene.plan.scheme);
    QVERIFY(model.dtype == openCheckpoint(scene.plan.model).dtype);
    const std::vector<TokenId> ids = randomIds(1, 20, 4096);
    const double difference = largestDifference(logitsOf(model, ids), logitsOf(openCheckpoint(scene.plan.model), ids));
    QVERIFY2(difference > 1e-5 && difference < 0.03, qPrintable(QString::number(difference)));
}

void JobTest::theSamePlanGivesTheSameBytes_data() {
    QTest::addColumn<bool>("actOrder");
    QTest::addColumn<bool>("shuffle");
    QTest::newRow("in order") << false << false;
    QTest::newRow("act-order, shuffled windows") << true << true;
}

void JobTest::theSamePlanGivesTheSameBytes() {
    QFETCH(bool, actOrder);
    QFETCH(bool, shuffle);
    JobScene scene;
    scene.plan.options.actOrder = actOrder;
    if (shuffle) scene.plan.samples.shuffleSeed = 7;
    scene.run();
    const auto first = filesIn(scene.plan.output);
    scene.plan.output = scene.folder / "again";
    scene.run();
    QVERIFY(filesIn(scene.plan.output) == first);
    if (!shuffle) return;
    scene.plan.samples.shuffleSeed = 8;  // and another choice of windows does not
    scene.plan.output = scene.folder / "other";
    scene.run();
    QVERIFY(filesIn(scene.plan.output).at("model.safetensors") != first.at("model.safetensors"));
}

void JobTest::layersOfOddSizesStayFloatAndAreListed() {
    TinyModel tiny;
    tiny.feedForward = 80;  // gate and up 80 x 64, down 64 x 80
    tiny.kvHeads = 1;       // k and v 16 x 64
    const JobScene scene(tiny);
    RecordingSink sink;
    JobControl control;
    const JobFinished result = scene.run(sink, control);
    QCOMPARE(result.reports.size(), std::size_t{4});  // q and o
    QCOMPARE(result.keptFloat.size(), std::size_t{10});
    QCOMPARE(sink.of<JobStarted>().at(0).keptFloat, result.keptFloat);
    QCOMPARE(result.keptFloat.at(0), std::string("model.layers.0.self_attn.k_proj"));
    QCOMPARE(result.keptFloat.at(4), std::string("model.layers.0.mlp.down_proj"));
    QCOMPARE(
        lackingIn(sink.of<Warning>().at(0).text, {"model.layers.0.self_attn.k_proj", "stays float", "multiples of 32"}),
        QString());

    const Checkpoint model = openCheckpoint(scene.plan.output), original = openCheckpoint(scene.plan.model);
    for (const std::string& name : result.keptFloat) QVERIFY(!model.weights->quantized(name + ".weight"));
    QVERIFY(model.weights->quantized("model.layers.1.self_attn.o_proj.weight"));
    const std::vector<TokenId> ids = randomIds(2, 9, 4096);
    QVERIFY(largestDifference(logitsOf(model, ids), logitsOf(original, ids)) < 0.3);
}

void JobTest::overridesAndExclusionsAreFollowed() {
    JobScene scene;
    scene.plan.rules.overrides = {parseOverride("down_proj=bits:3,group:-1"), parseOverride("nothing_there=bits:8")};
    scene.plan.rules.exclusions = {Pattern("layers\\.0\\..*o_proj")};
    RecordingSink sink;
    JobControl control;
    const JobFinished result = scene.run(sink, control);
    QCOMPARE(result.reports.size(), std::size_t{13});
    QCOMPARE(result.keptFloat, std::vector<std::string>{"model.layers.0.self_attn.o_proj"});
    const Checkpoint model = openCheckpoint(scene.plan.output);
    QVERIFY(model.weights->quantized("model.layers.1.mlp.down_proj.weight")->scheme ==
            (QuantScheme{3, -1, true, GridKind::Uniform}));
    QVERIFY(model.weights->quantized("model.layers.1.mlp.up_proj.weight")->scheme == scene.plan.scheme);
    QVERIFY(!model.weights->quantized("model.layers.0.self_attn.o_proj.weight"));
    QCOMPARE(sink.of<Warning>().size(), std::size_t{1});
    QCOMPARE(lackingIn(sink.of<Warning>()[0].text, {"nothing_there", "matches no layer"}), QString());
}

// With a coarse o_proj the inputs of gate and up change, and with them their Hessian; q has nothing before it.
void JobTest::calibrationSeesTheErrorOfWhatIsBeforeIt() {
    JobScene scene;
    const JobFinished fine = scene.run();
    scene.plan.rules.overrides = {parseOverride("layers\\.0\\.self_attn\\.o_proj=bits:2")};
    scene.plan.output = scene.folder / "coarse";
    const JobFinished coarse = scene.run();
    const Checkpoint a = openCheckpoint(scene.folder / "out"), b = openCheckpoint(scene.folder / "coarse");
    const auto same = [&](const char* name) {
        return sameCodes(*a.weights->quantized(name), *b.weights->quantized(name));
    };
    QVERIFY(same("model.layers.0.self_attn.q_proj.weight"));
    QVERIFY(!same("model.layers.0.mlp.gate_proj.weight"));
    QVERIFY(!same("model.layers.1.self_attn.q_proj.weight"));
    QVERIFY(coarse.reports[3].relativeError > 5 * fine.reports[3].relativeError);
}

void JobTest::theRecipeIsKept() {
    JobScene scene;
    scene.plan.options = {0.05, 64, true, true};
    scene.run();
    const Json meta = readJson(scene.plan.output / "quantize_config.json").at("meta");
    QVERIFY(meta.at("quantizer").at(0).get<std::string>().starts_with("gptq-studio:"));
    QCOMPARE(meta.at("method").get<std::string>(), std::string("gptq"));
    QCOMPARE(meta.at("damp_percent").get<double>(), 0.05);
    QCOMPARE(meta.at("block_size").get<int>(), 64);
    QVERIFY(meta.at("act_order").get<bool>() && meta.at("static_groups").get<bool>());
    QCOMPARE(meta.at("samples").get<int>(), 6);
    QCOMPARE(meta.at("sequence_length").get<int>(), 32);
    QCOMPARE(readFile(scene.plan.output / "tokenizer.model"), readFile(scene.plan.model / "tokenizer.model"));
}

void JobTest::shortTextsAndLongWindowsAreWarnedOf() {
    JobScene scene;
    scene.plan.samples = {1000, 4096, std::nullopt};  // the context is 128
    RecordingSink sink;
    JobControl control;
    scene.run(sink, control);
    const JobStarted started = sink.of<JobStarted>().at(0);
    QCOMPARE(started.sequenceLength, std::int64_t{128});
    QVERIFY(started.samples > 1 && started.samples < 20);
    QCOMPARE(lackingIn(sink.of<Warning>().at(0).text, {QString("%1 samples of 128").arg(started.samples), "1000"}),
             QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::JobTest)
#include "job_test.moc"
