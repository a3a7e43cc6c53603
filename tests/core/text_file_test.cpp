// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/calibration/text_file.h"

#include <zlib.h>

#include <QTest>

#include "core/io/gzip.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

class TextFileTest : public QObject {
    Q_OBJECT

private slots:
    void textsAreRead_data();
    void textsAreRead();
    void compressedTextsAreReadAlike_data() { textsAreRead_data(); }
    void compressedTextsAreReadAlike();
    void compressedPartsAreJoined();
    void brokenTextsAreRefused_data();
    void brokenTextsAreRefused();
    void brokenCompressedTextsAreRefused_data();
    void brokenCompressedTextsAreRefused();
    void contentsBeyondTheLimitAreRefused();
};

static QByteArray compressed(const QByteArray& content) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
    QByteArray result(static_cast<qsizetype>(deflateBound(&stream, static_cast<uLong>(content.size()))), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    deflate(&stream, Z_FINISH);
    result.truncate(static_cast<qsizetype>(stream.total_out));
    deflateEnd(&stream);
    return result;
}

static QByteArray read(const QString& name, const QByteArray& content) {
    const TemporaryFolder folder;
    writeFile(folder / name.toStdString(), content.toStdString());
    return QByteArray::fromStdString(readText(folder / name.toStdString()));
}

static QString fault(const QString& name, const QByteArray& content, const QStringList& parts) {
    return lackingIn(errorOf([&] { read(name, content); }), QStringList{name} + parts);
}

void TextFileTest::textsAreRead_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QByteArray>("expected");
    const auto row = [](const char* name, const char* file, const QByteArray& content, const QByteArray& expected) {
        QTest::newRow(name) << QString(file) << content << expected;
    };
    row("plain", "a.txt", " caf\xc3\xa9\r\n\n", " caf\xc3\xa9\r\n\n");
    row("Markdown", "a.md", "# A\n\n{\"text\":1}", "# A\n\n{\"text\":1}");
    row("any name", "wiki.valid.raw", "a\n", "a\n");
    row("no extension", "a", "a", "a");
    row("lines", "a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\\nc\",\"id\":7}\n", "a\n\nb\nc");
    row("lines in capitals", "A.JSONL", "{\"text\":\"a\"}", "a");
    row("lines with CRLF and gaps", "a.jsonl", "\r\n{\"text\":\"a\"}\r\n\r\n  {\"text\":\"b\"}", "a\n\nb");
    row("a byte order mark", "a.jsonl", "\xef\xbb\xbf{\"text\":\"a\"}\n", "a");
    row("records without words", "a.jsonl", "{\"text\":\"\"}\n{\"text\":\"a\"}\n{\"text\":\"\"}\n", "a");
    row("messages", "a.jsonl",
        R"({"messages":[{"role":"system","content":""},{"role":"user","content":"a"},{"role":"assistant","content":"b"}]})",
        "a\n\nb");
    row("text before messages", "a.jsonl", R"({"messages":[],"text":"a"})", "a");
    row("messages where text is null", "a.jsonl", R"({"text":null,"messages":[{"role":"user","content":"a"}]})", "a");
    row("lines in .json", "c4.json", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n", "a\n\nb");
    row("one record in .json", "a.json", "{\n  \"text\": \"a\"\n}\n", "a");
    row("a list", "a.json", "[\n {\"text\": \"a\"},\n {\"messages\": [{\"role\": \"user\", \"content\": \"b\"}]}\n]\n",
        "a\n\nb");
}

void TextFileTest::textsAreRead() {
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QByteArray, expected);
    QCOMPARE(read(file, content), expected);
}

void TextFileTest::compressedTextsAreReadAlike() {
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QByteArray, expected);
    QCOMPARE(read(file + ".gz", compressed(content)), expected);
}

