// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// GPTQ's bit layout, field by field as GPTQModel's packer writes it.
#include "core/checkpoint/gptq_packing.h"

#include <QTest>
#include <random>

#include "support/test_files.h"

namespace gptq::test {

class GptqPackingTest : public QObject {
    Q_OBJECT

private slots:
    void wholeFieldsFillAWordFromItsLowEnd_data() { addBits(); }
    void wholeFieldsFillAWordFromItsLowEnd();
    void threeBitCodesStraddleTwoWords();
    void linesLieSideBySideOrOneAfterTheOther();
    void whatIsPackedComesBack_data();
    void whatIsPackedComesBack();
    void aPieceIsUnpackedIntoItsPlace();
    void codesAndSizesThatDoNotFitAreRefused();

private:
    void addBits();
};

static std::vector<std::uint8_t> randomCodes(int bits, std::size_t count) {
    std::mt19937 random(static_cast<unsigned>(bits));
    std::vector<std::uint8_t> codes(count);
    for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(random() % (1u << bits));
    return codes;
}

static std::vector<std::uint8_t> unpackedAcross(std::span<const std::uint32_t> words, std::int64_t lines,
                                                std::int64_t count, int bits) {
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(lines * count));
    unpackAcross(words, lines, count, bits, codes.data(), count);
    return codes;
}

void GptqPackingTest::addBits() {
    QTest::addColumn<int>("bits");
    for (const int bits : {2, 4, 8}) QTest::addRow("%d bits", bits) << bits;
}

void GptqPackingTest::wholeFieldsFillAWordFromItsLowEnd() {
    QFETCH(int, bits);
    const std::vector<std::uint8_t> codes = randomCodes(bits, 64);
    const int each = 32 / bits;
    std::vector<std::uint32_t> expected(64u / static_cast<unsigned>(each));
    for (int i = 0; i < 64; ++i)
        expected[static_cast<std::size_t>(i / each)] |= static_cast<std::uint32_t>(codes[static_cast<std::size_t>(i)])
                                                        << bits * (i % each);
    QCOMPARE(packAcross(codes, 1, 64, bits), expected);
    QCOMPARE(packAlong(codes, 1, 64, bits), expected);
}

// 32 codes in three words: 0 to 9 at bit 3j; 10 with its low bits at 30 and its high bit at 0 of the next word; 11 to 20 from
// bit 1; 21 with its low bit at 31 and its high bits at 0 and 1 of the third; 22 to 31 from bit 2.
void GptqPackingTest::threeBitCodesStraddleTwoWords() {
    const std::vector<std::uint8_t> codes = randomCodes(3, 32);
    std::vector<std::uint32_t> expected(3);
    for (std::size_t j = 0; j < 10; ++j) {
        expected[0] |= static_cast<std::uint32_t>(codes[j]) << 3 * j;
        expected[1] |= static_cast<std::uint32_t>(codes[j + 11]) << (3 * j + 1);
        expected[2] |= static_cast<std::uint32_t>(codes[j + 22]) << (3 * j + 2);
    }
    expected[0] |= static_cast<std::uint32_t>(codes[10]) << 30;
    expected[1] |= static_cast<std::uint32_t>(codes[10]) >> 2 & 1;
    expected[1] |= static_cast<std::uint32_t>(codes[21]) << 31;
    expected[2] |= static_cast<std::uint32_t>(codes[21]) >> 1 & 3;
    QCOMPARE(packAcross(codes, 1, 32, 3), expected);
    QCOMPARE(packAlong(codes, 1, 32, 3), expected);
    QCOMPARE(unpackedAcross(expected, 1, 32, 3), codes);
}

void GptqPackingTest::linesLieSideBySideOrOneAfterTheOther() {
    std::vector<std::uint8_t> codes(2 * 16);
    codes[0] = 1;       // line 0, code 0
    codes[8] = 2;       // line 0, code 8: second word
    codes[16] = 3;      // line 1, code 0
    codes[16 + 9] = 4;  // line 1, code 9
    QCOMPARE(packAcross(codes, 2, 16, 4), (std::vector<std::uint32_t>{1, 3, 2, 0x40}));
    QCOMPARE(packAlong(codes, 2, 16, 4), (std::vector<std::uint32_t>{1, 2, 3, 0x40}));
}

void GptqPackingTest::whatIsPackedComesBack_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("lines");
    QTest::addColumn<int>("count");
    for (const int bits : {2, 3, 4, 8}) {
        for (const auto& [lines, count] :
             {std::pair{1, 32}, {3, 64}, {32, 96}, {40, 608}, {17, 300}, {2, 5}})  // the last words half full
            QTest::addRow("%d bits, %d x %d", bits, lines, count) << bits << lines << count;
    }
}

void GptqPackingTest::whatIsPackedComesBack() {
    QFETCH(int, bits);
    QFETCH(int, lines);
    QFETCH(int, count);
    const std::vector<std::uint8_t> codes = randomCodes(bits, static_cast<std::size_t>(lines * count));
    const auto words = static_cast<std::size_t>(lines * ((count * bits + 31) / 32));
    QCOMPARE(packAcross(codes, lines, count, bits).size(), words);
    QCOMPARE(packAlong(codes, lines, count, bits).size(), words);
    QCOMPARE(unpackedAcross(packAcross(codes, lines, count, bits), lines, count, bits), codes);
    QCOMPARE(unpackAlong(packAlong(codes, lines, count, bits), lines, count, bits), codes);
}

void GptqPackingTest::aPieceIsUnpackedIntoItsPlace() {
    constexpr std::int64_t lines = 20, count = 96, before = 32;
    const std::vector<std::uint8_t> codes = randomCodes(3, lines * count);
    const std::vector<std::uint32_t> words = packAcross(codes, lines, count, 3);
    std::vector<std::uint8_t> found = codes;
    for (std::int64_t line = 0; line < lines; ++line) {
        for (std::int64_t k = before; k < count; ++k) found[static_cast<std::size_t>(line * count + k)] = 255;
    }
    const auto piece = std::span(words).subspan(lines * streamWords(before, 3));
    unpackAcross(piece, lines, count - before, 3, found.data() + before, count);
    QCOMPARE(found, codes);
}

void GptqPackingTest::codesAndSizesThatDoNotFitAreRefused() {
    std::vector<std::uint8_t> codes(32);
    codes[7] = 8;
    QCOMPARE(lackingIn(errorOf([&] { packAcross(codes, 1, 32, 3); }), {"code 8 does not fit in 3 bits"}), QString());
    QCOMPARE(lackingIn(errorOf([&] { packAlong(codes, 2, 32, 4); }), {"32 codes for 2 x 32"}), QString());
    const std::vector<std::uint32_t> words(3);
    QCOMPARE(lackingIn(errorOf([&] { unpackAlong(words, 1, 32, 4); }), {"3 words for 1 x 32 codes of 4 bits"}),
             QString());
    QCOMPARE(lackingIn(errorOf([&] { unpackedAcross(words, 1, 32, 4); }), {"3 words for 1 x 32 codes of 4 bits"}),
             QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GptqPackingTest)
#include "gptq_packing_test.moc"
