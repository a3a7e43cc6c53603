// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <QElapsedTimer>
#include <QTest>
#include <random>

#include "core/text/added_tokens.h"
#include "core/text/bpe_decoder.h"
#include "core/text/bpe_normalizer.h"
#include "core/text/utf8.h"
#include "support/test_files.h"
#include "support/token_goldens.h"

namespace gptq::test {

class BpePartsTest : public QObject {
    Q_OBJECT

private slots:
    void charactersAreReadAndWritten();
    void whatIsNoCharacterIsReplaced();
    void compositionIsThatOfUnicode();
    void longRunsOfMarksAreComposedInTime();
    void theLongestTokenCounts();
    void tokensTakeTheSpaceTheyAskFor();
    void wordsAreFoundAsWordsAlone();
    void manyTokensAreFoundInTime();
    void halfCharactersLeaveTheOthersAsTheyAre();
    void aStreamOfAnyIdsAddsUpToTheWhole();
};

void BpePartsTest::charactersAreReadAndWritten() {
    std::string text;
    const std::vector<char32_t> values{0,      0x41,   0x7f,   0x80,   0x7ff,   0x800,
                                       0x2581, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff};
    for (const char32_t value : values) appendUtf8(text, value);
    QVERIFY(!firstInvalidUtf8(text));
    std::size_t at = 0;
    for (const char32_t value : values) {
        const CodePoint character = codePointAt(text, at);
        QCOMPARE(static_cast<quint32>(character.value), static_cast<quint32>(value));
        at += character.bytes;
        QCOMPARE(static_cast<quint32>(codePointBefore(text, at).value), static_cast<quint32>(value));
    }
    QCOMPARE(at, text.size());
}

void BpePartsTest::whatIsNoCharacterIsReplaced() {
    const auto shown = [](const char* text, Replacement replacement) {
        return QString::fromStdString(withReplacements(text, replacement)).replace(QChar(0xfffd), '?');
    };
    QCOMPARE(shown("", Replacement::EachByte), QString());
    QCOMPARE(shown("caf\xc3\xa9", Replacement::EachByte), QString("caf\u00e9"));
    QCOMPARE(shown("a\xf0\x9f\x98", Replacement::EachByte), QString("a???"));
    QCOMPARE(shown("a\xf0\x9f\x98", Replacement::EachPiece), QString("a?"));
    QCOMPARE(shown("\xf0\x9f\xf0\x9f\x98z", Replacement::EachPiece), QString("??z"));
    QCOMPARE(shown("\xff\xc0\x80x\xed\xa0\x80", Replacement::EachPiece), QString("???x???"));
}

void BpePartsTest::compositionIsThatOfUnicode() {
    std::mt19937 random(11);
    const QString alphabet = QString::fromUtf8(
        "aeoAu \nz\u0301\u0323\u0302\u030a\u0344\u1112\u1161\u11ab\uac00\u11a8\u00e9"
        "\u212b\u0958\u093c\u0915\u3046\u3099\u4e00\u00df\u2126");
    for (int round = 0; round < 3000; ++round) {
        QString text;
        for (std::size_t length = random() % 40; length > 0; --length)
            text += alphabet[static_cast<int>(random() % static_cast<unsigned>(alphabet.size()))];
        const QString expected = text.normalized(QString::NormalizationForm_C);
        if (composed(text.toStdString()) != expected.toStdString()) QFAIL(qPrintable("not composed: " + text));
    }
}

void BpePartsTest::longRunsOfMarksAreComposedInTime() {
    std::string text = "e";
    for (int i = 0; i < 200'000; ++i) text += i % 2 == 0 ? "\xcc\x81" : "\xcc\xa3";  // U+0301 above, U+0323 below
    QElapsedTimer timer;
    timer.start();
    const std::string result = composed(text);
    QVERIFY(timer.elapsed() < 20'000);                                   // work in the square would take minutes
    QCOMPARE(result.substr(0, 5), std::string("\xe1\xba\xb9\xcc\xa3"));  // U+1EB9: the marks below come first
}

// "text|<3>|text" for a text in which token 3 was found.
static QString splitBy(const AddedTokens& tokens, const std::string& text,
                       SpecialTokens special = SpecialTokens::Parse) {
    QStringList parts;
    tokens.split(text, special, [&parts](std::string_view part, std::optional<TokenId> id) {
        parts << (id ? QString("<%1>").arg(*id) : QString::fromUtf8(part.data(), static_cast<qsizetype>(part.size())));
    });
    return parts.join('|');
}

void BpePartsTest::theLongestTokenCounts() {
    const AddedTokens tokens({{"ab", 1}, {"abc", 2}, {"a", 3, true}, {"bcd", 4}, {"\xe2\x96\x81", 5}});
    QCOMPARE(splitBy(tokens, ""), QString());
    QCOMPARE(splitBy(tokens, "xyz"), QString("xyz"));
    QCOMPARE(splitBy(tokens, "abcd"), QString("<2>|d"));
    QCOMPARE(splitBy(tokens, "xababcab"), QString("x|<1>|<2>|<1>"));
    QCOMPARE(splitBy(tokens, "aabcda"), QString("<3>|<2>|d|<3>"));
    QCOMPARE(splitBy(tokens, "aabcda", SpecialTokens::AsText), QString("a|<2>|da"));
    QCOMPARE(splitBy(tokens, "a\xe2\x96\x81\xe2\x96\x80"), QString("<3>|<5>|\u2580"));
}

void BpePartsTest::tokensTakeTheSpaceTheyAskFor() {
    AddedToken both{"[M]", 1};
    both.takesSpaceBefore = both.takesSpaceAfter = true;
    QCOMPARE(splitBy(AddedTokens({both}), "a\n\xe3\x80\x80[M]\t b"), QString("a|<1>|b"));
    QCOMPARE(splitBy(AddedTokens({both}), " [M] [M]x"), QString("<1>|<1>|x"));
    const AddedTokens tokens({both, {" ", 2}, {"x", 3}});
    QCOMPARE(splitBy(tokens, "x [M]"), QString("<3>|<2>|<1>"));  // the space is another's already
}

void BpePartsTest::wordsAreFoundAsWordsAlone() {
    AddedToken word{"the", 1};
    word.singleWord = true;
    const AddedTokens tokens({word});
    QCOMPARE(splitBy(tokens, "the then the"), QString("<1>| then |<1>"));
    QCOMPARE(splitBy(tokens, "(the) \xc3\xa9the the\xcc\x81 the_ the2 the-"),
             QString("(|<1>|) \u00e9the the\u0301 the_ the2 |<1>|-"));
}

void BpePartsTest::manyTokensAreFoundInTime() {
    std::vector<AddedToken> tokens;
    for (int i = 1; i <= 1000; ++i) tokens.push_back({std::string(static_cast<std::size_t>(i), 'a') + "b", i});
    const AddedTokens found(std::move(tokens));
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(splitBy(found, std::string(50'000, 'a')).size(), 50'000);
    QVERIFY(timer.elapsed() < 60'000);
}

void BpePartsTest::halfCharactersLeaveTheOthersAsTheyAre() {
    const auto tokenizer = tokenizerOf(textGolden("bpe_variants").at("small"));
    const auto id = [](int byte) { return static_cast<TokenId>(3 + byte); };  // behind <unk>, <s>, </s>
    QCOMPARE(tokenizer->decode({id(0xf0), id(0x9f), id(0x98), id(0x80), id(0xf0)}),
             std::string("\xf0\x9f\x98\x80\xef\xbf\xbd"));
    StreamingDecoder decoder(*tokenizer, {});
    QCOMPARE(decoder.push(id('A')), std::string("A"));
    for (const int byte : {0xf0, 0x9f, 0x98}) QCOMPARE(decoder.push(id(byte)), std::string());
    QCOMPARE(decoder.push(id(0x80)), std::string("\xf0\x9f\x98\x80"));
    QCOMPARE(decoder.finish(), std::string());
}

void BpePartsTest::aStreamOfAnyIdsAddsUpToTheWhole() {
    std::mt19937 random(7);
    for (const auto& tokenizer :
         {tokenizerOf(textGolden("bpe_variants").at("small")), tokenizerOf(smolLm2Document())}) {
        for (int round = 0; round < 200; ++round) {
            std::vector<TokenId> ids(random() % 200);
            for (TokenId& id : ids) {
                const auto range = random() % 2 == 0 ? 300u : static_cast<unsigned>(tokenizer->size());  // bytes often
                id = static_cast<TokenId>(random() % range);
            }
            if (streamed(*tokenizer, ids) != tokenizer->decode(ids)) QFAIL(qPrintable(QString("round %1").arg(round)));
        }
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::BpePartsTest)
#include "bpe_parts_test.moc"
