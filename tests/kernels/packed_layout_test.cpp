// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/packed_layout.h"

#include <QTest>
#include <algorithm>
#include <set>
#include <utility>

#include "support/matrix.h"
#include "support/test_files.h"

namespace gptq::test {

using Codes = std::vector<std::uint8_t>;
using Words = std::vector<std::uint32_t>;

class PackedLayoutTest : public QObject {
    Q_OBJECT

private slots:
    void codesComeBackAsTheyWere_data();
    void codesComeBackAsTheyWere();
    void everyPositionOfATileHasOneLaneAndCode();
    void positionsAreThoseOfTheTensorCoreFragment();
    void fourBitCodesLieAsTheDiagramSays();
    void twoBitAndEightBitCodesLieAsTheFormulaSays();
    void threeBitCodesLieAsTheTableSays();
    void thePairsOfARowStandAtOneBitAfterAShift();
    void tilesFollowEachOtherAlongTheRowFirst();
    void columnsBehindTheLastHoldTheMiddleCode();
    void sizesAreThoseOfWholeTiles();
    void codesThatDoNotFitAreRefused_data() { bitCounts(); }
    void codesThatDoNotFitAreRefused();
    void otherSizesAreRefused_data();
    void otherSizesAreRefused();
    void countsThatDisagreeAreRefused();

private:
    static void bitCounts() {
        QTest::addColumn<int>("bits");
        for (const int bits : supportedBits()) QTest::addRow("%d bits", bits) << bits;
    }
};

static Codes randomBytes(std::int64_t rows, std::int64_t columns, int bits) {
    const Matrix codes = randomCodes(rows, columns, static_cast<unsigned>(rows + columns), 1 << bits);
    return {codes.values.begin(), codes.values.end()};
}

// A tile of zeros but for one code.
static Words packedWithOne(int bits, TilePosition at, unsigned code) {
    Codes codes(32 * 64);
    codes[static_cast<std::size_t>(at.row * 64 + at.column)] = static_cast<std::uint8_t>(code);
    return packCodes(codes, 32, 64, bits);
}

// The one word that is not zero, and its place.
static std::pair<std::size_t, std::uint32_t> onlyWord(const Words& words) {
    std::pair<std::size_t, std::uint32_t> found{words.size(), 0};
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == 0) continue;
        if (found.second != 0) return {words.size(), 0};
        found = {i, words[i]};
    }
    return found;
}

void PackedLayoutTest::codesComeBackAsTheyWere_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("columns");
    for (const int bits : supportedBits()) {
        for (const auto& [rows, columns] : {std::pair{32, 32}, {32, 64}, {64, 96}, {96, 160}, {160, 576}, {576, 32}})
            QTest::addRow("%d bits, %d x %d", bits, rows, columns) << bits << rows << columns;
    }
}

void PackedLayoutTest::codesComeBackAsTheyWere() {
    QFETCH(int, bits);
    QFETCH(int, rows);
    QFETCH(int, columns);
    const Codes codes = randomBytes(rows, columns, bits);
    const Words words = packCodes(codes, rows, columns, bits);
    QCOMPARE(static_cast<std::int64_t>(words.size()), packedWords(rows, columns, bits));
    QVERIFY(unpackCodes(words, rows, columns, bits) == codes);
}

void PackedLayoutTest::everyPositionOfATileHasOneLaneAndCode() {
    std::set<std::pair<int, int>> positions;
    for (int lane = 0; lane < kTileLanes; ++lane) {
        for (int code = 0; code < kLaneCodes; ++code) {
            const TilePosition at = positionInTile(lane, code);
            QVERIFY(at.row >= 0 && at.row < kTileRows && at.column >= 0 && at.column < kTileColumns);
            positions.emplace(at.row, at.column);
        }
    }
    QCOMPARE(positions.size(), static_cast<std::size_t>(kTileRows * kTileColumns));
}

// PTX ISA, matrix A of mma.m16n8k16: row lane / 4 for a0 a1 a4 a5, else 8 more; column lane % 4 * 2 and the next for a0 to a3, else 8
// more.
void PackedLayoutTest::positionsAreThoseOfTheTensorCoreFragment() {
    for (int lane = 0; lane < 32; ++lane) {
        for (int step = 0; step < 4; ++step) {
            for (int i = 0; i < 8; ++i) {
                const bool upperRows = i == 0 || i == 1 || i == 4 || i == 5;
                const TilePosition at = positionInTile(lane, step * 8 + i);
                QCOMPARE(at.row, lane / 4 + (upperRows ? 0 : 8));
                QCOMPARE(at.column, 16 * step + lane % 4 * 2 + (i & 1) + (i < 4 ? 0 : 8));
            }
        }
    }
}

