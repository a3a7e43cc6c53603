// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the command line takes and what it refuses before any work: exit status 2, a word on what is wrong, nothing done.

#include <QRegularExpression>
#include <QTest>

#include "support/broken_models.h"
#include "support/program.h"
#include "support/test_files.h"

using namespace gptq::test;
using gptq::Json;

namespace {

const Program kProgram = gptqProgram();

// "OUT", "MODEL" and "TEXT" stand for the scene's paths.
QStringList argumentsFor(const Scene& scene, const QString& line) {
    QStringList arguments = line.split(' ', Qt::SkipEmptyParts);
    arguments.replaceInStrings("OUT", argument(scene.output));
    arguments.replaceInStrings("MODEL", argument(scene.model));
    arguments.replaceInStrings("TEXT", argument(scene.text));
    return arguments;
}

}  // namespace

class CommandLineTest : public QObject {
    Q_OBJECT

private slots:
    void aWrongCommandLineIsRefused_data() {
        QTest::addColumn<QString>("line");
        QTest::addColumn<QStringList>("words");
        const auto row = [](const char* line, const QStringList& words) {
            QTest::newRow(line) << QString(line) << words;
        };
        const QStringList commands{"devices", "inspect", "quantize", "eval", "generate", "bench"};
        row("", QStringList{"a command is missing"} + commands);
        row("frobnicate demo", QStringList{"'frobnicate'"} + commands);
        row("quantise MODEL --calibration TEXT --out OUT", QStringList{"'quantise'"} + commands);
        row("--frob", QStringList{"'--frob'"} + commands);
        row("--json devices", QStringList{"'--json'"} + commands);
        row("devices demo", {"demo"});
        row("inspect", {"MODEL"});
        row("inspect MODEL demo", {"demo"});
        row("eval MODEL", {"--text"});
        row("eval MODEL --text TEXT --device tpu", {"tpu", "cpu", "cuda:0"});
        row("eval MODEL --text TEXT --device cuda:-1", {"cuda:-1"});
        row("eval MODEL --text TEXT --device cuda:0x", {"cuda:0x"});
        row("eval MODEL --text TEXT --seq-len 1", {"--seq-len"});
        row("generate MODEL", {"--prompt"});
        row("generate MODEL --prompt a --max-tokens 0", {"--max-tokens"});
        row("generate MODEL --prompt a --max-tokens many", {"--max-tokens"});
        row("generate MODEL --prompt a --temperature -1", {"--temperature"});
        row("generate MODEL --prompt a --temperature nan", {"--temperature", "nan"});
        row("generate MODEL --prompt a --temperature inf", {"--temperature"});
        row("generate MODEL --prompt a --top-p 1.5", {"--top-p"});
        row("generate MODEL --prompt a --top-p nan", {"--top-p"});
        row("generate MODEL --prompt a --min-p nan", {"--min-p"});
        row("generate MODEL --prompt a --top-k -1", {"--top-k"});
        row("generate MODEL --prompt a --seed -1", {"--seed"});
        row("quantize MODEL --calibration TEXT", {"--out"});
        row("quantize MODEL --out OUT", {"--calibration"});
        row("quantize --calibration TEXT --out OUT", {"MODEL"});
        row("quantize MODEL --calibration TEXT --out OUT --frob", {"--frob"});
        row("quantize MODEL --calibration TEXT --out", {"--out"});
        row("quantize MODEL --calibration TEXT --out OUT --out OUT", {"--out"});
        row("quantize MODEL --calibration TEXT --out OUT --bits 5", {"--bits", "5", "2,3,4,8"});
        row("quantize MODEL --calibration TEXT --out OUT --bits 4.5", {"--bits"});
        row("quantize MODEL --calibration TEXT --out OUT --group-size 12", {"--group-size", "12", "multiple of 8"});
        row("quantize MODEL --calibration TEXT --out OUT --group-size 0", {"--group-size"});
        row("quantize MODEL --calibration TEXT --out OUT --group-size -2", {"--group-size"});
        row("quantize MODEL --calibration TEXT --out OUT --group-size 32x", {"--group-size"});
        row("quantize MODEL --calibration TEXT --out OUT --group-size 99999999999999999999", {"--group-size"});
        row("quantize MODEL --calibration TEXT --out OUT --sym --asym", {"--sym", "--asym"});
        row("quantize MODEL --calibration TEXT --out OUT --asym --format gptq", {"--asym", "gptq-v2"});
        row("quantize MODEL --calibration TEXT --out OUT --format zip", {"--format", "gptq"});
        row("quantize MODEL --calibration TEXT --out OUT --method magic", {"--method", "rtn"});
        row("quantize MODEL --calibration TEXT --out OUT --damp 2", {"--damp"});
        row("quantize MODEL --calibration TEXT --out OUT --damp nan", {"--damp"});
        row("quantize MODEL --calibration TEXT --out OUT --block-size 0", {"--block-size"});
        row("quantize MODEL --calibration TEXT --out OUT --samples 0", {"--samples"});
        row("quantize MODEL --calibration TEXT --out OUT --seq-len 0", {"--seq-len"});
        row("quantize MODEL --calibration TEXT --out OUT --shuffle -1", {"--shuffle"});
        row("quantize MODEL --calibration TEXT --out OUT --shard-size 4Q", {"--shard-size", "4Q"});
        row("quantize MODEL --calibration TEXT --out OUT --shard-size 0", {"--shard-size"});
    }
    void aWrongCommandLineIsRefused() {
        QFETCH(QString, line);
        QFETCH(QStringList, words);
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        const auto before = treeOf(folder.path());
        const ProgramRun run = kProgram.run(argumentsFor(scene, line));
        QVERIFY2(run.status == 2, qPrintable(run.summary()));
        QCOMPARE(lackingIn(run.messages.toStdString(), words), QString());
        QVERIFY2(run.out.isEmpty(), run.out.constData());
        QVERIFY(treeOf(folder.path()) == before);
    }

