// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/float16.h"

#include <QTest>
#include <cmath>
#include <limits>
#include <random>

#include "support/reference_floats.h"

namespace gptq::test {

using reference::FloatFormat;
using reference::kBFloat16;
using reference::kFloat16;

class Float16Test : public QObject {
    Q_OBJECT

private slots:
    void everyPatternHasItsValue_data() { formats(); }
    void everyPatternHasItsValue();
    void everyNumberComesBackFromFloat_data() { formats(); }
    void everyNumberComesBackFromFloat();
    void betweenNeighboursTheNearerIsTakenAndTheEvenOneOfTies_data() { formats(); }
    void betweenNeighboursTheNearerIsTakenAndTheEvenOneOfTies();
    void anyFloatIsRoundedToTheNearest_data() { formats(); }
    void anyFloatIsRoundedToTheNearest();
    void numbersBeyondTheLargestBecomeInfinity();
    void theSmallestNumbersRoundToZeroOrTheFirstSubnormal();
    void notANumberStaysNotANumber();

private:
    static void formats() {
        QTest::addColumn<bool>("brain");
        QTest::newRow("float16") << false;
        QTest::newRow("bfloat16") << true;
    }
};

namespace {

float decoded(bool brain, unsigned bits) {
    const auto pattern = static_cast<std::uint16_t>(bits);
    return brain ? toFloat(BFloat16{pattern}) : toFloat(Float16{pattern});
}

unsigned encoded(bool brain, float value) {
    return brain ? toBFloat16(value).bits : toFloat16(value).bits;
}

QString misread(unsigned bits, float found) {
    return QString("pattern %1 gave %2").arg(bits, 4, 16, QChar('0')).arg(static_cast<double>(found), 0, 'g', 12);
}

}  // namespace

void Float16Test::everyPatternHasItsValue() {
    QFETCH(bool, brain);
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        const double expected = reference::valueOfBits(bits, brain ? kBFloat16 : kFloat16);
        const float found = decoded(brain, bits);
        const bool same = std::isnan(expected) ? std::isnan(found) : found == expected;
        if (!same || std::signbit(found) != (bits >> 15 != 0)) QFAIL(qPrintable(misread(bits, found)));
    }
}

void Float16Test::everyNumberComesBackFromFloat() {
    QFETCH(bool, brain);
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        const float value = decoded(brain, bits);
        if (!std::isnan(value) && encoded(brain, value) != bits) QFAIL(qPrintable(misread(bits, value)));
    }
}

void Float16Test::betweenNeighboursTheNearerIsTakenAndTheEvenOneOfTies() {
    QFETCH(bool, brain);
    const unsigned infinity = brain ? 0x7f80 : 0x7c00;
    for (const unsigned sign : {0u, 0x8000u}) {
        for (unsigned bits = 0; bits + 1 < infinity; ++bits) {
            const unsigned lower = sign | bits, upper = sign | (bits + 1);
            // Exact: float has at least eleven bits more than either type.
            const auto middle = static_cast<float>((0.5 * decoded(brain, lower)) + (0.5 * decoded(brain, upper)));
            if (encoded(brain, middle) != (bits % 2 == 0 ? lower : upper)) QFAIL(qPrintable(misread(lower, middle)));
            const float below = std::nextafter(middle, decoded(brain, lower));
            if (encoded(brain, below) != lower) QFAIL(qPrintable(misread(lower, below)));
            const float above = std::nextafter(middle, decoded(brain, upper));
            if (encoded(brain, above) != upper) QFAIL(qPrintable(misread(upper, above)));
        }
    }
}

void Float16Test::anyFloatIsRoundedToTheNearest() {
    QFETCH(bool, brain);
    std::mt19937 random(1);
    for (int i = 0; i < 500'000; ++i) {
        // Any pattern; every other one with an exponent around float16's range, which few would hit by themselves.
        std::uint32_t bits = static_cast<std::uint32_t>(random());
        if (i % 2 == 0) bits = (bits & 0x807fffffu) | (100 + bits % 45) << 23;
        const float value = std::bit_cast<float>(bits);
        if (std::isnan(value)) continue;
        const double expected = reference::rounded(value, brain ? kBFloat16 : kFloat16);
        const float found = decoded(brain, encoded(brain, value));
        if (found != expected || std::signbit(found) != std::signbit(value))
            QFAIL(qPrintable(misread(encoded(brain, value), value)));
    }
}

void Float16Test::numbersBeyondTheLargestBecomeInfinity() {
    QCOMPARE(toFloat16(65504.0f).bits, std::uint16_t{0x7bff});
    QCOMPARE(toFloat16(std::nextafter(65520.0f, 0.0f)).bits, std::uint16_t{0x7bff});
    QCOMPARE(toFloat16(65520.0f).bits, std::uint16_t{0x7c00});  // the tie's even neighbour would be 2^16
    QCOMPARE(toFloat16(-65520.0f).bits, std::uint16_t{0xfc00});
    const float largest = std::numeric_limits<float>::max(), infinity = std::numeric_limits<float>::infinity();
    QCOMPARE(toFloat16(largest).bits, std::uint16_t{0x7c00});
    QCOMPARE(toFloat16(-infinity).bits, std::uint16_t{0xfc00});

    QCOMPARE(toBFloat16(0x1.fep127f).bits, std::uint16_t{0x7f7f});
    QCOMPARE(toBFloat16(std::nextafter(0x1.ffp127f, 0.0f)).bits, std::uint16_t{0x7f7f});
    QCOMPARE(toBFloat16(0x1.ffp127f).bits, std::uint16_t{0x7f80});
    QCOMPARE(toBFloat16(largest).bits, std::uint16_t{0x7f80});
    QCOMPARE(toBFloat16(-infinity).bits, std::uint16_t{0xff80});
}

void Float16Test::theSmallestNumbersRoundToZeroOrTheFirstSubnormal() {
    QCOMPARE(toFloat16(0x1p-25f).bits, std::uint16_t{0});  // a tie: zero is even
    QCOMPARE(toFloat16(std::nextafter(0x1p-25f, 1.0f)).bits, std::uint16_t{1});
    QCOMPARE(toFloat16(-0x1p-25f).bits, std::uint16_t{0x8000});
    QCOMPARE(toFloat16(0x1.8p-24f).bits, std::uint16_t{2});        // a tie between 1 and 2
    QCOMPARE(toFloat16(0x1.ffcp-15f).bits, std::uint16_t{0x400});  // a tie of the last subnormal and the first normal
    QCOMPARE(toFloat16(std::numeric_limits<float>::denorm_min()).bits, std::uint16_t{0});

    QCOMPARE(toBFloat16(0x1p-134f).bits, std::uint16_t{0});
    QCOMPARE(toBFloat16(std::nextafter(0x1p-134f, 1.0f)).bits, std::uint16_t{1});
    QCOMPARE(toBFloat16(-std::numeric_limits<float>::denorm_min()).bits, std::uint16_t{0x8000});
}

void Float16Test::notANumberStaysNotANumber() {
    // The last ones lie in bits that both types drop: without care they would round to infinity, or past it to -0.
    for (const std::uint32_t bits : {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xff800001u, 0x7fffffffu, 0xffffffffu}) {
        const auto value = std::bit_cast<float>(bits);
        for (const float back : {toFloat(toFloat16(value)), toFloat(toBFloat16(value))}) {
            QVERIFY2(std::isnan(back), qPrintable(QString::number(bits, 16)));
            QCOMPARE(std::signbit(back), bits >> 31 != 0);
        }
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::Float16Test)
#include "float16_test.moc"
