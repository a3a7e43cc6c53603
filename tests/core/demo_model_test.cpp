// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The demo model answers as its reference (tests/golden/demo) does.
#include <QTest>

#include "core/calibration/text_file.h"
#include "core/chat/text_generator.h"
#include "core/evaluation/perplexity.h"
#include "support/model_runs.h"
#include "support/test_files.h"

namespace gptq::test {

class DemoModelTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void logitsOfThePromptAreTheReferences();
    void theGreedyContinuationIsTheReferences();
    void perplexityIsTheReferences();

private:
    std::vector<TokenId> idsOf(const char* key) const { return m_golden.at(key).get<std::vector<TokenId>>(); }

    Json m_golden;
    Checkpoint m_model;
    std::unique_ptr<Tokenizer> m_tokenizer;
};

static const char* const kPrompt = "Once upon a time there was a little fox who";

void DemoModelTest::initTestCase() {
    m_golden = readJson(demoGolden("golden.json"));
    m_model = openCheckpoint(demoModel());
    m_tokenizer = loadTokenizer(demoModel());
}

void DemoModelTest::logitsOfThePromptAreTheReferences() {
    const auto expected = storedTensor<float>(demoGolden("prompt_logits.safetensors"), "logits");
    const double difference = largestDifference(logitsOf(m_model, idsOf("prompt_ids")), expected);
    QVERIFY2(difference < 1e-4, qPrintable(QString::number(difference)));
}

void DemoModelTest::theGreedyContinuationIsTheReferences() {
    QCOMPARE(evaluationIds(*m_tokenizer, kPrompt), idsOf("prompt_ids"));
    const DecoderModel decoder(cpu(), m_model);
    std::string streamed;
    const GenerationResult result =
        generateText(decoder, *m_tokenizer, kPrompt, 48, {}, [&](const std::string& piece) { streamed += piece; });
    QCOMPARE(result.ids, idsOf("greedy_ids"));
    QCOMPARE(kPrompt + result.text, m_golden.at("greedy_text").get<std::string>());
    QCOMPARE(streamed, result.text);
    QCOMPARE(result.promptTokens, std::int64_t{12});
    QCOMPARE(nameOf(result.end), "max_tokens");
}

void DemoModelTest::perplexityIsTheReferences() {
    const DecoderModel decoder(cpu(), m_model);
    const auto ids = evaluationIds(*m_tokenizer, readText(demoModel() / "heldout.txt"));
    std::int64_t reports = 0;
    const Perplexity found =
        measurePerplexity(decoder, ids, 2048, "heldout.txt", [&](const Perplexity&, std::int64_t windows) {
            ++reports;
            QCOMPARE(windows, std::int64_t{91});
        });
    const Json& expected = m_golden.at("fp16");
    QCOMPARE(found.sequenceLength, std::int64_t{512});  // 2048 asked for, the context holds
    QCOMPARE(found.windows, std::int64_t{91});
    QCOMPARE(found.tokens, expected.at("tokens").get<std::int64_t>());
    QVERIFY(reports > 1);
    const double wanted = expected.at("ppl").get<double>();
    QVERIFY2(std::abs(found.perplexity - wanted) < 5e-4 * wanted,
             qPrintable(QString::number(found.perplexity, 'f', 5)));
    QVERIFY(std::abs(found.nllSum - expected.at("nll_sum").get<double>()) < 1e-4 * found.nllSum);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::DemoModelTest)
#include "demo_model_test.moc"
