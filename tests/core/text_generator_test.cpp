// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/chat/text_generator.h"

#include <QTest>

#include "support/model_runs.h"
#include "support/test_files.h"
#include "support/tiny_model.h"

namespace gptq::test {

// The demo's tokenizer with other tokens at begin and end.
class FakeTokenizer final : public Tokenizer {
public:
    std::string description() const override { return m_real->description(); }
    std::int64_t size() const override { return m_real->size(); }
    std::vector<TokenId> encode(std::string_view text, SpecialTokens special) const override {
        return m_real->encode(text, special);
    }
    std::string decode(const std::vector<TokenId>& ids, SpecialText special) const override {
        return m_real->decode(ids, special);
    }
    std::optional<TokenId> openingToken() const override { return opening; }
    std::vector<TokenId> endTokens() const override { return ends; }

    std::optional<TokenId> opening = 1;
    std::vector<TokenId> ends;

private:
    std::unique_ptr<Tokenizer> m_real = loadTokenizer(demoModel());
};

class TextGeneratorTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void itEndsAfterTheTokensAskedFor();
    void itEndsAtAnEndToken();
    void itEndsWhereTheContextIsFull();
    void everyChosenTokenFollowsFromAllBeforeIt();
    void aLongPromptRunsInPieces();
    void samplingFollowsItsSeed();
    void paddingIsNeverChosen();
    void piecesAddUpToTheTextAndMayStop();
    void promptsThatCannotBeContinuedAreRefused();
    void aSequenceTakesNoMoreThanItHasRoomFor();
    void aChoiceIsGivenUpForOtherTokens();
    void outputsThatAreNoNumbersAreRefused();

private:
    GenerationResult generate(std::int64_t maxTokens, const SamplerSettings& settings = {}) const {
        return generateText(*m_decoder, m_tokenizer, kPrompt, maxTokens, settings, {});
    }

    static constexpr const char* kPrompt = "Once upon a time there was";

    TemporaryFolder m_folder;
    FakeTokenizer m_fake;
    const Tokenizer& m_tokenizer = m_fake;
    Checkpoint m_model;
    std::unique_ptr<DecoderModel> m_decoder;
};

void TextGeneratorTest::initTestCase() {
    TinyModel{}.write(m_folder.path());
    m_model = openCheckpoint(m_folder.path());
    m_decoder = std::make_unique<DecoderModel>(cpu(), m_model);
}

void TextGeneratorTest::itEndsAfterTheTokensAskedFor() {
    const GenerationResult result = generate(10);
    QCOMPARE(result.ids.size(), std::size_t{10});
    QCOMPARE(nameOf(result.end), "max_tokens");
    QCOMPARE(result.promptTokens, static_cast<std::int64_t>(m_tokenizer.encode(kPrompt).size() + 1));
    QVERIFY(result.tokensPerSecond() > 0);
    const GenerationResult none = generate(0);
    QVERIFY(none.ids.empty() && none.text.empty());
    QCOMPARE(nameOf(none.end), "max_tokens");
}

void TextGeneratorTest::itEndsAtAnEndToken() {
    const std::vector<TokenId> free = generate(20).ids;
    const auto third = std::find(free.begin(), free.end(), free[3]) - free.begin();
    m_fake.ends = {4090, free[3]};
    const GenerationResult result = generate(20);
    m_fake.ends = {};
    QCOMPARE(nameOf(result.end), "end_token");
    QCOMPARE(result.ids, std::vector<TokenId>(free.begin(), free.begin() + third));  // without the end token
}

void TextGeneratorTest::itEndsWhereTheContextIsFull() {
    const GenerationResult result = generate(std::numeric_limits<std::int64_t>::max());
    QCOMPARE(nameOf(result.end), "context_full");
    // The last token was chosen from a full context, and needs no room in it.
    QCOMPARE(result.promptTokens + static_cast<std::int64_t>(result.ids.size()), std::int64_t{128 + 1});
}

void TextGeneratorTest::everyChosenTokenFollowsFromAllBeforeIt() {
    const GenerationResult result = generate(20);
    std::vector<TokenId> all = m_tokenizer.encode(kPrompt);
    all.insert(all.begin(), 1);
    const std::size_t prompt = all.size();
    all.insert(all.end(), result.ids.begin(), result.ids.end());
    const std::vector<float> logits = logitsOf(m_model, all);
    for (std::size_t i = 0; i < result.ids.size(); ++i) {
        const auto row = logits.begin() + static_cast<std::ptrdiff_t>((prompt + i - 1) * 4096);
        QCOMPARE(static_cast<TokenId>(std::max_element(row, row + 4096) - row), result.ids[i]);
    }
}

void TextGeneratorTest::aLongPromptRunsInPieces() {
    TinyModel tiny;
    tiny.context = 2048;
    tiny.vocabulary = 64;
    const TemporaryFolder folder;
    tiny.write(folder.path());
    const Checkpoint model = openCheckpoint(folder.path());
    const DecoderModel decoder(cpu(), model);
    const std::vector<TokenId> ids = randomIds(1, 1025, 64);  // two pieces of 512 and one token
    DecodeSequence sequence(decoder, 1100);
    const std::vector<float> found = sequence.advance(ids);
    QCOMPARE(sequence.length(), std::int64_t{1025});
    const std::vector<float> expected = logitsOf(model, ids);
    QVERIFY(largestDifference(found, std::span(expected).last(64)) < 1e-4);
}

