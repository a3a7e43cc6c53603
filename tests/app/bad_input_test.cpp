// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Bad input gets one message that names what is broken and why, exit status 1, and leaves the disk as it was.

#include <QTest>
#include <functional>
#include <utility>

#include "core/io/durable_file.h"
#include "support/broken_models.h"
#include "support/program.h"
#include "support/test_files.h"

using namespace gptq::test;

namespace fs = std::filesystem;

namespace {

const Program kProgram = gptqProgram();

// Compares what a refused command said and left with what it owes. Empty: all is well.
QString faultOf(const ProgramRun& run, const QStringList& words, const Scene& scene,
                const std::map<std::string, std::string>& before) {
    if (run.status != 1) return "not refused: " + run.summary();
    if (!run.messages.startsWith("gptq: ") || run.messages.count('\n') != 1 || !run.messages.endsWith('\n'))
        return "not one message: " + run.summary();
    if (run.out.contains("job_finished")) return "refused, yet finished: " + run.summary();
    const QString lacking = lackingIn(run.messages.toStdString(), words);
    if (!lacking.isEmpty()) return lacking;
    if (treeOf(scene.root) != before) return "files were left behind, changed or removed";
    return {};
}

QStringList quantize(const Scene& scene) {
    return QStringList{"quantize",      argument(scene.model),
                       "--calibration", argument(scene.text),
                       "--out",         argument(scene.output),
                       "--device",      "cpu",
                       "--group-size",  "32",
                       "--samples",     "2",
                       "--seq-len",     "32",
                       "--json"} +
           scene.options;
}

QStringList evaluate(const Scene& scene) {
    return {"eval", argument(scene.model), "--text", argument(scene.text), "--seq-len", "32", "--device", "cpu"};
}

QStringList generate(const Scene& scene, const char* temperature) {
    return {"generate", argument(scene.model), "--prompt", "Once", "--device", "cpu", "--temperature", temperature};
}

void addRows(const std::vector<BadInput>& inputs) {
    QTest::addColumn<std::function<void(Scene&)>>("prepare");
    QTest::addColumn<QStringList>("words");
    for (const BadInput& input : inputs) QTest::newRow(input.name) << input.prepare << input.words;
}

// Prepares the current row's scene and runs each command on it.
void refuse(const std::function<std::vector<QStringList>(const Scene&)>& commands) {
    QFETCH(std::function<void(Scene&)>, prepare);
    QFETCH(QStringList, words);
    const TemporaryFolder folder;
    Scene scene(folder.path());
    prepare(scene);
    const auto before = treeOf(scene.root);
    for (const QStringList& command : commands(scene))
        QCOMPARE(command.front() + ": " + faultOf(kProgram.run(command), words, scene, before), command.front() + ": ");
}

std::vector<QStringList> commandsOnModels(const Scene& scene) {
    return {quantize(scene), {"inspect", argument(scene.model)}, evaluate(scene), generate(scene, "0")};
}

std::vector<QStringList> commandsOnTexts(const Scene& scene) {
    return {quantize(scene), evaluate(scene)};
}

}  // namespace

class BadInputTest : public QObject {
    Q_OBJECT

private slots:
    void aSoundModelIsAccepted() {
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        for (const QStringList& command : commandsOnModels(scene)) {
            const ProgramRun run = kProgram.run(command);
            QVERIFY2(run.status == 0, qPrintable(run.summary()));
        }
    }

    void aBrokenConfigIsRefused_data() { addRows(brokenConfigs()); }
    void aBrokenConfigIsRefused() { refuse(commandsOnModels); }

    void brokenWeightsAreRefused_data() { addRows(brokenWeights()); }
    void brokenWeightsAreRefused() { refuse(commandsOnModels); }

    void brokenShardsAreRefused_data() { addRows(brokenShards()); }
    void brokenShardsAreRefused() { refuse(commandsOnModels); }

