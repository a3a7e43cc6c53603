// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What is known of the weights that a recorded step reads next.

#include <QTest>
#include <array>

#include "kernels/cuda/lookahead.h"

namespace gptq::test {

class LookaheadTest : public QObject {
    Q_OBJECT

private slots:
    void nothingIsKnownBeforeAStepRan() {
        Lookahead lookahead;
        QVERIFY(isNothing(pass(lookahead, 0)));
        lookahead.tell();
        QVERIFY(isNothing(pass(lookahead, 0)));
    }
    void nothingIsToldWhileAStepIsLearned() {
        Lookahead lookahead;
        lookahead.learn();
        QVERIFY(isNothing(pass(lookahead, 0)));
        QVERIFY(isNothing(pass(lookahead, 1)));
    }
    void eachProductIsToldTheNext() {
        Lookahead lookahead = told({0, 1, 2});
        QVERIFY(is(pass(lookahead, 0), 1));
        QVERIFY(is(pass(lookahead, 1), 2));
        QVERIFY(isNothing(pass(lookahead, 2)));
    }
    void aProductThatIsReadTwiceIsToldWhatFollowsEach() {
        Lookahead lookahead = told({0, 1, 0, 2});
        QVERIFY(is(pass(lookahead, 0), 1));
        QVERIFY(is(pass(lookahead, 1), 0));
        QVERIFY(is(pass(lookahead, 0), 2));
    }
    void anotherStepThanTheLearnedOneIsToldNothing() {
        Lookahead lookahead = told({0, 1, 2});
        QVERIFY(isNothing(pass(lookahead, 1)));
        QVERIFY(isNothing(pass(lookahead, 0)));
    }
    void aLongerStepThanTheLearnedOneIsToldNothingMore() {
        Lookahead lookahead = told({0, 1});
        pass(lookahead, 0);
        pass(lookahead, 1);
        QVERIFY(isNothing(pass(lookahead, 2)));
        QVERIFY(isNothing(pass(lookahead, 0)));
    }
    void anEndedStepIsToldNothing() {
        Lookahead lookahead = told({0, 1});
        lookahead.end();
        QVERIFY(isNothing(pass(lookahead, 0)));
    }
    void aStepForgetsTheOneBefore() {
        Lookahead lookahead = told({0, 1});
        lookahead.learn();
        pass(lookahead, 0);
        pass(lookahead, 2);
        lookahead.tell();
        QVERIFY(is(pass(lookahead, 0), 2));
    }

private:
    static ComingWeights weights(std::size_t product) { return {&memory[product], 100 + product}; }
    static ComingWeights pass(Lookahead& lookahead, std::size_t product) { return lookahead.pass(weights(product)); }
    static bool is(const ComingWeights& coming, std::size_t product) {
        return coming.data == weights(product).data && coming.bytes == weights(product).bytes;
    }
    static bool isNothing(const ComingWeights& coming) { return coming.data == nullptr && coming.bytes == 0; }
    static Lookahead told(std::initializer_list<std::size_t> products) {
        Lookahead lookahead;
        lookahead.learn();
        for (const std::size_t product : products) pass(lookahead, product);
        lookahead.tell();
        return lookahead;
    }
    inline static std::array<std::byte, 3> memory{};
};

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::LookaheadTest)
#include "lookahead_test.moc"
