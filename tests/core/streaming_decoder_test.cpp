// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <QTest>
#include <algorithm>
#include <random>

#include "core/io/json.h"
#include "core/text/tokenizer.h"
#include "core/text/utf8.h"
#include "support/test_files.h"

namespace gptq::test {

// Ids are bytes, shown as they are; counts what it is asked.
class ByteTokenizer : public Tokenizer {
public:
    std::string description() const override { return "bytes"; }
    std::int64_t size() const override { return 256; }
    std::vector<TokenId> encode(std::string_view text, SpecialTokens /*special*/) const override {
        std::vector<TokenId> ids;
        for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
        return ids;
    }
    std::string decode(const std::vector<TokenId>& ids, SpecialText /*special*/) const override {
        m_longest = std::max(m_longest, ids.size());
        std::string text;
        for (const TokenId id : ids) text += static_cast<char>(id);
        return text;
    }
    std::optional<TokenId> openingToken() const override { return std::nullopt; }
    std::vector<TokenId> endTokens() const override { return {}; }

    std::size_t takeLongest() const { return std::exchange(m_longest, 0); }

private:
    mutable std::size_t m_longest = 0;
};

class StreamingDecoderTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_demo = loadTokenizer(demoModel()); }
    void piecesAddUpToTheWhole();
    void theContextDecidesTheFirstSpace();
    void aContextMayEndAnywhere();
    void unfinishedCharactersAreHeldBack();
    void whatStaysUnfinishedComesAtTheEnd();
    void randomTokensAddUpToTheWhole();
    void theWorkPerTokenIsBounded();

private:
    std::unique_ptr<Tokenizer> m_demo;
};

static std::string stream(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, std::size_t contextLength) {
    const auto split = ids.begin() + static_cast<std::ptrdiff_t>(contextLength);
    StreamingDecoder decoder(tokenizer, {ids.begin(), split});
    std::string all;
    for (auto id = split; id != ids.end(); ++id) {
        const std::string piece = decoder.push(*id);
        if (firstInvalidUtf8(piece)) throw Error("half a character was emitted");
        all += piece;
    }
    return all + decoder.finish();
}

void StreamingDecoderTest::piecesAddUpToTheWhole() {
    const Json golden = readJson(goldenFile("text/demo_sentencepiece.json"));
    for (const Json& entry : golden.at("cases")) {
        const auto ids = entry.at("ids").get<std::vector<TokenId>>();
        if (stream(*m_demo, ids, 0) != entry.at("decoded").get<std::string>())
            QFAIL(entry.at("name").get<std::string>().c_str());
    }
}

void StreamingDecoderTest::theContextDecidesTheFirstSpace() {
    const auto ids = m_demo->encode("the sea");
    QVERIFY(ids.size() >= 2);
    QCOMPARE(stream(*m_demo, ids, 0), std::string("the sea"));
    QCOMPARE(stream(*m_demo, m_demo->encode("the sea the sea"), ids.size()), std::string(" the sea"));
    std::vector<TokenId> afterBos = ids;
    afterBos.insert(afterBos.begin(), 1);
    QCOMPARE(stream(*m_demo, afterBos, 1), std::string("the sea"));
}

void StreamingDecoderTest::aContextMayEndAnywhere() {
    const std::string text = "Wind \xf0\x9f\x98\x80\xf0\x9f\x98\x80   and\n\n\n\xe5\xb0\x8f\xe7\x94\xb7 sea, " +
                             std::string(40, ' ') +
                             "the end of a long context that is cut down to its last tokens. \xf0\x9f\x98\x80!";
    const auto ids = m_demo->encode(text);
    QVERIFY(ids.size() > 80);
    for (std::size_t length = 0; length <= ids.size(); ++length) {
        const std::string context = m_demo->decode({ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(length)});
        const std::string rest = stream(*m_demo, ids, length);
        // A context that ends inside a character shows U+FFFD for it and leaves all of it to the stream.
        const auto common =
            std::mismatch(context.begin(), context.end(), text.begin(), text.end()).second - text.begin();
        const std::size_t shown = completeUtf8Prefix(text.substr(0, static_cast<std::size_t>(common)));
        if (rest != text.substr(shown)) QFAIL(qPrintable(QString("context of %1 tokens").arg(length)));
    }
}

void StreamingDecoderTest::unfinishedCharactersAreHeldBack() {
    const ByteTokenizer bytes;
    StreamingDecoder decoder(bytes, {});
    QCOMPARE(decoder.push('a'), std::string("a"));
    for (const int byte : {0xf0, 0x9f, 0x98}) QCOMPARE(decoder.push(byte), std::string());
    QCOMPARE(decoder.push(0x80), std::string("\xf0\x9f\x98\x80"));
    QCOMPARE(decoder.finish(), std::string());

    // SentencePiece shows each byte of an unfinished character as U+FFFD.
    const auto byteId = [](int byte) { return static_cast<TokenId>(byte + 3); };
    QCOMPARE(m_demo->decode({byteId('A')}), std::string("A"));
    StreamingDecoder pieces(*m_demo, {});
    QCOMPARE(pieces.push(byteId('A')), std::string("A"));
    for (const int byte : {0xf0, 0x9f, 0x98}) QCOMPARE(pieces.push(byteId(byte)), std::string());
    QCOMPARE(pieces.push(byteId(0x80)), std::string("\xf0\x9f\x98\x80"));
}

void StreamingDecoderTest::whatStaysUnfinishedComesAtTheEnd() {
    StreamingDecoder decoder(*m_demo, {});
    QCOMPARE(decoder.push(3 + 0xe2), std::string());
    QCOMPARE(decoder.finish(), std::string("\xef\xbf\xbd"));
    QCOMPARE(decoder.finish(), std::string());
    // More than three in a row can be no unfinished character.
    StreamingDecoder many(*m_demo, {});
    std::string all;
    for (int i = 0; i < 100; ++i) all += many.push(3 + 0xe2);
    QCOMPARE(all.size(), std::size_t{97 * 3});
    QCOMPARE((all + many.finish()).size(), std::size_t{100 * 3});
}

void StreamingDecoderTest::randomTokensAddUpToTheWhole() {
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        // Bytes, control tokens and runs of spaces more often than they would come up by themselves.
        std::vector<TokenId> ids;
        const std::size_t length = random() % 300;
        while (ids.size() < length) {
            const auto kind = random() % 4;
            const auto id = kind == 0   ? random() % 4096
                            : kind == 1 ? 3 + random() % 256
                            : kind == 2
                                ? random() % 3
                                : m_demo->encode("      ")[random() % 2 ? 0 : m_demo->encode("      ").size() - 1];
            ids.push_back(static_cast<TokenId>(id));
        }
        if (stream(*m_demo, ids, 0) != m_demo->decode(ids)) QFAIL(qPrintable(QString("round %1").arg(round)));
    }
}

void StreamingDecoderTest::theWorkPerTokenIsBounded() {
    const ByteTokenizer bytes;
    const auto ids = bytes.encode(readFile(goldenFile("text/multilingual.txt")), SpecialTokens::AsText);
    QVERIFY(ids.size() > 5000);
    StreamingDecoder decoder(bytes, {ids.begin(), ids.begin() + 2000});
    bytes.takeLongest();
    for (std::size_t i = 2000; i < ids.size(); ++i) decoder.push(ids[i]);
    QVERIFY(bytes.takeLongest() <= 80);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::StreamingDecoderTest)
#include "streaming_decoder_test.moc"