    void helpIsNoError_data() {
        QTest::addColumn<QString>("line");
        QTest::addColumn<QStringList>("words");
        QTest::newRow("the program") << "--help"
                                     << QStringList{"devices", "inspect", "quantize", "eval", "generate", "--version"};
        QTest::newRow("devices") << "devices --help" << QStringList{"--json"};
        QTest::newRow("inspect") << "inspect --help" << QStringList{"MODEL", "--json"};
        QTest::newRow("quantize") << "quantize --help"
                                  << QStringList{"MODEL",         "--calibration", "--out",        "--method",
                                                 "--format",      "--bits",        "--group-size", "--sym",
                                                 "--asym",        "--act-order",   "--damp",       "--block-size",
                                                 "--samples",     "--seq-len",     "--shuffle",    "--shard-size",
                                                 "--no-fallback", "--device",      "--json"};
        QTest::newRow("eval") << "eval --help" << QStringList{"MODEL", "--text", "--seq-len", "--device", "--json"};
        QTest::newRow("generate") << "generate --help"
                                  << QStringList{"MODEL",   "--prompt", "--max-tokens", "--temperature", "--top-k",
                                                 "--top-p", "--min-p",  "--seed",       "--device",      "--json"};
    }
    void helpIsNoError() {
        QFETCH(QString, line);
        QFETCH(QStringList, words);
        const ProgramRun run = kProgram.run(line.split(' '));
        QCOMPARE(run.status, 0);
        QCOMPARE(run.messages, QByteArray());
        QCOMPARE(lackingIn(run.out.toStdString(), words), QString());
    }

    void theVersionIsNoError() {
        const ProgramRun run = kProgram.run({"--version"});
        QCOMPARE(run.status, 0);
        QVERIFY2(QRegularExpression("^[0-9]+\\.[0-9]+\\.[0-9]+\n$").match(run.out).hasMatch(), run.out.constData());
    }

    void aDeviceThatIsNotThereIsSaidWithItsReason() {
        const Json devices = kProgram.run({"devices", "--json"}).json();
        for (const Json& device : devices.at("devices")) {
            if (device.at("name") == "cuda:0") QSKIP("this machine has CUDA");
        }
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        const ProgramRun run =
            kProgram.run({"eval", argument(scene.model), "--text", argument(scene.text), "--device", "cuda:0"});
        QCOMPARE(run.status, 1);
        QCOMPARE(run.messages.count('\n'), qsizetype{1});
        const auto reason = QString::fromStdString(devices.at("cuda_absence").get<std::string>());
        QVERIFY(!reason.isEmpty());
        QCOMPARE(lackingIn(run.messages.toStdString(), {"gptq: cuda:0", reason}), QString());
    }
};

QTEST_GUILESS_MAIN(CommandLineTest)
#include "command_line_test.moc"
