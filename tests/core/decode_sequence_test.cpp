// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A sequence that goes from choice to choice on the device, which may work ahead, against one whose logits come to the host every
// time.

#include <QTest>
#include <algorithm>

#include "core/chat/text_generator.h"
#include "support/backend_fixture.h"
#include "support/model_runs.h"
#include "support/test_files.h"
#include "support/tiny_model.h"

namespace gptq::test {

class DecodeSequenceTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        TinyModel{}.write(m_folder.path());
        m_model = openCheckpoint(m_folder.path());
    }
    void choicesOnTheDeviceAreThoseOfItsLogits_data() { addCases(); }
    void choicesOnTheDeviceAreThoseOfItsLogits();
    void otherTokensTakeThePlaceOfWhatWasAskedForAhead_data() { addCases(); }
    void otherTokensTakeThePlaceOfWhatWasAskedForAhead();

private:
    void addCases() {
        QTest::addColumn<int>("target");
        QTest::addColumn<StepsAhead>("ahead");
        for (std::size_t t = 0; t < m_targets.size(); ++t) {
            QTest::addRow("%s", m_targets[t].name.c_str()) << static_cast<int>(t) << StepsAhead::WhereItPays;
            QTest::addRow("%s, ahead", m_targets[t].name.c_str()) << static_cast<int>(t) << StepsAhead::Always;
        }
    }
    static TokenId likeliestOf(const std::vector<float>& logits, std::int64_t choices) {
        return static_cast<TokenId>(std::max_element(logits.begin(), logits.begin() + choices) - logits.begin());
    }
    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    static constexpr std::int64_t kRoom = 12;
    TemporaryFolder m_folder;
    Checkpoint m_model;
    std::vector<OpTarget> m_targets = openTargets();
};

void DecodeSequenceTest::choicesOnTheDeviceAreThoseOfItsLogits() {
    QFETCH(int, target);
    QFETCH(StepsAhead, ahead);
    const DecoderModel decoder(*at(target).backend, m_model);
    DecodeSequence byChoice(decoder, kRoom, ahead), byLogits(decoder, kRoom);
    const std::vector<TokenId> prompt = randomIds(5, 3, 64);
    byChoice.advance(prompt);
    TokenId expected = likeliestOf(byLogits.advance(prompt), 64);
    QCOMPARE(byChoice.likeliest(64), expected);
    while (byLogits.length() < kRoom) {
        expected = likeliestOf(byLogits.advance({expected}), 64);
        QCOMPARE(byChoice.advanceByLikeliest(), expected);
        QCOMPARE(byChoice.length(), byLogits.length());
    }
    QCOMPARE(lackingIn(errorOf([&] { byChoice.advanceByLikeliest(); }), {"12 tokens", "full"}), QString());
}

void DecodeSequenceTest::otherTokensTakeThePlaceOfWhatWasAskedForAhead() {
    QFETCH(int, target);
    QFETCH(StepsAhead, ahead);
    const DecoderModel decoder(*at(target).backend, m_model);
    DecodeSequence byChoice(decoder, kRoom, ahead), byLogits(decoder, kRoom);
    const std::vector<TokenId> prompt = randomIds(6, 4, 64);
    byChoice.advance(prompt);
    const TokenId first = likeliestOf(byLogits.advance(prompt), 64);
    QCOMPARE(byChoice.likeliest(64), first);
    const std::vector<float> second = byLogits.advance({first});
    QCOMPARE(byChoice.advanceByLikeliest(), likeliestOf(second, 64));
    // The same logits, of which fewer may be chosen.
    QCOMPARE(byChoice.likeliest(20), likeliestOf(second, 20));
    QCOMPARE(byChoice.length(), byLogits.length());
    const std::vector<float> third = byLogits.advance({likeliestOf(second, 20)});
    QCOMPARE(byChoice.advanceByLikeliest(), likeliestOf(third, 20));
    // Another token than the one that a step was asked for with.
    const std::vector<TokenId> other = {static_cast<TokenId>((likeliestOf(third, 20) + 1) % 64)};
    QCOMPARE(byChoice.advance(other), byLogits.advance(other));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::DecodeSequenceTest)
#include "decode_sequence_test.moc"
