// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/long_text.h"
#include "core/io/resources.h"

#include <QTest>

#include "core/calibration/calibration_set.h"
#include "core/text/utf8.h"
#include "support/test_files.h"
#include "support/tiny_model.h"

namespace gptq::test {

// Ids are bytes. Remembers the texts it was given, and refuses long ones.
class PieceTokenizer final : public Tokenizer {
public:
    explicit PieceTokenizer(std::size_t mostBytes = 1 << 30) : m_mostBytes(mostBytes) {}
    std::string description() const override { return "bytes"; }
    std::int64_t size() const override { return 256; }
    std::vector<TokenId> encode(std::string_view text, SpecialTokens /*special*/) const override {
        if (text.size() > m_mostBytes) throw Error("too long");
        pieces.emplace_back(text);
        std::vector<TokenId> ids;
        for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
        return ids;
    }
    std::string decode(const std::vector<TokenId>& /*ids*/, SpecialText /*special*/) const override { return {}; }
    std::optional<TokenId> openingToken() const override { return std::nullopt; }
    std::vector<TokenId> endTokens() const override { return {}; }

    mutable std::vector<std::string> pieces;

private:
    std::size_t m_mostBytes;
};

static std::vector<TokenId> bytesOf(const std::string& text) {
    return PieceTokenizer().encode(text, SpecialTokens::AsText);
}

static LongTextOptions piecesOf(std::size_t bytes) {
    LongTextOptions options;
    options.pieceBytes = bytes;
    return options;
}

class LongTextTest : public QObject {
    Q_OBJECT

private slots:
    void aTextIsCutWhereItReadsOn_data();
    void aTextIsCutWhereItReadsOn();
    void piecesAddUpToTheText_data();
    void piecesAddUpToTheText();
    void onlyWhatIsEnoughIsEncoded();
    void aPieceMayBeRefused();
    void windowsInOrderNeedTheBeginOnly();
    void windowsAtRandomNeedTheWholeText();
    void aTextLongerThanTheLibraryTakesIsCalibratedOn();
};

void LongTextTest::aTextIsCutWhereItReadsOn_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<int>("most");
    QTest::addColumn<QByteArray>("first");
    QTest::newRow("short") << QByteArray("one\n\ntwo") << 8 << QByteArray("one\n\ntwo");
    QTest::newRow("behind the last empty line") << QByteArray("a\n\nb\n\nc\nd e f") << 12 << QByteArray("a\n\nb\n\n");
    QTest::newRow("behind the last line") << QByteArray("a b\nc d\ne f g") << 11 << QByteArray("a b\nc d\n");
    QTest::newRow("before the last space") << QByteArray("one two three four") << 12 << QByteArray("one two");
    QTest::newRow("no empty piece") << QByteArray(" abcdefgh") << 4 << QByteArray(" abc");
    QTest::newRow("between characters") << QByteArray("\xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97") << 7
                                        << QByteArray("\xe4\xb8\xad\xe6\x96\x87");
    QTest::newRow("a character longer than a piece")
        << QByteArray("\xf0\x9f\x99\x82!") << 2 << QByteArray("\xf0\x9f\x99\x82");
}

void LongTextTest::aTextIsCutWhereItReadsOn() {
    QFETCH(QByteArray, text);
    QFETCH(int, most);
    QFETCH(QByteArray, first);
    const std::string whole = text.toStdString();
    QCOMPARE(firstPiece(whole, static_cast<std::size_t>(most)), static_cast<std::size_t>(first.size()));
}

void LongTextTest::piecesAddUpToTheText_data() {
    QTest::addColumn<int>("bytes");
    for (const int bytes : {1, 2, 3, 7, 64, 1000, 1 << 20}) QTest::addRow("%d", bytes) << bytes;
}

void LongTextTest::piecesAddUpToTheText() {
    QFETCH(int, bytes);
    const auto most = static_cast<std::size_t>(bytes);
    const std::string text = demoText(3000) + "\n\xe4\xb8\xad\xe6\x96\x87\xf0\x9f\x99\x82 \r\n\n\n" + demoText(500);
    const PieceTokenizer tokenizer;
    QCOMPARE(encodeLongText(tokenizer, text, piecesOf(most)), bytesOf(text));
    for (const std::string& piece : tokenizer.pieces) {
        QVERIFY(!piece.empty() && (piece.size() <= most || piece.size() <= 4));  // 4: the longest character
        QVERIFY(!firstInvalidUtf8(piece));
    }
}

void LongTextTest::onlyWhatIsEnoughIsEncoded() {
    const PieceTokenizer tokenizer;
    LongTextOptions options = piecesOf(4);
    options.enoughIds = 5;
    QCOMPARE(encodeLongText(tokenizer, "abc\ndef\nghi\njkl\n", options), bytesOf("abc\ndef\n"));
    QCOMPARE(tokenizer.pieces.size(), std::size_t{2});
}

void LongTextTest::aPieceMayBeRefused() {
    const PieceTokenizer tokenizer;
    LongTextOptions options = piecesOf(4);
    options.beforePiece = [&tokenizer] {
        if (tokenizer.pieces.size() == 2) throw Error("stopped");
    };
    QCOMPARE(errorOf([&] { encodeLongText(tokenizer, "abc\ndef\nghi\njkl\n", options); }), std::string("stopped"));
    QCOMPARE(tokenizer.pieces.size(), std::size_t{2});
}

static const std::string& hugeText() {
    static const std::string text = [] {
        std::string lines;
        while (lines.size() < (std::size_t{65} << 20))
            lines += "A line of a text that is longer than a library takes.\n";
        return lines;
    }();
    return text;
}

void LongTextTest::windowsInOrderNeedTheBeginOnly() {
    const PieceTokenizer tokenizer;
    const CalibrationRequest request{100, 1000, std::nullopt};
    const auto ids = calibrationIds(tokenizer, hugeText(), request);
    QCOMPARE(tokenizer.pieces.size(), std::size_t{1});
    QCOMPARE(makeCalibrationSet(ids, request, "text").ids, bytesOf(hugeText().substr(0, 100'000)));
}

void LongTextTest::windowsAtRandomNeedTheWholeText() {
    const PieceTokenizer tokenizer;
    const std::string text = hugeText().substr(0, std::size_t{9} << 20);
    QCOMPARE(calibrationIds(tokenizer, text, {1, 1000, 7}).size(), text.size());
    QCOMPARE(tokenizer.pieces.size(), std::size_t{3});
}

void LongTextTest::aTextLongerThanTheLibraryTakesIsCalibratedOn() {
    const auto tokenizer = loadTokenizer(resourceFolder() / "demo");
    QVERIFY(errorOf([&] { tokenizer->encode(hugeText()); }).find("too long") != std::string::npos);
    const CalibrationRequest request{4, 512, std::nullopt};
    const CalibrationSet set = makeCalibrationSet(calibrationIds(*tokenizer, hugeText(), request), request, "text");
    QCOMPARE(set.samples, std::int64_t{4});
    auto begin = tokenizer->encode(hugeText().substr(0, 20'000));
    begin.resize(4 * 512);
    QCOMPARE(set.ids, begin);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::LongTextTest)
#include "long_text_test.moc"