    void soundTokenizersOfOtherKindsAreAccepted() {
        for (const auto& use : {useTokenizerJson, useVocabAndMerges}) {
            const TemporaryFolder folder;
            const Scene scene(folder.path());
            use(scene.model);
            for (const QStringList& command : commandsOnModels(scene)) {
                const ProgramRun run = kProgram.run(command);
                QVERIFY2(run.status == 0, qPrintable(run.summary()));
            }
        }
    }

    void aBrokenTokenizerIsRefused_data() { addRows(brokenTokenizers()); }
    void aBrokenTokenizerIsRefused() { refuse(commandsOnModels); }

    void aBrokenTokenizerDocumentIsRefused_data() { addRows(brokenTokenizerDocuments()); }
    void aBrokenTokenizerDocumentIsRefused() { refuse(commandsOnModels); }

    void brokenVocabulariesAreRefused_data() { addRows(brokenVocabularies()); }
    void brokenVocabulariesAreRefused() { refuse(commandsOnModels); }

    void aBadTextIsRefused_data() { addRows(badTexts()); }
    void aBadTextIsRefused() { refuse(commandsOnTexts); }

    void badRecordsAreRefused_data() { addRows(badRecords()); }
    void badRecordsAreRefused() { refuse(commandsOnTexts); }

    void badCompressionIsRefused_data() { addRows(badCompression()); }
    void badCompressionIsRefused() { refuse(commandsOnTexts); }

    void aBadOutputIsRefused_data() { addRows(badOutputs()); }
    void aBadOutputIsRefused() {
        refuse([](const Scene& scene) -> std::vector<QStringList> { return {quantize(scene)}; });
    }

    void damagedValuesAreRefused_data() { addRows(damagedValues()); }
    void damagedValuesAreRefused() {
        refuse([](const Scene& s) -> std::vector<QStringList> { return {quantize(s), evaluate(s), generate(s, "0")}; });
    }

    void overflowOnTheWayIsRefused_data() { addRows(overflowingModels()); }
    void overflowOnTheWayIsRefused() {
        refuse([](const Scene& s) -> std::vector<QStringList> {
            return {quantize(s), evaluate(s), generate(s, "0"), generate(s, "1")};
        });
    }

    void overflowNamesTheLayer() {
        const TemporaryFolder folder;
        Scene scene(folder.path());
        const BadInput input = overflowingModels().back();
        input.prepare(scene);
        const auto before = treeOf(scene.root);
        const QStringList words = input.words + QStringList{"model.layers.1.mlp.gate_proj", "input "};
        QCOMPARE(faultOf(kProgram.run(quantize(scene)), words, scene, before), QString());
    }

    void aGroupLargerThanARowIsRefused() {
        const TemporaryFolder folder;
        Scene scene(folder.path());
        const auto before = treeOf(scene.root);
        scene.options = QStringList{"--method", "rtn"};
        QStringList command = quantize(scene);
        command[command.indexOf("32")] = "128";
        const QStringList words{"model.layers.0.self_attn.q_proj", "group of 128", "row of 64", "--group-size"};
        QCOMPARE(faultOf(kProgram.run(command), words, scene, before), QString());
    }

    void aModelWithNothingToQuantizeIsRefused() {
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        TinyModel model;
        model.hidden = 48;
        model.heads = model.kvHeads = 1;
        model.write(scene.model);
        const auto before = treeOf(scene.root);
        QCOMPARE(faultOf(kProgram.run(quantize(scene)), {"model", "multiples of 32"}, scene, before), QString());
    }

    void aQuantizedModelIsNotQuantizedAgain() {
        const TemporaryFolder folder;
        Scene scene(folder.path());
        QCOMPARE(kProgram.run(quantize(scene)).status, 0);
        scene.model = std::exchange(scene.output, scene.root / "second" / "out");
        const auto before = treeOf(scene.root);
        QCOMPARE(faultOf(kProgram.run(quantize(scene)), {"new/deeper/out", "already quantized", "gptq"}, scene, before),
                 QString());
    }