void PackedLayoutTest::fourBitCodesLieAsTheDiagramSays() {
    // Most significant first: a7 a5 a3 a1 | a6 a4 a2 a0.
    const std::uint32_t maskOf[8] = {0x0000000f, 0x000f0000, 0x000000f0, 0x00f00000,
                                     0x00000f00, 0x0f000000, 0x0000f000, 0xf0000000};
    for (const int lane : {0, 5, 31}) {
        for (int step = 0; step < 4; ++step) {
            for (int i = 0; i < 8; ++i) {
                const auto [place, word] = onlyWord(packedWithOne(4, positionInTile(lane, step * 8 + i), 15));
                QCOMPARE(place, static_cast<std::size_t>(lane * 4 + step));
                QCOMPARE(word, maskOf[i]);
            }
        }
    }
    // Lane 0 owns these of the first step; read as the diagram, a0 to a7 are 1 to 8.
    Codes codes(32 * 64);
    const std::pair<int, int> places[8] = {{0, 0}, {0, 1}, {8, 0}, {8, 1}, {0, 8}, {0, 9}, {8, 8}, {8, 9}};
    for (std::size_t i = 0; i < 8; ++i)
        codes[static_cast<std::size_t>(places[i].first * 64 + places[i].second)] = static_cast<std::uint8_t>(i + 1);
    QCOMPARE(packCodes(codes, 32, 64, 4)[0], 0x86427531u);
}

void PackedLayoutTest::twoBitAndEightBitCodesLieAsTheFormulaSays() {
    for (int c = 0; c < kLaneCodes; ++c) {
        // Two words: the left and the right pairs; a row's pair and that of eight rows on, step by step.
        const int step = c / 8, right = c / 4 % 2, lower = c / 2 % 2, odd = c % 2;
        const auto [place2, word2] = onlyWord(packedWithOne(2, positionInTile(3, c), 3));
        QCOMPARE(place2, static_cast<std::size_t>(3 * 2 + right));
        QCOMPARE(word2, 3u << (odd * 16 + step * 4 + lower * 2));
        const auto [place8, word8] = onlyWord(packedWithOne(8, positionInTile(3, c), 0xa5));
        QCOMPARE(place8, static_cast<std::size_t>(3 * 8 + c / 4));
        QCOMPARE(word8, 0xa5u << (c % 4 % 2 * 16 + c % 4 / 2 * 8));
    }
}

void PackedLayoutTest::threeBitCodesLieAsTheTableSays() {
    struct Place {
        int word, bit;
    };
    // Pairs a0, a2, a4, a6 of the four steps; the last of the second step is the one whose bits lie apart.
    const Place places[16] = {{0, 0}, {0, 3},  {1, 0}, {1, 3},  {0, 6}, {2, 6}, {1, 6}, {-1, 15},
                              {0, 9}, {0, 12}, {1, 9}, {1, 12}, {2, 0}, {2, 3}, {2, 9}, {2, 12}};
    for (const int lane : {0, 7, 31}) {
        const std::size_t words[3] = {static_cast<std::size_t>(lane * 2), static_cast<std::size_t>(lane * 2 + 1),
                                      static_cast<std::size_t>(64 + lane)};
        for (int c = 0; c < kLaneCodes; ++c) {
            const auto [word, bit] = places[c / 2];
            for (int i = 0; i < 3; ++i) {
                const auto [place, found] = onlyWord(packedWithOne(3, positionInTile(lane, c), 1u << i));
                QCOMPARE(place, words[word < 0 ? i : word]);
                QCOMPARE(found, 1u << (bit + c % 2 * 16 + (word < 0 ? 0 : i)));
            }
        }
    }
}

