// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/utf8.h"

#include <QTest>
#include <string>

namespace gptq::test {

class Utf8Test : public QObject {
    Q_OBJECT

private slots:
    void theFirstInvalidByteIsFound_data();
    void theFirstInvalidByteIsFound();
    void everyCharacterIsValidAndCompleteOnlyAsAWhole();
    void anUnfinishedCharacterIsLeftOut_data();
    void anUnfinishedCharacterIsLeftOut();
};

void Utf8Test::theFirstInvalidByteIsFound_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<int>("at");  // -1: valid
    QTest::newRow("empty") << QByteArray() << -1;
    QTest::newRow("ASCII with a zero") << QByteArray("a\0b", 3) << -1;
    QTest::newRow("two, three and four bytes") << QByteArray("\xc3\xa9\xe2\x96\x81\xf0\x9f\x98\x80") << -1;
    QTest::newRow("smallest of each length") << QByteArray("\xc2\x80\xe0\xa0\x80\xf0\x90\x80\x80") << -1;
    QTest::newRow("around the surrogates") << QByteArray("\xed\x9f\xbf\xee\x80\x80") << -1;
    QTest::newRow("U+10FFFF") << QByteArray("\xf4\x8f\xbf\xbf") << -1;
    QTest::newRow("a continuation alone") << QByteArray("ab\x80") << 2;
    QTest::newRow("overlong, two bytes") << QByteArray("a\xc0\x80") << 1;
    QTest::newRow("overlong, three bytes") << QByteArray("\xe0\x9f\xbf") << 0;
    QTest::newRow("overlong, four bytes") << QByteArray("\xf0\x8f\xbf\xbf") << 0;
    QTest::newRow("a surrogate") << QByteArray("\xed\xa0\x80") << 0;
    QTest::newRow("above U+10FFFF") << QByteArray("\xf4\x90\x80\x80") << 0;
    QTest::newRow("five bytes") << QByteArray("\xf8\x88\x80\x80\x80") << 0;
    QTest::newRow("never a byte") << QByteArray("abc\xff") << 3;
    QTest::newRow("cut short at the end") << QByteArray("a\xe2\x96") << 1;
    QTest::newRow("cut short by a letter") << QByteArray("a\xe2\x96z") << 1;
    QTest::newRow("Latin-1") << QByteArray("caf\xe9 noir") << 3;
}

void Utf8Test::theFirstInvalidByteIsFound() {
    QFETCH(QByteArray, text);
    QFETCH(int, at);
    const auto found = firstInvalidUtf8({text.constData(), static_cast<std::size_t>(text.size())});
    QCOMPARE(found ? static_cast<int>(*found) : -1, at);
}

void Utf8Test::everyCharacterIsValidAndCompleteOnlyAsAWhole() {
    for (char32_t code = 0; code <= 0x10ffff; ++code) {
        if (code >= 0xd800 && code < 0xe000) continue;
        const std::string text = QString::fromUcs4(&code, 1).toStdString();
        bool right = !firstInvalidUtf8(text) && completeUtf8Prefix(text) == text.size();
        for (std::size_t cut = 1; cut < text.size(); ++cut) {
            right = right && firstInvalidUtf8(text.substr(0, cut)) == 0 && completeUtf8Prefix(text.substr(0, cut)) == 0;
        }
        if (!right) QFAIL(qPrintable(QString("U+%1").arg(static_cast<uint>(code), 4, 16)));
    }
}

void Utf8Test::anUnfinishedCharacterIsLeftOut_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<int>("length");
    QTest::newRow("empty") << QByteArray() << 0;
    QTest::newRow("whole") << QByteArray("a\xe2\x96\x81") << 4;
    QTest::newRow("one of three bytes") << QByteArray("a\xe2") << 1;
    QTest::newRow("two of three bytes") << QByteArray("a\xe2\x96") << 1;
    QTest::newRow("three of four bytes") << QByteArray("a\xf0\x9f\x98") << 1;
    QTest::newRow("what can never be finished stays") << QByteArray("a\xe0\x80") << 3;
    QTest::newRow("a continuation alone stays") << QByteArray("a\x80") << 2;
    QTest::newRow("an invalid byte stays") << QByteArray("a\xff") << 2;
}

void Utf8Test::anUnfinishedCharacterIsLeftOut() {
    QFETCH(QByteArray, text);
    QFETCH(int, length);
    QCOMPARE(static_cast<int>(completeUtf8Prefix({text.constData(), static_cast<std::size_t>(text.size())})), length);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::Utf8Test)
#include "utf8_test.moc"
