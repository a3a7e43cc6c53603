// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The next token's choice, and the end of a step, of every backend.

#include <QTest>
#include <cmath>

#include "support/backend_fixture.h"
#include "support/test_files.h"

namespace gptq::test {

class ChoiceTest : public QObject {
    Q_OBJECT

private slots:
    void theFirstLargestOfTheChoicesIsChosen_data() { addTargetRows(m_targets); }
    void theFirstLargestOfTheChoicesIsChosen();
    void logitsThatAreNoNumbersLeaveNoChoice_data() { addTargetRows(m_targets); }
    void logitsThatAreNoNumbersLeaveNoChoice();
    void aStepEndsWithItsChoiceInTheLog_data() { addTargetRows(m_targets); }
    void aStepEndsWithItsChoiceInTheLog();
    void wrongShapesAreRefused_data() { addTargetRows(m_targets); }
    void wrongShapesAreRefused();

private:
    Backend& at(int target) const { return *m_targets[static_cast<std::size_t>(target)].backend; }
    std::vector<std::int32_t> chosen(Backend& backend, const Matrix& logits, std::int64_t choices) const {
        const Tensor there = uploaded(backend, logits, DType::Float32);
        Tensor ids = uploadedInts(backend, std::vector<std::int32_t>(static_cast<std::size_t>(logits.rows), 77));
        backend.chooseLargest(there.view(), choices, ids.view());
        std::vector<std::int32_t> found(static_cast<std::size_t>(logits.rows));
        backend.copy(ids.view(), hostView(found.data(), {logits.rows}));
        return found;
    }

    std::vector<OpTarget> m_targets = openTargets();
};

void ChoiceTest::theFirstLargestOfTheChoicesIsChosen() {
    QFETCH(int, target);
    for (const std::int64_t width : {1, 31, 256, 257, 9000, 70001}) {
        Matrix logits = roundedTo(DType::Float32, randomMatrix(3, width, 41, 5));
        const std::int64_t choices = width - width / 4;
        std::vector<std::int32_t> expected;
        for (std::int64_t t = 0; t < 3; ++t) {
            const std::int64_t best = (t + 1) * choices / 4, twin = std::min(best + 5, choices - 1);
            logits.at(t, best) = logits.at(t, twin) = t == 0 ? -0.0 : 30.0;
            if (t == 0) {  // all below zero, and zeros of either sign are equal
                for (std::int64_t i = 0; i < width; ++i) logits.at(t, i) = i == best || i == twin ? 0.0 : -1.0 - i % 7;
                logits.at(t, best) = -0.0;
            }
            if (width > choices) logits.at(t, width - 1) = 100;  // no choice
            expected.push_back(static_cast<std::int32_t>(best));
        }
        QCOMPARE(chosen(at(target), logits, choices), expected);
    }
}

void ChoiceTest::logitsThatAreNoNumbersLeaveNoChoice() {
    QFETCH(int, target);
    for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
        Matrix logits(2, 300, 1);
        logits.at(0, 299) = bad;
        logits.at(1, 7) = 3;
        QCOMPARE(chosen(at(target), logits, 300), (std::vector<std::int32_t>{-1, 7}));
        QCOMPARE(chosen(at(target), logits, 299), (std::vector<std::int32_t>{0, 7}));
    }
}

void ChoiceTest::aStepEndsWithItsChoiceInTheLog() {
    QFETCH(int, target);
    Backend& backend = at(target);
    const Buffer visible = backend.allocateVisible(3 * sizeof(std::int32_t));
    const auto* const log = reinterpret_cast<const std::int32_t*>(visible.data());
    const TensorView there(visible.data(), DType::Int32, Shape{3}, backend.device());
    Tensor position = uploadedInts(backend, {7});
    for (int step = 0; step < 5; ++step) {
        const Tensor id = uploadedInts(backend, {100 + step});
        backend.advancePosition(id.view(), position.view(), there);
        backend.moment()->await();
        QCOMPARE(log[(8 + step) % 3], 100 + step);
        if (step > 0) QCOMPARE(log[(7 + step) % 3], 99 + step);
    }
    std::int32_t found = 0;
    backend.copy(position.view(), hostView(&found, {1}));
    QCOMPARE(found, 12);
}

void ChoiceTest::wrongShapesAreRefused() {
    QFETCH(int, target);
    Backend& backend = at(target);
    const Tensor logits = filled(backend, DType::Float32, 2, 8, 1);
    Tensor two = uploadedInts(backend, {0, 0}), one = uploadedInts(backend, {0});
    const auto choose = [&](std::int64_t choices, const Tensor& ids) {
        return errorOf(
            [&] { backend.chooseLargest(logits.view(), choices, TensorView(const_cast<Tensor&>(ids).view())); });
    };
    QCOMPARE(lackingIn(choose(0, two), {"0 choices"}), QString());
    QCOMPARE(lackingIn(choose(9, two), {"9 choices", "8 logits"}), QString());
    QCOMPARE(lackingIn(choose(8, one), {"choice: ids"}), QString());
    const auto advance = [&](Tensor& id, Tensor& position) {
        return errorOf([&] { backend.advancePosition(id.view(), position.view(), two.view()); });
    };
    QCOMPARE(lackingIn(advance(two, one), {"advance: id"}), QString());
    QCOMPARE(lackingIn(advance(one, two), {"advance: position"}), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::ChoiceTest)
#include "choice_test.moc"