void PackedLayoutTest::thePairsOfARowStandAtOneBitAfterAShift() {
    // What kernels that take codes where they stand rely on: bits of a word of 16, after a shift that is a whole number of codes.
    for (const int bits : supportedBits()) {
        const int reach = bits == 2 ? 8 : bits == 3 ? 9 : 8;
        for (int step = 0; step < 4; ++step) {
            for (int row = 0; row < 2; ++row) {
                const PairPlace left = placeOfPair(bits, step * 4 + row), right = placeOfPair(bits, step * 4 + row + 2);
                if (!isScattered(bits, step * 4 + row + 2)) QCOMPARE(right.bit % reach, left.bit % reach);
                QVERIFY(left.bit % reach + bits <= 10);
            }
        }
    }
}

void PackedLayoutTest::tilesFollowEachOtherAlongTheRowFirst() {
    Codes codes(32 * 128);
    codes[16 * 128 + 64] = 15;  // the first code of the second tile of the second row of tiles
    const auto [place, word] = onlyWord(packCodes(codes, 32, 128, 4));
    QCOMPARE(place, std::size_t{3 * 128});
    QCOMPARE(word, 15u);
}

void PackedLayoutTest::columnsBehindTheLastHoldTheMiddleCode() {
    for (const int bits : supportedBits()) {
        const Words words = packCodes(Codes(32 * 32), 32, 32, bits);
        for (int lane = 0; lane < kTileLanes; ++lane) {
            std::uint8_t codes[kLaneCodes];
            unpackLane(words.data(), lane, bits, codes);
            for (int c = 0; c < kLaneCodes; ++c)
                QCOMPARE(static_cast<int>(codes[c]), positionInTile(lane, c).column < 32 ? 0 : 1 << (bits - 1));
        }
    }
}

void PackedLayoutTest::sizesAreThoseOfWholeTiles() {
    QCOMPARE(packedWords(16, 64, 4) * 4, std::int64_t{512});
    QCOMPARE(packedWords(16, 64, 3) * 4, std::int64_t{384});
    QCOMPARE(packedWords(32, 32, 2), packedWords(32, 64, 2));
    QCOMPARE(packedWords(32, 96, 8), std::int64_t{2 * 2 * 256});
    QCOMPARE(tilesAcross(576), std::int64_t{9});
    QCOMPARE(tilesAcross(577), std::int64_t{10});
}

void PackedLayoutTest::codesThatDoNotFitAreRefused() {
    QFETCH(int, bits);
    Codes codes(32 * 32);
    codes[777] = static_cast<std::uint8_t>((1 << bits) - 1);
    QVERIFY(errorOf([&] { packCodes(codes, 32, 32, bits); }).empty());
    if (bits == 8) return;  // every byte fits
    codes[777] = static_cast<std::uint8_t>(1 << bits);
    const QStringList parts{QString("code %1").arg(1 << bits), QString("%1 bits").arg(bits)};
    QCOMPARE(lackingIn(errorOf([&] { packCodes(codes, 32, 32, bits); }), parts), QString());
}

void PackedLayoutTest::otherSizesAreRefused_data() {
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("columns");
    for (const auto& [rows, columns] : {std::pair{0, 32}, {32, 0}, {16, 64}, {48, 64}, {64, 48}, {33, 32}, {-32, -32}})
        QTest::addRow("%d x %d", rows, columns) << rows << columns;
}

void PackedLayoutTest::otherSizesAreRefused() {
    QFETCH(int, rows);
    QFETCH(int, columns);
    const QStringList parts{QString("%1 x %2").arg(rows).arg(columns), "multiples of 32"};
    const Codes codes(static_cast<std::size_t>(rows * columns));
    QCOMPARE(lackingIn(errorOf([&] { packCodes(codes, rows, columns, 4); }), parts), QString());
    const Words words(static_cast<std::size_t>(std::max<std::int64_t>(0, packedWords(rows, columns, 4))));
    QCOMPARE(lackingIn(errorOf([&] { unpackCodes(words, rows, columns, 4); }), parts), QString());
}

void PackedLayoutTest::countsThatDisagreeAreRefused() {
    const Codes codes(32 * 32 - 1);
    QCOMPARE(lackingIn(errorOf([&] { packCodes(codes, 32, 32, 4); }), {"1023 codes", "32 x 32"}), QString());
    const Words words(static_cast<std::size_t>(packedWords(32, 32, 4)) + 1);
    QCOMPARE(lackingIn(errorOf([&] { unpackCodes(words, 32, 32, 4); }), {"257 words", "32 x 32"}), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::PackedLayoutTest)
#include "packed_layout_test.moc"
