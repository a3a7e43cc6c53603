// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/chat/sampler.h"

#include <QTest>
#include <limits>
#include <map>

#include "support/model_runs.h"

namespace gptq::test {

class SamplerTest : public QObject {
    Q_OBJECT

private slots:
    void withoutTemperatureTheLikeliestIsChosen();
    void settingsKeepTheirTokens_data();
    void settingsKeepTheirTokens();
    void tokensComeAsOftenAsTheyAreLikely_data();
    void tokensComeAsOftenAsTheyAreLikely();
    void aSeedSaysItAll();
    void logitsThatAreNoNumbersDoNoHarm();
};

// Probabilities 0.5, 0.25, 0.15, 0.07, 0.03 in this order of tokens: 3, 0, 4, 1, 2.
static const std::vector<float> kLogits{std::log(0.25f), std::log(0.07f), std::log(0.03f), std::log(0.5f),
                                        std::log(0.15f)};
static const std::vector<double> kLikely{0.25, 0.07, 0.03, 0.5, 0.15};

static std::map<TokenId, int> draws(const SamplerSettings& settings, int count) {
    Sampler sampler(settings);
    std::map<TokenId, int> found;
    for (int i = 0; i < count; ++i) ++found[sampler.choose(kLogits)];
    return found;
}

void SamplerTest::withoutTemperatureTheLikeliestIsChosen() {
    for (const double temperature : {0.0, -1.0}) {
        Sampler sampler({.temperature = temperature});
        for (int i = 0; i < 20; ++i) QCOMPARE(sampler.choose(kLogits), 3);
        const std::vector<float> tied{1, 7, 2, 7};
        QCOMPARE(sampler.choose(tied), 1);  // the first of those that are alike
        const std::vector<float> single{-5};
        QCOMPARE(sampler.choose(single), 0);
    }
}

void SamplerTest::settingsKeepTheirTokens_data() {
    QTest::addColumn<double>("temperature");
    QTest::addColumn<int>("topK");
    QTest::addColumn<double>("topP");
    QTest::addColumn<double>("minP");
    QTest::addColumn<QList<int>>("kept");
    const auto row = [](const char* name, double temperature, int topK, double topP, double minP,
                        const QList<int>& kept) { QTest::newRow(name) << temperature << topK << topP << minP << kept; };
    row("nothing set", 1, 0, 1, 0, {0, 1, 2, 3, 4});
    row("the likeliest", 1, 1, 1, 0, {3});
    row("the three likeliest", 1, 3, 1, 0, {0, 3, 4});
    row("more than there are", 1, 50, 1, 0, {0, 1, 2, 3, 4});
    row("half of the mass", 1, 0, 0.49, 0, {3});
    row("a little more than half", 1, 0, 0.51, 0, {0, 3});
    row("nine tenths", 1, 0, 0.89, 0, {0, 3, 4});
    row("no mass at all", 1, 0, 0, 0, {3});
    row("a tenth of the likeliest", 1, 0, 1, 0.1, {0, 1, 3, 4});
    row("half of the likeliest", 1, 0, 1, 0.49, {0, 3});
    row("as likely as the likeliest", 1, 0, 1, 1, {3});
    // Top p counts within the top k: 0.5 / 0.75 is two thirds.
    row("two likeliest, six tenths of them", 1, 2, 0.6, 0, {3});
    row("two likeliest, seven tenths of them", 1, 2, 0.7, 0, {0, 3});
    row("hardly any temperature", 0.01, 0, 1, 0, {3});
    row("much temperature, half of the mass", 1000, 0, 0.5, 0, {0, 3, 4});
}

void SamplerTest::settingsKeepTheirTokens() {
    QFETCH(double, temperature);
    QFETCH(int, topK);
    QFETCH(double, topP);
    QFETCH(double, minP);
    QFETCH(QList<int>, kept);
    QList<int> found;
    for (const auto& [id, count] : draws({temperature, topK, topP, minP, 1}, 4000)) found << id;
    QCOMPARE(found, kept);
}

void SamplerTest::tokensComeAsOftenAsTheyAreLikely_data() {
    QTest::addColumn<double>("temperature");
    QTest::newRow("as they are") << 1.0;
    QTest::newRow("sharpened") << 0.5;
    QTest::newRow("flattened") << 2.0;
}

void SamplerTest::tokensComeAsOftenAsTheyAreLikely() {
    QFETCH(double, temperature);
    const int count = 20000;
    const std::map<TokenId, int> found = draws({.temperature = temperature, .seed = 5}, count);
    double total = 0;
    for (const double likely : kLikely) total += std::pow(likely, 1 / temperature);
    for (const auto& [id, times] : found) {
        const double expected = std::pow(kLikely[static_cast<std::size_t>(id)], 1 / temperature) / total;
        const double deviation = std::sqrt(expected * (1 - expected) / count);
        QVERIFY(std::abs(static_cast<double>(times) / count - expected) < 4 * deviation);
    }
}

void SamplerTest::aSeedSaysItAll() {
    const auto sequence = [](std::uint64_t seed) {
        Sampler sampler({.temperature = 1, .seed = seed});
        std::vector<TokenId> ids;
        for (int i = 0; i < 50; ++i) ids.push_back(sampler.choose(kLogits));
        return ids;
    };
    QCOMPARE(sequence(9), sequence(9));
    QVERIFY(sequence(9) != sequence(10));
}

void SamplerTest::logitsThatAreNoNumbersDoNoHarm() {
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    for (const std::vector<float>& logits :
         {std::vector{nan, nan, nan}, {-infinity, -infinity, -infinity}, {nan, 1.0f, 2.0f}, {0.0f, infinity, 1.0f}}) {
        for (const double temperature : {0.0, 1.0}) {
            const TokenId id = Sampler({.temperature = temperature}).choose(logits);
            QVERIFY(id >= 0 && id < 3);
        }
    }
    // What is masked is never chosen.
    const std::vector<float> masked{-infinity, 1.0f, -infinity};
    Sampler sampler({.temperature = 5});
    for (int i = 0; i < 50; ++i) QCOMPARE(sampler.choose(masked), 1);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::SamplerTest)
#include "sampler_test.moc"
