// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Attention of every backend against its definition in float64: what it gives and what it leaves in the cache.

#include <QTest>
#include <algorithm>
#include <cmath>

#include "support/attention_case.h"
#include "support/backend_fixture.h"
#include "support/reference_ops.h"
#include "support/test_files.h"

namespace gptq::test {

class AttentionTest : public QObject {
    Q_OBJECT

private slots:
    void attentionMatchesItsDefinitionForAnyNumberOfTokens_data();
    void attentionMatchesItsDefinitionForAnyNumberOfTokens();
    void attentionMatchesItsDefinitionInEveryForm_data();
    void attentionMatchesItsDefinitionInEveryForm() { attentionMatchesItsDefinitionForAnyNumberOfTokens(); }
    void attentionMatchesItsDefinitionWhereHeadsShareKeys_data();
    void attentionMatchesItsDefinitionWhereHeadsShareKeys() { attentionMatchesItsDefinitionForAnyNumberOfTokens(); }
    void largeScoresDoNotOverflow_data() { addTargetRows(m_targets); }
    void largeScoresDoNotOverflow();
    void tokenByTokenGivesWhatAllAtOnceGives_data() { addTargetRows(m_targets); }
    void tokenByTokenGivesWhatAllAtOnceGives();
    void aPastBeyondItsLimitIsRefused_data() { addTargetRows(m_targets); }
    void aPastBeyondItsLimitIsRefused();

private:
    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    std::vector<OpTarget> m_targets = openTargets();
};

// Queries, keys, values, probabilities and y are each stored once.
static double attentionTolerance(const OpTarget& on) {
    return on.tolerance(5);
}

void AttentionTest::attentionMatchesItsDefinitionForAnyNumberOfTokens_data() {
    std::vector<AttentionShape> shapes;
    for (const std::int64_t tokens : {1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 127, 128, 129, 255, 257}) {
        shapes.push_back({.tokensEach = tokens, .pastLengths = {0}});
        shapes.push_back({.tokensEach = tokens, .pastLengths = {70}});
        if (tokens <= 65) shapes.push_back({.tokensEach = tokens, .pastLengths = {5, 0, 33}});
    }
    addRows(m_targets, shapes);
}

void AttentionTest::attentionMatchesItsDefinitionForAnyNumberOfTokens() {
    QFETCH(int, target);
    QFETCH(AttentionShape, shape);
    const OpTarget& on = at(target);
    const reference::AttentionParts parts = randomParts(shape, on.activation);
    const reference::AttentionResult expected = reference::attend(parts);
    AttentionThere there(on, parts);
    on.backend->attend(there.call);
    QCOMPARE(differenceOf(there.y.inner(), expected.y, attentionTolerance(on)), QString());
    QCOMPARE(differenceOf(comparable(there.keys.inner()), comparable(expected.keys), attentionTolerance(on)),
             QString());
    QCOMPARE(differenceOf(comparable(there.values.inner()), comparable(expected.values), 0), QString());
    QVERIFY(there.y.intact() && there.qkv.intact() && there.keys.intact() && there.values.intact());
}

void AttentionTest::attentionMatchesItsDefinitionInEveryForm_data() {
    std::vector<AttentionShape> shapes;
    const auto add = [&](auto change) {
        AttentionShape prefill{.tokensEach = 70, .pastLengths = {0, 9}},
            decode{.tokensEach = 1, .pastLengths = {0, 40, 7}};
        change(prefill), change(decode);
        shapes.push_back(prefill), shapes.push_back(decode);
    };
    for (const auto& [heads, kvHeads] : {std::pair{1, 1}, {4, 4}, {6, 1}, {9, 3}, {8, 2}})
        add([&](AttentionShape& shape) { shape.spec.heads = heads, shape.spec.kvHeads = kvHeads; });
    for (const int size : {16, 64, 80, 96, 128})
        add([&](AttentionShape& shape) { shape.spec.headSize = shape.rotary = size; });
    for (const int rotary : {0, 2, 8, 16, 24}) add([&](AttentionShape& shape) { shape.rotary = rotary; });
    for (const int window : {1, 2, 7, 32, 64, 65, 1000})
        add([&](AttentionShape& shape) { shape.spec.window = window; });
    for (const auto norms : {HeadNorms::Queries, HeadNorms::Keys, HeadNorms::Both})
        add([&](AttentionShape& shape) { shape.norms = norms; });
    add([&](AttentionShape& shape) { shape.norms = HeadNorms::Both, shape.rotary = 0; });
    add([&](AttentionShape& shape) { shape.magnitude = 1.25f; });
    add([&](AttentionShape& shape) { shape.spareSequences = 2; });
    // Several blocks of queries, and tiles of keys that some of a block's queries see nothing of.
    for (const int size : {64, 96, 128, 200, 256}) {
        for (const int window : {0, 1, 40, 64, 150})
            shapes.push_back({.spec = {.heads = 2, .kvHeads = 1, .headSize = size, .scale = 0.1f, .window = window},
                              .rotary = size,
                              .tokensEach = 150,
                              .pastLengths = {0, 77}});
    }
    addRows(m_targets, shapes);
}

// CUDA takes up to eight heads of a key together, from three on by tensor cores where a head has 64 or 128 elements.
void AttentionTest::attentionMatchesItsDefinitionWhereHeadsShareKeys_data() {
    std::vector<AttentionShape> shapes;
    const auto add = [&](int heads, int kvHeads, int size, std::vector<std::int32_t> past, auto change) {
        AttentionShape shape{.spec = {.heads = heads, .kvHeads = kvHeads, .headSize = size, .scale = 0.2f, .window = 0},
                             .rotary = size,
                             .tokensEach = 1,
                             .pastLengths = std::move(past)};
        change(shape);
        shapes.push_back(shape);
    };
    const auto asItIs = [](AttentionShape&) {};
    for (const int size : {64, 128}) {
        for (const int shared : {2, 3, 4, 7, 8, 9, 16}) add(shared, 1, size, {150}, asItIs);
        for (const int past : {0, 1, 14, 15, 16, 62, 63, 64, 127, 128, 191, 192, 300}) add(12, 3, size, {past}, asItIs);
        add(8, 2, size, {700, 0, 3, 64, 129}, asItIs);
        for (const int tokens : {2, 5, 8})
            add(8, 2, size, {200, 17}, [&](AttentionShape& shape) { shape.tokensEach = tokens; });
        for (const int window : {1, 16, 50, 64, 100, 150})
            add(7, 1, size, {140, 290}, [&](AttentionShape& shape) { shape.spec.window = window; });
        add(8, 2, size, {90}, [](AttentionShape& shape) { shape.norms = HeadNorms::Both; });
        add(8, 2, size, {90}, [](AttentionShape& shape) { shape.rotary = 0; });
    }
    add(8, 2, 96, {90}, asItIs);
    add(8, 2, 256, {90}, asItIs);
    addRows(m_targets, shapes);
}

void AttentionTest::largeScoresDoNotOverflow() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    const AttentionShape shape{
        .spec = {.heads = 1, .kvHeads = 1, .headSize = 32, .scale = 1, .window = 0}, .rotary = 0, .tokensEach = 3};
    reference::AttentionParts parts = randomParts(shape, on.activation);
    // Scores of 3200, 0 and -3200 for every query: the first key takes all.
    for (std::int64_t t = 0; t < 3; ++t) {
        for (std::int64_t i = 0; i < 32; ++i)
            parts.qkv.at(t, i) = 10, parts.qkv.at(t, 32 + i) = 10.0 * static_cast<double>(1 - t);
    }
    AttentionThere there(on, parts);
    on.backend->attend(there.call);
    Matrix expected(3, 32);
    for (std::int64_t t = 0; t < 3; ++t) {
        for (std::int64_t i = 0; i < 32; ++i) expected.at(t, i) = parts.qkv.at(0, 64 + i);
    }
    QCOMPARE(differenceOf(there.y.inner(), expected, on.tolerance()), QString());
}

