// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Tokenizers and a text that are not part of the repository; what is not on this machine is skipped.

#include <QElapsedTimer>
#include <QTest>
#include <array>

#include "support/test_files.h"
#include "support/token_goldens.h"

namespace gptq::test {

namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
static constexpr bool kIsMeasured = false;
#else
static constexpr bool kIsMeasured = true;
#endif

struct Subject {
    QString golden;
    SpecialTokens special = SpecialTokens::Parse;
    double leastMegabytesPerSecond = 0;  // with two threads
};
static const std::array<Subject, 3> kSubjects{{{"gpt2_bpe", SpecialTokens::AsText, 10},
                                               {"tinyllama_tokenizer", SpecialTokens::Parse, 3},
                                               {"smollm2_bpe", SpecialTokens::Parse, 10}}};

// None where it is not on this machine.
static std::unique_ptr<Tokenizer> tokenizerOf(const Subject& subject) {
    if (subject.golden == "smollm2_bpe") return tokenizerOf(smolLm2Document());
    const fs::path folder = foreignData(subject.golden == "gpt2_bpe" ? "tokenizers/gpt2" : "tokenizers/tinyllama");
    return fs::exists(folder) ? loadTokenizer(folder) : nullptr;
}

class BpeForeignGoldenTest : public QObject {
    Q_OBJECT

private slots:
    void idsAndTextsAreTheReferenceLibrarys_data() { eachSubject(); }
    void idsAndTextsAreTheReferenceLibrarys();
    void aLargeTextHasTheReferenceLibrarysIds_data() { eachSubject(); }
    void aLargeTextHasTheReferenceLibrarysIds();
    void aLargeTextIsTokenizedInTime_data() { eachSubject(); }
    void aLargeTextIsTokenizedInTime();
    void theFoldersSayWhatOpensATextAndWhatEndsIt();

private:
    static void eachSubject();
    static std::string largeText(const Json& golden);
};

void BpeForeignGoldenTest::eachSubject() {
    QTest::addColumn<int>("index");
    for (int i = 0; const Subject& subject : kSubjects) QTest::newRow(qPrintable(subject.golden)) << i++;
}

std::string BpeForeignGoldenTest::largeText(const Json& golden) {
    const fs::path file = foreignData("wikitext2/wiki.valid.raw");
    if (!fs::exists(file)) return {};
    return readFile(file).substr(0, golden.at("wikitext2_1mb").at("bytes").get<std::size_t>());
}

void BpeForeignGoldenTest::idsAndTextsAreTheReferenceLibrarys() {
    QFETCH(int, index);
    const Subject& subject = kSubjects[static_cast<std::size_t>(index)];
    const auto tokenizer = tokenizerOf(subject);
    if (!tokenizer) QSKIP("this tokenizer is not part of the repository, and not on this machine");
    QCOMPARE(firstDifference(*tokenizer, textGolden(subject.golden.toStdString()), subject.special), QString());
}

void BpeForeignGoldenTest::aLargeTextHasTheReferenceLibrarysIds() {
    QFETCH(int, index);
    const Subject& subject = kSubjects[static_cast<std::size_t>(index)];
    const auto tokenizer = tokenizerOf(subject);
    const Json golden = textGolden(subject.golden.toStdString());
    const std::string text = largeText(golden);
    if (!tokenizer || text.empty()) QSKIP("this tokenizer or WikiText-2 is not on this machine");
    for (const int threads : {1, 2, 5}) {
        dynamic_cast<BpeTokenizer&>(*tokenizer).setThreads(threads);
        const auto ids = tokenizer->encode(text, subject.special);
        QCOMPARE(ids.size(), golden.at("wikitext2_1mb").at("ids").get<std::size_t>());
        QCOMPARE(sha256Of(ids), golden.at("wikitext2_1mb").at("sha256").get<std::string>());
        QCOMPARE(tokenizer->decode(ids, SpecialText::Show), text);
    }
}

void BpeForeignGoldenTest::aLargeTextIsTokenizedInTime() {
    QFETCH(int, index);
    const Subject& subject = kSubjects[static_cast<std::size_t>(index)];
    const auto tokenizer = tokenizerOf(subject);
    const std::string text = largeText(textGolden(subject.golden.toStdString()));
    if (!tokenizer || text.empty()) QSKIP("this tokenizer or WikiText-2 is not on this machine");
    dynamic_cast<BpeTokenizer&>(*tokenizer).setThreads(2);
    double best = 0;  // of several, because other programs share the processor
    for (int round = 0; round < (kIsMeasured ? 9 : 1); ++round) {
        QElapsedTimer timer;
        timer.start();
        tokenizer->encode(text, subject.special);
        best = std::max(best, 1e3 * static_cast<double>(text.size()) / static_cast<double>(timer.nsecsElapsed()));
    }
    qInfo("%s: %.1f MB/s with two threads", qPrintable(subject.golden), best);
    if (kIsMeasured) QVERIFY2(best >= subject.leastMegabytesPerSecond, qPrintable(QString::number(best)));
}

void BpeForeignGoldenTest::theFoldersSayWhatOpensATextAndWhatEndsIt() {
    const auto gpt2 = tokenizerOf(kSubjects[0]);
    const auto tinyLlama = tokenizerOf(kSubjects[1]);
    if (!gpt2 || !tinyLlama) QSKIP("these tokenizers are not on this machine");
    QCOMPARE(gpt2->openingToken(), std::optional<TokenId>());
    QCOMPARE(gpt2->endTokens(), std::vector<TokenId>{50256});
    QCOMPARE(gpt2->encode("<|endoftext|>", SpecialTokens::Parse), std::vector<TokenId>{50256});
    QCOMPARE(gpt2->description(), std::string("byte-level BPE, 50257 pieces"));
    QCOMPARE(tinyLlama->openingToken(), std::optional<TokenId>(1));
    QCOMPARE(tinyLlama->description(), std::string("BPE, 32000 pieces"));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::BpeForeignGoldenTest)
#include "bpe_foreign_golden_test.moc"
