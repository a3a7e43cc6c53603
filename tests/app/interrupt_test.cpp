// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Ctrl-C and a polite kill end every command soon, with status 130, a word that says so, and nothing on the disk.

#include <signal.h>

#include <QTest>

#include "support/broken_models.h"
#include "support/program.h"
#include "support/test_files.h"

using namespace gptq::test;
using gptq::Json;

namespace {

const Program kProgram = gptqProgram();

// A signal is looked for between chunks of tokens and blocks of columns. On an idle machine that is some tenths of a second
// for the demo; the rest is room for machines that do more than this.
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
constexpr double kMostSeconds = 30;
#else
constexpr double kMostSeconds = 3;
#endif

QString faultOf(const ProgramRun& run, const QStringList& words) {
    if (run.status != 130) return "not interrupted: " + run.summary();
    if (!run.messages.startsWith("gptq: interrupted") || run.messages.count('\n') != 1)
        return "not one message: " + run.summary();
    qInfo("ended after %.2f s", run.seconds);
    if (run.seconds > kMostSeconds) return QString("only after %1 s").arg(run.seconds);
    return lackingIn(run.messages.toStdString(), words);
}

}  // namespace

class InterruptTest : public QObject {
    Q_OBJECT

private slots:
    void quantizing_data() {
        QTest::addColumn<int>("signal");
        QTest::addColumn<QByteArray>("after");
        QTest::newRow("SIGINT, at once") << SIGINT << QByteArray();
        QTest::newRow("SIGINT, in the first stage") << SIGINT << QByteArray("\"quantizing\"");
        QTest::newRow("SIGINT, after some layers") << SIGINT << QByteArray("\"index\":5,");
        QTest::newRow("SIGTERM, after some layers") << SIGTERM << QByteArray("\"index\":5,");
    }
    void quantizing() {
        QFETCH(int, signal);
        QFETCH(QByteArray, after);
        const TemporaryFolder folder;
        const auto output = folder / "new" / "out";
        const ProgramRun run = kProgram.interrupt(
            signal, after,
            {"quantize", "demo", "--out", argument(output), "--samples", "128", "--device", "cpu", "--json"});
        QCOMPARE(faultOf(run, {"nothing was written to " + argument(output)}), QString());
        QVERIFY(treeOf(folder.path()).empty());
        const Json finished = run.lines().back();
        QCOMPARE(finished.at("event").dump(), Json("job_finished").dump());
        QCOMPARE(finished.at("stopped").dump(), Json(true).dump());
    }

    void quantizingWithoutJsonSaysTheSame() {
        const TemporaryFolder folder;
        const auto output = folder / "out";
        const ProgramRun run =
            kProgram.interrupt(SIGINT, {}, {"quantize", "demo", "--out", argument(output), "--device", "cpu"});
        QCOMPARE(faultOf(run, {"nothing was written to " + argument(output)}), QString());
        QCOMPARE(run.out, QByteArray());
        QVERIFY(treeOf(folder.path()).empty());
    }

    void measuring() {
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        QString text = QString::fromStdString(demoText(200'000));  // whole characters or not: the end is cut below
        text.chop(1);
        writeFile(scene.text, text.repeated(20).toStdString());
        for (const int signal : {SIGINT, SIGTERM}) {
            const ProgramRun run = kProgram.interrupt(
                signal, {}, {"eval", "demo", "--text", argument(scene.text), "--device", "cpu", "--json"});
            QCOMPARE(faultOf(run, {}), QString());
            QCOMPARE(run.out, QByteArray());
        }
    }

    void generating() {
        const TemporaryFolder folder;
        const Scene scene(folder.path());
        TinyModel model;
        model.context = 1 << 20;  // room for more than anybody waits for
        model.write(scene.model);
        const ProgramRun run = kProgram.interrupt(
            SIGINT, "Once upon",
            {"generate", argument(scene.model), "--prompt", "Once upon", "--max-tokens", "1000000", "--device", "cpu"});
        QCOMPARE(faultOf(run, {}), QString());
        QVERIFY(run.out.startsWith("Once upon"));
    }
};

QTEST_GUILESS_MAIN(InterruptTest)
#include "interrupt_test.moc"
