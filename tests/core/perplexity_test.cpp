// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/evaluation/perplexity.h"

#include <QTest>

#include "support/model_runs.h"
#include "support/test_files.h"
#include "support/tiny_model.h"

namespace gptq::test {

class PerplexityTest : public QObject {
    Q_OBJECT

private slots:
    void itIsTheMeanLossOfFullWindows_data();
    void itIsTheMeanLossOfFullWindows();
    void windowsAreCappedAtTheContext();
    void progressTellsEachStateAndMayStop();
    void textsTooShortAreRefused();
    void outputsThatAreNoNumbersAreRefused();
    void theOpeningTokenComesFirst();

private:
    const Checkpoint m_model = openCheckpoint(goldenModel("llama-gqa-tied"));
    const DecoderModel m_decoder{cpu(), m_model};
};

void PerplexityTest::itIsTheMeanLossOfFullWindows_data() {
    QTest::addColumn<int>("length");
    QTest::addColumn<int>("count");
    QTest::addColumn<int>("windows");
    QTest::newRow("one window") << 16 << 16 << 1;
    QTest::newRow("a rest that fills none") << 16 << 63 << 3;
    QTest::newRow("windows of two") << 2 << 20 << 10;
    QTest::newRow("more than go together") << 200 << 200 * 41 << 41;  // 20 sequences at a time
}

void PerplexityTest::itIsTheMeanLossOfFullWindows() {
    QFETCH(int, length);
    QFETCH(int, count);
    QFETCH(int, windows);
    const std::vector<TokenId> ids = randomIds(1, static_cast<std::size_t>(count), 320);
    double sum = 0;
    for (int w = 0; w < windows; ++w) {
        const std::vector<TokenId> window(ids.begin() + w * length, ids.begin() + (w + 1) * length);
        const std::vector<float> logits = logitsOf(m_model, window);
        for (int i = 0; i + 1 < length; ++i) {
            const float* row = logits.data() + i * 320;
            double total = 0;
            for (int j = 0; j < 320; ++j) total += std::exp(static_cast<double>(row[j]));
            sum += std::log(total) - row[window[static_cast<std::size_t>(i + 1)]];
        }
    }
    const Perplexity found = measurePerplexity(m_decoder, ids, length, "text", {});
    QCOMPARE(found.windows, std::int64_t{windows});
    QCOMPARE(found.tokens, std::int64_t{windows} * (length - 1));
    QCOMPARE(found.sequenceLength, std::int64_t{length});
    QVERIFY(std::abs(found.nllSum - sum) < 1e-5 * sum);
    QVERIFY(std::abs(found.perplexity - std::exp(sum / static_cast<double>(found.tokens))) < 1e-4 * found.perplexity);
}

void PerplexityTest::windowsAreCappedAtTheContext() {
    const std::vector<TokenId> ids = randomIds(2, 600, 320);
    const Perplexity found = measurePerplexity(m_decoder, ids, 100000, "text", {});
    QCOMPARE(found.sequenceLength, std::int64_t{256});
    QCOMPARE(found.windows, std::int64_t{2});
}

void PerplexityTest::progressTellsEachStateAndMayStop() {
    const std::vector<TokenId> ids = randomIds(3, 200 * 41, 320);
    std::vector<std::int64_t> done;
    Perplexity last;
    const Perplexity found =
        measurePerplexity(m_decoder, ids, 200, "text", [&](const Perplexity& soFar, std::int64_t windows) {
            done.push_back(soFar.windows);
            last = soFar;
            QCOMPARE(windows, std::int64_t{41});
        });
    QCOMPARE(done, (std::vector<std::int64_t>{20, 40, 41}));
    QCOMPARE(last.perplexity, found.perplexity);
    const auto stop = [&] {
        measurePerplexity(m_decoder, ids, 200, "text", [](const Perplexity&, std::int64_t) { throw Error("enough"); });
    };
    QCOMPARE(errorOf(stop), std::string("enough"));
}

void PerplexityTest::textsTooShortAreRefused() {
    const auto refusal = [&](std::size_t count, std::int64_t length) {
        return errorOf([&] { measurePerplexity(m_decoder, randomIds(4, count, 320), length, "book.txt", {}); });
    };
    QCOMPARE(lackingIn(refusal(15, 16), {"book.txt", "15 tokens", "window of 16", "--seq-len"}), QString());
    QCOMPARE(lackingIn(refusal(100, 1), {"at least 2 tokens"}), QString());
    QCOMPARE(lackingIn(refusal(100, -5), {"at least 2 tokens"}), QString());
}

void PerplexityTest::outputsThatAreNoNumbersAreRefused() {
    TinyModel tiny;
    tiny.type = StoredType::F32;
    tiny.vocabulary = 64;
    tiny.change = [](const std::string& name, std::vector<float>& values) {
        if (name == "model.norm.weight") values[3] = 3e38f;
    };
    const TemporaryFolder folder;
    tiny.write(folder.path());
    const Checkpoint model = openCheckpoint(folder.path());
    const DecoderModel decoder(cpu(), model);
    const auto measure = [&] { measurePerplexity(decoder, randomIds(5, 64, 64), 16, "book.txt", {}); };
    QCOMPARE(lackingIn(errorOf(measure), {"book.txt", "NaN or infinite", "window"}), QString());
}

void PerplexityTest::theOpeningTokenComesFirst() {
    const auto tokenizer = loadTokenizer(demoModel());
    const std::vector<TokenId> text = tokenizer->encode("a fox");
    std::vector<TokenId> expected = text;
    expected.insert(expected.begin(), 1);
    QCOMPARE(evaluationIds(*tokenizer, "a fox"), expected);
    const TemporaryFolder folder;
    std::filesystem::copy(demoModel() / "tokenizer.model", folder / "tokenizer.model");
    writeFile(folder / "tokenizer_config.json", "{\"add_bos_token\": false}");
    QCOMPARE(evaluationIds(*loadTokenizer(folder.path()), "a fox"), text);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::PerplexityTest)
#include "perplexity_test.moc"