void TextFileTest::compressedPartsAreJoined() {
    const QByteArray large = QByteArray("words, words, words\n").repeated(100'000);
    QCOMPARE(read("a.txt.gz", compressed(large) + compressed("end") + compressed("")), large + "end");
}

void TextFileTest::brokenTextsAreRefused_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QStringList>("parts");
    const auto row = [](const char* name, const char* file, const QByteArray& content, const QStringList& parts) {
        QTest::newRow(name) << QString(file) << content << parts;
    };
    row("empty", "a.txt", "", {"is empty"});
    row("white space alone", "a.md", " \n\n\t", {"is empty"});
    row("no records", "a.jsonl", "\n \n", {"is empty"});
    row("records without words", "a.jsonl", "{\"text\":\"\"}", {"is empty"});
    row("an empty list", "a.json", "[]", {"is empty"});
    row("Latin-1", "a.txt", "one\ntwo\ncaf\xe9\n", {"line 3: byte 11 is not UTF-8"});
    row("Latin-1 in a record", "a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"\xe9\"}\n", {"line 2: byte 22 is not UTF-8"});
    row("cut inside a character", "a.txt", "caf\xc3", {"line 1: byte 3 is not UTF-8"});
    row("a Git LFS pointer", "a.txt", "version https://git-lfs.github.com/spec/v1\noid", {"Git LFS pointer"});
    row("a broken line", "a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"\n", {"line 2: line 1, column 12"});
    row("a line that is none", "a.jsonl", "{\"text\":\"a\"}\n\nhello\n", {"line 3: line 1, column 1"});
    row("two records in a line", "a.jsonl", "{\"text\":\"a\"} {\"text\":\"b\"}", {"line 1: line 1, column 14"});
    row("a number", "a.jsonl", "7", {"line 1 must be an object"});
    row("a text that is a number", "a.jsonl", "{\"text\":\"a\"}\n{\"text\":7}",
        {"line 2: 'text' must be a string", "7"});
    row("neither", "a.jsonl", "{\"text\":\"a\"}\n{\"content\":\"b\"}", {"line 2 has neither a 'text' nor 'messages'"});
    row("messages by name", "a.jsonl", R"({"messages":{"role":"user"}})", {"line 1: 'messages' must be a list"});
    row("a message that is a string", "a.jsonl", R"({"messages":["hi"]})", {"line 1: messages[0] must be an object"});
    row("a message of nobody", "a.jsonl", R"({"messages":[{"content":"a"}]})", {"messages[0]: 'role' is missing"});
    row("a message without content", "a.jsonl", R"({"messages":[{"role":"user"}]})",
        {"messages[0]: 'content' is missing"});
    row("a message of parts", "a.jsonl", R"({"messages":[{"role":"user","content":[]}]})",
        {"'content' must be a string"});
    row("a broken document", "a.json", "[\n{\"text\":\"a\"},\n]", {"line 3, column 1"});
    row("a record of a list", "a.json", R"([{"text":"a"},{"x":1}])", {"record 2 has neither"});
    row("a word", "a.json", "\"text\"", {"must be an object"});
    row("deep", "a.json", QByteArray("[").repeated(1000), {"nested more than 64"});
}

void TextFileTest::brokenTextsAreRefused() {
    QFETCH(QString, file);
    QFETCH(QByteArray, content);
    QFETCH(QStringList, parts);
    QCOMPARE(fault(file, content, parts), QString());
    if (file.endsWith(".txt") && content.isEmpty()) return;  // an empty file is no gzip file
    QCOMPARE(fault(file + ".gz", compressed(content), parts), QString());
}

void TextFileTest::brokenCompressedTextsAreRefused_data() {
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QStringList>("parts");
    const QByteArray sound = compressed(QByteArray("some words to compress, some words to compress\n").repeated(50));
    QByteArray changed = sound;
    changed[sound.size() - 6] = static_cast<char>(changed[sound.size() - 6] ^ 1);
    QByteArray damaged = sound;
    for (int i = 12; i < 24; ++i) damaged[i] = '\xff';
    QTest::newRow("empty") << QByteArray() << QStringList{"is empty"};
    QTest::newRow("not compressed") << QByteArray("some words\n") << QStringList{"is no gzip file", "incorrect header"};
    QTest::newRow("the header alone") << sound.left(10) << QStringList{"ends in the middle", "at byte 10"};
    QTest::newRow("half of the header") << sound.left(5) << QStringList{"ends in the middle"};
    QTest::newRow("cut short") << sound.left(sound.size() / 2) << QStringList{"ends in the middle"};
    QTest::newRow("without its checksum") << sound.chopped(8) << QStringList{"ends in the middle"};
    QTest::newRow("another checksum") << changed << QStringList{"damaged", "incorrect data check"};
    QTest::newRow("noise in it") << damaged << QStringList{"damaged"};
    QTest::newRow("something behind it") << sound + "more" << QStringList{"damaged", "incorrect header"};
    QTest::newRow("a second part cut short") << sound + sound.left(30) << QStringList{"ends in the middle"};
}

void TextFileTest::brokenCompressedTextsAreRefused() {
    QFETCH(QByteArray, content);
    QFETCH(QStringList, parts);
    QCOMPARE(fault("a.txt.gz", content, parts), QString());
}

// Some kilobytes can hold gigabytes of zeros: no more is unpacked than is allowed.
void TextFileTest::contentsBeyondTheLimitAreRefused() {
    const QByteArray content = compressed(QByteArray(16 << 20, '\0'));
    QVERIFY(content.size() < 32 << 10);
    const auto file = bytesInMemory("bomb.gz", content.toStdString());
    QCOMPARE(lackingIn(errorOf([&] { readGzip(*file, 1u << 20); }), {"bomb.gz", "larger than 1048576 bytes"}),
             QString());
    QCOMPARE(lackingIn(errorOf([&] { readGzip(*file, (16u << 20) - 1); }), {"larger than"}), QString());
    QCOMPARE(readGzip(*file, 16u << 20).size(), std::size_t{16} << 20);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::TextFileTest)
#include "text_file_test.moc"