void AttentionTest::tokenByTokenGivesWhatAllAtOnceGives() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    const AttentionShape shape{.spec = {.heads = 4, .kvHeads = 2, .headSize = 64, .scale = 0.125f, .window = 12},
                               .rotary = 64,
                               .norms = HeadNorms::Both,
                               .tokensEach = 20};
    const reference::AttentionParts parts = randomParts(shape, on.activation);
    AttentionThere atOnce(on, parts), stepwise(on, parts);
    on.backend->attend(atOnce.call);
    const AttentionCall whole = stepwise.call;
    for (std::int64_t t = 0; t < shape.tokensEach; ++t) {
        const Tensor past = uploadedInts(*on.backend, {static_cast<std::int32_t>(t)});
        AttentionCall step = whole;
        step.qkv = whole.qkv.rowRange(t, 1);
        step.y = whole.y.rowRange(t, 1);
        step.batch = {.sequences = 1, .tokensEach = 1, .pastLengths = past.view(), .pastLimit = t};
        on.backend->attend(step);
    }
    QCOMPARE(differenceOf(stepwise.y.inner(), atOnce.y.inner(), attentionTolerance(on)), QString());
    QCOMPARE(differenceOf(comparable(stepwise.keys.inner()), comparable(atOnce.keys.inner()), on.tolerance()),
             QString());
}

void AttentionTest::aPastBeyondItsLimitIsRefused() {
    QFETCH(int, target);
    const OpTarget& on = at(target);
    if (on.backend->device().kind != Device::Kind::Cpu) return;  // known on the device only: the caller's promise
    const reference::AttentionParts parts = randomParts({.tokensEach = 2, .pastLengths = {4, 6}}, on.activation);
    AttentionThere there(on, parts);
    there.call.batch.pastLimit = 5;
    QCOMPARE(lackingIn(errorOf([&] { on.backend->attend(there.call); }), {"attention", "past of 6", "limit of 5"}),
             QString());
    const Tensor negative = uploadedInts(*on.backend, {4, -1});
    there.call.batch.pastLengths = negative.view();
    QCOMPARE(lackingIn(errorOf([&] { on.backend->attend(there.call); }), {"attention", "past of -1"}), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::AttentionTest)
#include "attention_test.moc"