void TextGeneratorTest::samplingFollowsItsSeed() {
    const SamplerSettings settings{.temperature = 1, .topK = 50, .seed = 11};
    SamplerSettings other = settings;
    other.seed = 12;
    QCOMPARE(generate(20, settings).ids, generate(20, settings).ids);
    QVERIFY(generate(20, settings).ids != generate(20, other).ids);
    QVERIFY(generate(20, settings).ids != generate(20).ids);
}

void TextGeneratorTest::paddingIsNeverChosen() {
    TinyModel tiny;
    tiny.vocabulary = 4096 + 64;
    tiny.tiedHead = false;
    tiny.change = [](const std::string& name, std::vector<float>& values) {
        if (name != "lm_head.weight") return;
        for (std::size_t i = 4096 * 64; i < values.size(); ++i) values[i] *= 100;  // padding would always win
    };
    const TemporaryFolder folder;
    tiny.write(folder.path());
    const Checkpoint model = openCheckpoint(folder.path());
    const DecoderModel decoder(cpu(), model);
    for (const double temperature : {0.0, 1.0}) {
        const GenerationResult result =
            generateText(decoder, m_tokenizer, kPrompt, 20, {.temperature = temperature}, {});
        QCOMPARE(result.ids.size(), std::size_t{20});
        for (const TokenId id : result.ids) QVERIFY(id < 4096);
    }
}

void TextGeneratorTest::piecesAddUpToTheTextAndMayStop() {
    const SamplerSettings settings{.temperature = 1, .seed = 3};  // with bytes of broken characters among its tokens
    std::string pieces;
    int calls = 0;
    const GenerationResult result =
        generateText(*m_decoder, m_tokenizer, kPrompt, 60, settings, [&](const std::string& piece) {
            QVERIFY(!piece.empty());
            pieces += piece;
            ++calls;
        });
    QVERIFY(calls > 20);
    QCOMPARE(pieces, result.text);
    std::vector<TokenId> all = m_tokenizer.encode(kPrompt);
    all.insert(all.end(), result.ids.begin(), result.ids.end());
    QCOMPARE(kPrompt + result.text, m_tokenizer.decode(all));
    const auto stop = [&] {
        generateText(*m_decoder, m_tokenizer, kPrompt, 60, settings, [](const std::string&) { throw Error("enough"); });
    };
    QCOMPARE(errorOf(stop), std::string("enough"));
}

void TextGeneratorTest::promptsThatCannotBeContinuedAreRefused() {
    const auto refusal = [&](const std::string& prompt) {
        return errorOf([&] { generateText(*m_decoder, m_tokenizer, prompt, 5, {}, {}); });
    };
    QVERIFY(refusal("").empty());  // the opening token will do
    m_fake.opening = std::nullopt;
    QCOMPARE(lackingIn(refusal(""), {"prompt is empty"}), QString());
    m_fake.opening = 1;
    QCOMPARE(lackingIn(refusal(demoText(2000)), {"context is 128", "shorten it"}), QString());
}

void TextGeneratorTest::aSequenceTakesNoMoreThanItHasRoomFor() {
    DecodeSequence sequence(*m_decoder, 10);
    QCOMPARE(lackingIn(errorOf([&] { sequence.advance({}); }), {"cannot take 0 more"}), QString());
    QCOMPARE(
        lackingIn(errorOf([&] { sequence.advance(randomIds(1, 11, 64)); }), {"0 tokens", "11 more", "room for 10"}),
        QString());
    sequence.advance(randomIds(1, 9, 64));
    sequence.advance({5});
    QCOMPARE(lackingIn(errorOf([&] { sequence.advance({5}); }), {"10 tokens", "1 more"}), QString());
    QCOMPARE(sequence.length(), std::int64_t{10});
}

void TextGeneratorTest::aChoiceIsGivenUpForOtherTokens() {
    DecodeSequence sequence(*m_decoder, 10);
    const auto byChoice = [&] { sequence.advanceByLikeliest(); };
    QCOMPARE(lackingIn(errorOf([&] { sequence.likeliest(64); }), {"empty sequence"}), QString());
    QCOMPARE(lackingIn(errorOf(byChoice), {"no token was chosen"}), QString());
    sequence.advance(randomIds(1, 4, 64));
    sequence.likeliest(64);
    byChoice();
    QCOMPARE(sequence.length(), std::int64_t{5});
    sequence.advance({5});
    QCOMPARE(lackingIn(errorOf(byChoice), {"no token was chosen"}), QString());
}

void TextGeneratorTest::outputsThatAreNoNumbersAreRefused() {
    TinyModel tiny;
    tiny.type = StoredType::F32;
    tiny.change = [](const std::string& name, std::vector<float>& values) {
        if (name == "model.norm.weight") values[3] = 3e38f;
    };
    const TemporaryFolder folder;
    tiny.write(folder.path());
    const Checkpoint model = openCheckpoint(folder.path());
    const DecoderModel decoder(cpu(), model);
    for (const double temperature : {0.0, 1.0}) {
        const auto run = [&] { generateText(decoder, m_tokenizer, kPrompt, 5, {.temperature = temperature}, {}); };
        QCOMPARE(lackingIn(errorOf(run), {"NaN or infinite", "damaged"}), QString());
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::TextGeneratorTest)
#include "text_generator_test.moc"
