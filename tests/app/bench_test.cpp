// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// gptq bench on the CPU, a block of the smallest shape: it measures what it says it does, and its products are right.

#include <QTest>

#include "support/program.h"

using namespace gptq::test;

class BenchTest : public QObject {
    Q_OBJECT

private slots:
    void productsAreTimedAndRight() {
        const auto lines = rows({"kernels", "--tokens", "1,16"});
        QCOMPARE(lines.size(), std::size_t{8});  // two numbers of tokens of four products
        for (const gptq::Json& line : lines) {
            QVERIFY(line.at("us").get<double>() > 0 && line.at("p5").get<double>() <= line.at("us").get<double>());
            QVERIFY(line.at("error").get<double>() < 1e-5);  // float32 sums of at most 1,536 terms
        }
    }

    void bothModelsDecode() { bothRun("decode", "context"); }
    void bothModelsTakeAPrompt() { bothRun("prefill", "tokens"); }
    void lengthsCanBeChosen() {
        const auto contexts = rows({"decode", "--tokens", "0,5"}), prompts = rows({"prefill", "--tokens", "3,7"});
        QCOMPARE(contexts.size(), std::size_t{4});
        for (std::size_t i = 0; i < contexts.size(); ++i)
            QCOMPARE(contexts[i].at("context").get<int>(), i % 2 == 0 ? 0 : 5);
        QCOMPARE(prompts.size(), std::size_t{4});
        for (std::size_t i = 0; i < prompts.size(); ++i)
            QCOMPARE(prompts[i].at("tokens").get<int>(), i % 2 == 0 ? 3 : 7);
    }
    void columnsOfTheTableLieBelowEachOther() {
        const ProgramRun run =
            gptqProgram().run({"bench", "prefill", "--tokens", "3,7", "--shape", "smollm2-135m:1", "--device", "cpu"});
        QCOMPARE(run.status, 0);
        const QList<QByteArray> lines = run.out.trimmed().split('\n');
        QVERIFY2(lines.size() >= 5, qPrintable(run.summary()));
        const QList<QByteArray> table = lines.last(5);  // titles, and two prompts of either model
        const auto scheme = table.front().indexOf("scheme"), tokens = table.front().indexOf("tokens") + 6;
        for (const QByteArray& row : table.sliced(1)) {
            QVERIFY2(row.indexOf(row.contains("float32") ? "float32" : "4-bit, group 128") == scheme, row.constData());
            QVERIFY2(QList<QByteArray>({"3", "7"}).contains(row.first(tokens).split(' ').last()), row.constData());
        }
    }
    void noTokensAreNoProductAndNoPrompt() {
        for (const char* what : {"kernels", "prefill"}) {
            const ProgramRun run = benched({what, "--tokens", "4,0"});
            QCOMPARE(run.status, 2);
            QVERIFY2(run.messages.contains("--tokens: 0 is a context"), qPrintable(run.summary()));
        }
    }
    void lengthsBeyondTheContextAreRefused() {
        for (const char* what : {"decode", "prefill"}) {
            const ProgramRun run = benched({what, "--tokens", "8193"});
            QCOMPARE(run.status, 1);
            QVERIFY2(run.messages.contains("smollm2-135m:1 has a context of 8192 tokens"), qPrintable(run.summary()));
        }
    }

private:
    static ProgramRun benched(const QStringList& what) {
        return gptqProgram().run(QStringList{"bench"} + what +
                                 QStringList{"--shape", "smollm2-135m:1", "--device", "cpu", "--json"});
    }
    static std::vector<gptq::Json> rows(const QStringList& what) {
        const ProgramRun run = benched(what);
        if (run.status != 0) QTest::qFail(qPrintable(run.summary()), __FILE__, __LINE__);
        std::vector<gptq::Json> lines = run.lines();
        std::erase_if(lines, [](const gptq::Json& line) { return line.contains("bench"); });  // the heading
        return lines;
    }
    static void bothRun(const char* what, const char* size) {
        const auto lines = rows({what, "--quick"});
        QCOMPARE(lines.size(), std::size_t{2});
        QVERIFY(lines[0].at("scheme") == "4-bit, group 128, symmetric" && lines[1].at("scheme") == "float32");
        for (const gptq::Json& line : lines) QVERIFY(line.contains(size) && line.at("tok/s").get<double>() > 0);
    }
};

QTEST_APPLESS_MAIN(BenchTest)
#include "bench_test.moc"
