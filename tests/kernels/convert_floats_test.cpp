// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Numbers converted many at once are those that float16.h converts one by one.

#include "kernels/convert_floats.h"

#include <QTest>
#include <cmath>
#include <cstring>
#include <random>

#include "kernels/error.h"
#include "kernels/float16.h"

namespace gptq::test {
namespace {

constexpr DType kTypes[] = {DType::Float32, DType::Float16, DType::BFloat16};

float valueOf(DType type, const std::byte* at) {
    const auto read = [&]<class T>(T value) {
        std::memcpy(&value, at, sizeof(T));
        return toFloat(value);
    };
    return type == DType::Float32 ? read(0.0f) : type == DType::Float16 ? read(Float16{}) : read(BFloat16{});
}

void put(DType type, float value, std::byte* at) {
    const auto write = [&](auto rounded) { std::memcpy(at, &rounded, sizeof(rounded)); };
    if (type == DType::Float32) write(value);
    else if (type == DType::Float16) write(toFloat16(value));
    else write(toBFloat16(value));
}

// Numbers of a type: every pattern of 16 bits; of float32 all that are a float16, those halfway to the next and random patterns.
std::vector<std::byte> numbersOf(DType type) {
    std::vector<std::byte> numbers;
    const auto append = [&](const void* value, std::size_t bytes) {
        const auto* from = static_cast<const std::byte*>(value);
        numbers.insert(numbers.end(), from, from + bytes);
    };
    std::mt19937 random(7);
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        const auto pattern = static_cast<std::uint16_t>(bits);
        if (type != DType::Float32) {
            append(&pattern, sizeof(pattern));
            continue;
        }
        const float half = toFloat(Float16{pattern}), between = std::nextafter(half, INFINITY) + half * 0x1p-11f;
        const std::uint32_t any = random();
        append(&half, 4);
        append(&between, 4);
        append(&any, 4);
    }
    return numbers;
}

}  // namespace

class ConvertFloatsTest : public QObject {
    Q_OBJECT

private slots:
    void manyAreConvertedAsOne_data();
    void manyAreConvertedAsOne();
    void otherTypesAreRefused();
};

void ConvertFloatsTest::manyAreConvertedAsOne_data() {
    QTest::addColumn<int>("from");
    QTest::addColumn<int>("to");
    for (const DType from : kTypes) {
        for (const DType to : kTypes)
            QTest::addRow("%s to %s", nameOf(from), nameOf(to)) << static_cast<int>(from) << static_cast<int>(to);
    }
}

void ConvertFloatsTest::manyAreConvertedAsOne() {
    QFETCH(int, from);
    QFETCH(int, to);
    const auto fromType = static_cast<DType>(from), toType = static_cast<DType>(to);
    const std::vector<std::byte> numbers = numbersOf(fromType);
    const std::size_t all = numbers.size() / bytesOf(fromType);
    // At an odd byte and at an even one; what lies around the numbers must stay.
    for (const std::size_t at : {1, 4}) {
        for (const std::size_t count : {all, std::size_t{0}, std::size_t{1}, std::size_t{13}, std::size_t{1031}}) {
            std::vector<std::byte> source(1 + numbers.size()),
                target(at + count * bytesOf(toType) + 4, std::byte{0x5a});
            std::copy(numbers.begin(), numbers.end(), source.begin() + 1);
            convertFloats(fromType, source.data() + 1, toType, target.data() + at, count);
            for (std::size_t i = 0; i < target.size(); ++i) {
                if (i < at || i >= at + count * bytesOf(toType)) QVERIFY(target[i] == std::byte{0x5a});
            }
            for (std::size_t i = 0; i < count; ++i) {
                const float value = valueOf(fromType, numbers.data() + i * bytesOf(fromType));
                std::byte expected[4];
                put(toType, value, expected);
                const std::byte* found = target.data() + at + i * bytesOf(toType);
                const bool same = std::isnan(value) ? std::isnan(valueOf(toType, found))
                                                    : std::memcmp(found, expected, bytesOf(toType)) == 0;
                if (!same) QFAIL(qPrintable(QString("number %1, %2").arg(i).arg(static_cast<double>(value))));
            }
        }
    }
}

void ConvertFloatsTest::otherTypesAreRefused() {
    std::byte bytes[8] = {};
    QVERIFY_THROWS_EXCEPTION(Error, convertFloats(DType::Int32, bytes, DType::Float32, bytes + 4, 1));
    QVERIFY_THROWS_EXCEPTION(Error, convertFloats(DType::Float32, bytes, DType::UInt8, bytes + 4, 1));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::ConvertFloatsTest)
#include "convert_floats_test.moc"