    void aResultBeyondTheLimitOnFilesLeavesNothing() {
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        const auto before = treeOf(scene.root);
        const Program shell("/bin/bash");
        const ProgramRun run =
            shell.run(QStringList{"-c", "ulimit -f 64; exec \"$0\" \"$@\"", kProgram.path()} + quantize(scene));
        const QStringList words{"out.partial/model.safetensors", "cannot be written", "ulimit"};
        QCOMPARE(faultOf(run, words, scene, before), QString());
    }

    void memoryThatTheSystemRefusesIsOneMessage() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        QSKIP("a sanitizer takes more addresses than the limit leaves");
#endif
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        const auto before = treeOf(scene.root);
        // What a program takes by the number of processors, before it does anything, is to stay below the limit.
        const QString limited =
            "ulimit -s 512 -v 200000; "
            "MALLOC_ARENA_MAX=1 OPENBLAS_NUM_THREADS=1 exec \"$0\" \"$@\"";
        const ProgramRun run = Program("/bin/bash").run(QStringList{"-c", limited, kProgram.path()} + quantize(scene));
        QCOMPARE(faultOf(run, {"130 MiB", "threads", "ulimit -v"}, scene, before), QString());
    }

    void aResultThatStandardOutputDoesNotTakeIsAFailure() {
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        const auto outcomeOf = [&](const QString& output) {
            return Program("/bin/bash")
                .run(QStringList{"-c", "exec \"$0\" \"$@\" " + output, kProgram.path()} + generate(scene, "0"));
        };
        const ProgramRun full = outcomeOf("> /dev/full");
        QCOMPARE(full.status, 1);
        QCOMPARE(lackingIn(full.messages.toStdString(), {"gptq: ", "standard output", "disk full"}), QString());
        QCOMPARE(outcomeOf(">&-").status, 0);
        const ProgramRun unread = outcomeOf("> >(exit)");
        QCOMPARE(unread.status, 0);
        QCOMPARE(unread.messages.count("gptq: "), 0);
    }

    void aResultLargerThanTheDiskIsRefusedBeforeTheWork() {
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        TinyModel large;
        large.hidden = 65536;
        large.heads = large.kvHeads = 16;
        large.feedForward = 32;
        large.layers = 1;
        const auto rows = gptq::freeDiskBytes(scene.root) / (2 * 65536) + 4096;
        if (rows > 1u << 24) QSKIP("the disk has more room than a model can ask for");
        large.vocabulary = static_cast<std::int64_t>(rows);
        try {
            writeHollow(large, scene.model);
        } catch (const fs::filesystem_error& error) {
            QSKIP(error.what());
        }
        const auto before = treeOf(scene.root);
        const ProgramRun run = kProgram.run(quantize(scene));
        QCOMPARE(faultOf(run, {"new/deeper/out", "the result needs", "MiB left", "Make room"}, scene, before),
                 QString());
    }

    void aBadPromptIsRefused() {
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        const auto before = treeOf(scene.root);
        QStringList command = generate(scene, "0");
        command[command.indexOf("Once")] = QString("once ").repeated(200);
        QCOMPARE(faultOf(kProgram.run(command), {"prompt", "tokens", "context is 128"}, scene, before), QString());
        // An argument that is not UTF-8 must pass through the shell: QProcess takes text only.
        const Program shell("/bin/bash");
        const ProgramRun run = shell.run({"-c", "exec \"$0\" generate \"$1\" --prompt $'a\\xff' --device cpu",
                                          kProgram.path(), argument(scene.model)});
        QCOMPARE(faultOf(run, {"prompt", "byte 1", "UTF-8"}, scene, before), QString());
    }
};

QTEST_GUILESS_MAIN(BadInputTest)
#include "bad_input_test.moc"
