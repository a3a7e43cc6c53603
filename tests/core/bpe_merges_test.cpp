// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_merges.h"

#include <QElapsedTimer>
#include <QTest>
#include <map>
#include <random>

namespace gptq::test {

class BpeMergesTest : public QObject {
    Q_OBJECT

private slots:
    void theLowestRankGoesFirst();
    void ofEqualRanksTheLeftmostGoesFirst();
    void aRepeatedPairReplacesTheEarlier();
    void anyWordIsMergedAsByHand();
    void longWordsTakeTheirTime();
};

using Pairs = std::map<std::pair<TokenId, TokenId>, BpeMerge>;

static BpeMerges tableOf(const Pairs& pairs) {
    BpeMerges merges(pairs.size());
    for (const auto& [pair, merge] : pairs) merges.add(pair.first, pair.second, merge);
    return merges;
}

static std::vector<TokenId> merged(const BpeMerges& merges, std::vector<TokenId> symbols) {
    WordMerger(merges).merge(symbols);
    return symbols;
}

// The definition, as slow as it is.
static std::vector<TokenId> mergedByHand(const Pairs& pairs, std::vector<TokenId> symbols) {
    for (;;) {
        std::size_t best = symbols.size();
        BpeMerge bestMerge;
        for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
            const auto pair = pairs.find({symbols[i], symbols[i + 1]});
            if (pair == pairs.end() || pair->second.rank >= bestMerge.rank) continue;
            best = i;
            bestMerge = pair->second;
        }
        if (best == symbols.size()) return symbols;
        symbols[best] = bestMerge.product;
        symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    }
}

void BpeMergesTest::theLowestRankGoesFirst() {
    const BpeMerges merges = tableOf({{{1, 2}, {1, 10}}, {{2, 3}, {0, 11}}, {{1, 11}, {2, 12}}});
    QCOMPARE(merged(merges, {1, 2, 3}), std::vector<TokenId>{12});
    QCOMPARE(merged(merges, {1, 2, 1}), (std::vector<TokenId>{10, 1}));
    QCOMPARE(merged(merges, {}), std::vector<TokenId>());
    QCOMPARE(merged(merges, {7}), std::vector<TokenId>{7});
}

void BpeMergesTest::ofEqualRanksTheLeftmostGoesFirst() {
    const BpeMerges merges = tableOf({{{1, 1}, {0, 2}}, {{2, 2}, {1, 0}}});  // 0 is an id like any other
    QCOMPARE(merged(merges, {1, 1, 1}), (std::vector<TokenId>{2, 1}));
    QCOMPARE(merged(merges, std::vector<TokenId>(99, 1)),
             mergedByHand({{{1, 1}, {0, 2}}, {{2, 2}, {1, 0}}}, std::vector<TokenId>(99, 1)));
}

void BpeMergesTest::aRepeatedPairReplacesTheEarlier() {
    BpeMerges merges(3);
    merges.add(1, 2, {0, 5});
    merges.add(2, 2, {1, 6});
    merges.add(1, 2, {2, 5});
    QCOMPARE(merged(merges, {1, 2, 2}), (std::vector<TokenId>{1, 6}));
}

void BpeMergesTest::anyWordIsMergedAsByHand() {
    std::mt19937 random(3);
    for (int round = 0; round < 400; ++round) {
        // Symbols stand for their length, so that products grow as pieces do.
        const TokenId letters = 1 + static_cast<TokenId>(random() % 4);
        Pairs pairs;
        TokenId next = letters;
        const std::size_t count = random() % 60;
        for (std::uint32_t rank = 0; rank < count; ++rank) {
            const auto any = [&] { return static_cast<TokenId>(random() % static_cast<unsigned>(next)); };
            pairs.try_emplace({any(), any()}, BpeMerge{rank, next});
            ++next;
        }
        std::vector<TokenId> word(random() % 150);
        for (TokenId& symbol : word) symbol = static_cast<TokenId>(random() % static_cast<unsigned>(letters));
        if (merged(tableOf(pairs), word) != mergedByHand(pairs, word))
            QFAIL(qPrintable(QString("round %1").arg(round)));
    }
}

void BpeMergesTest::longWordsTakeTheirTime() {
    Pairs pairs;
    for (TokenId i = 0; i < 12; ++i) pairs[{i, i}] = {static_cast<std::uint32_t>(i), i + 1};
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(merged(tableOf(pairs), std::vector<TokenId>(1u << 19, 0)).size(), std::size_t{1} << 7);
    QVERIFY(timer.elapsed() < 60'000);  // quadratic work would take hours
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::BpeMergesTest)
#include "bpe_merges_test.moc"
