// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/byte_source.h"

#include <sys/stat.h>

#include <QTest>
#include <array>
#include <cstring>

#include "support/test_files.h"

namespace gptq::test {

class ByteSourceTest : public QObject {
    Q_OBJECT

private slots:
    void aFileIsReadFromAnyOffset();
    void memoryIsReadLikeAFile();
    void rangesPastTheEndAreRefused_data();
    void rangesPastTheEndAreRefused();
    void aFileThatShrinksWhileItIsReadIsAnError();
    void whatIsNoRegularFileIsRefused();
    void readWholeRespectsItsLimit();
    void aGitLfsPointerIsRecognized();

private:
    TemporaryFolder m_folder;
};

static std::string readAt(const ByteSource& source, std::uint64_t offset, std::size_t count) {
    std::string bytes(count, '?');
    source.read(offset, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

void ByteSourceTest::aFileIsReadFromAnyOffset() {
    writeFile(m_folder / "a.bin", "0123456789");
    const auto source = openFile(m_folder / "a.bin");
    QCOMPARE(source->size(), std::uint64_t{10});
    QCOMPARE(source->name(), (m_folder / "a.bin").string());
    QCOMPARE(readAt(*source, 0, 10), std::string("0123456789"));
    QCOMPARE(readAt(*source, 3, 4), std::string("3456"));
    QCOMPARE(readAt(*source, 10, 0), std::string());
}

void ByteSourceTest::memoryIsReadLikeAFile() {
    const auto source = bytesInMemory("here", "0123456789");
    QCOMPARE(source->size(), std::uint64_t{10});
    QCOMPARE(source->name(), std::string("here"));
    QCOMPARE(readAt(*source, 7, 3), std::string("789"));
}

void ByteSourceTest::rangesPastTheEndAreRefused_data() {
    QTest::addColumn<quint64>("offset");
    QTest::addColumn<quint64>("count");
    QTest::newRow("one byte too many") << quint64{0} << quint64{11};
    QTest::newRow("begins at the end") << quint64{10} << quint64{1};
    QTest::newRow("begins behind the end") << quint64{11} << quint64{0};
    QTest::newRow("sum overflows") << ~quint64{0} << quint64{2};
}

void ByteSourceTest::rangesPastTheEndAreRefused() {
    QFETCH(quint64, offset);
    QFETCH(quint64, count);
    writeFile(m_folder / "a.bin", "0123456789");
    for (const bool inMemory : {false, true}) {
        const auto source = inMemory ? bytesInMemory("a.bin", "0123456789") : openFile(m_folder / "a.bin");
        const auto message = errorOf([&] { readAt(*source, offset, count); });
        QCOMPARE(lackingIn(message, {"a.bin", "pass the end of the file, which has 10 bytes"}), QString());
    }
}

void ByteSourceTest::aFileThatShrinksWhileItIsReadIsAnError() {
    writeFile(m_folder / "shrinking.bin", "0123456789");
    const auto source = openFile(m_folder / "shrinking.bin");
    std::filesystem::resize_file(m_folder / "shrinking.bin", 4);
    QCOMPARE(readAt(*source, 0, 4), std::string("0123"));
    const auto message = errorOf([&] { readAt(*source, 2, 8); });
    QCOMPARE(lackingIn(message, {"shrinking.bin", "became shorter", "had 10 bytes", "now has 4"}), QString());
}

void ByteSourceTest::whatIsNoRegularFileIsRefused() {
    QCOMPARE(lackingIn(errorOf([&] { openFile(m_folder.path()); }), {"is a folder"}), QString());
    QCOMPARE(lackingIn(errorOf([&] { openFile(m_folder / "none"); }), {"none", "no such file"}), QString());
    QCOMPARE(lackingIn(errorOf([] { openFile("/dev/null"); }), {"/dev/null", "not a regular file"}), QString());
    writeFile(m_folder / "file", "x");
    QCOMPARE(lackingIn(errorOf([&] { openFile(m_folder / "file" / "below"); }), {"is a file, not a folder"}),
             QString());
    QCOMPARE(::mkfifo((m_folder / "pipe").c_str(), 0600), 0);
    QCOMPARE(lackingIn(errorOf([&] { openFile(m_folder / "pipe"); }), {"pipe", "not a regular file"}), QString());
}

void ByteSourceTest::readWholeRespectsItsLimit() {
    writeFile(m_folder / "a.bin", std::string("01234\0"
                                              "6789",
                                              10));
    QCOMPARE(readWhole(m_folder / "a.bin", 10), std::string("01234\0"
                                                            "6789",
                                                            10));
    const auto message = errorOf([&] { readWhole(m_folder / "a.bin", 9); });
    QCOMPARE(lackingIn(message, {"a.bin has 10 bytes", "at most 9"}), QString());
}

void ByteSourceTest::aGitLfsPointerIsRecognized() {
    QVERIFY(isGitLfsPointer("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"));
    QVERIFY(!isGitLfsPointer("version 2"));
    QVERIFY(!isGitLfsPointer(""));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::ByteSourceTest)
#include "byte_source_test.moc"
