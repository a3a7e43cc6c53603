// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Tiny random models give the logits of Hugging Face transformers (tests/golden/models/README.md).
#include <QTest>

#include "core/chat/text_generator.h"
#include "support/model_runs.h"

namespace gptq::test {

static constexpr double kTolerance = 1e-4;  // of the largest logit; what each case is about moves them by 1e-2 or more

static const std::vector<const char*> kModels{
    "llama-untied",  "llama-gqa-tied", "llama3-rope", "llama-linear-rope", "llama-rope-parameters", "llama-head-dim-24",
    "llama-sharded", "mistral-window", "qwen2-bias",  "qwen3-norms",       "llama-yarn-rope"};

class GoldenModelsTest : public QObject {
    Q_OBJECT

private slots:
    void logitsAreThoseOfTransformers_data() { addModels(); }
    void logitsAreThoseOfTransformers();
    void aCacheFilledTokenByTokenGivesTheSame_data() { addModels(); }
    void aCacheFilledTokenByTokenGivesTheSame();
    void aWindowHidesWhatIsBeforeIt();

private:
    void addModels();
};

static std::vector<TokenId> idsOf(const char* name) {
    return storedTensor<std::int32_t>(goldenModel(name) / "golden.safetensors", "input_ids");
}

static std::vector<float> goldenLogits(const char* name) {
    return storedTensor<float>(goldenModel(name) / "golden.safetensors", "logits");
}

void GoldenModelsTest::addModels() {
    QTest::addColumn<QString>("name");
    for (const char* name : kModels) QTest::newRow(name) << name;
}

void GoldenModelsTest::logitsAreThoseOfTransformers() {
    QFETCH(QString, name);
    const std::string model = name.toStdString();
    const double difference = largestDifference(logitsOf(openCheckpoint(goldenModel(model)), idsOf(model.c_str())),
                                                goldenLogits(model.c_str()));
    QVERIFY2(difference < kTolerance, qPrintable(QString::number(difference)));
}

void GoldenModelsTest::aCacheFilledTokenByTokenGivesTheSame() {
    QFETCH(QString, name);
    const std::string model = name.toStdString();
    const std::vector<TokenId> ids = idsOf(model.c_str());
    const std::vector<float> expected = goldenLogits(model.c_str());
    const Checkpoint checkpoint = openCheckpoint(goldenModel(model));
    const DecoderModel decoder(cpu(), checkpoint);
    DecodeSequence sequence(decoder, static_cast<std::int64_t>(ids.size()));
    std::vector<float> found(expected.size());
    const std::size_t width = expected.size() / ids.size(), together = 7;
    std::size_t done = 0;
    while (done < ids.size()) {  // a few at once, then one by one
        const std::size_t count = done == 0 ? together : 1;
        const auto& last = sequence.advance(
            {ids.begin() + static_cast<std::ptrdiff_t>(done), ids.begin() + static_cast<std::ptrdiff_t>(done + count)});
        done += count;
        std::copy(last.begin(), last.end(), found.begin() + static_cast<std::ptrdiff_t>((done - 1) * width));
    }
    QCOMPARE(sequence.length(), static_cast<std::int64_t>(ids.size()));
    const std::size_t seen = (together - 1) * width;  // only the last of those at once has been answered
    const double difference = largestDifference(std::span(found).subspan(seen), std::span(expected).subspan(seen));
    QVERIFY2(difference < kTolerance, qPrintable(QString::number(difference)));
}

void GoldenModelsTest::aWindowHidesWhatIsBeforeIt() {
    Checkpoint model = openCheckpoint(goldenModel("mistral-window"));
    QCOMPARE(model.config.windows, std::vector<std::int64_t>(2, 16));
    model.config.windows.clear();
    const std::vector<TokenId> ids = idsOf("mistral-window");
    const std::vector<float> open = logitsOf(model, ids), windowed = goldenLogits("mistral-window");
    const std::size_t width = open.size() / ids.size();
    // A token's first 16 positions see all there is; after that the window matters.
    QVERIFY(largestDifference(std::span(open).first(16 * width), std::span(windowed).first(16 * width)) < kTolerance);
    QVERIFY(largestDifference(open, windowed) > 100 * kTolerance);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GoldenModelsTest)
#include "golden_models_test.moc"
