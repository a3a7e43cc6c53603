// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/durable_file.h"

#include <sys/resource.h>
#include <QTest>
#include <csignal>

#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

class DurableFileTest : public QObject {
    Q_OBJECT

private slots:
    void init() { m_folder = std::make_unique<TemporaryFolder>(); }
    void aFileHoldsWhatWasWritten();
    void aFileThatCannotBeCreatedIsAnError();
    void aFullDiskIsNamed();
    void aFileTooLargeIsNamed();
    void aCopyIsTheSame();
    void freeSpaceIsThatOfTheNearestParent();

    void aCommittedFolderIsThereWhole();
    void anAbandonedFolderLeavesNothing();
    void anEmptyTargetIsFilled();
    void aTargetBehindALinkIsFilled();
    void targetsThatCannotBeUsedAreRefused_data();
    void targetsThatCannotBeUsedAreRefused();
    void theLeftoverOfADeadRunIsReplaced();
    void theFolderOfALiveRunIsRefused();
    void aStrangersPartialFolderIsKept();
    void aTargetFilledMeanwhileIsKept();

private:
    std::unique_ptr<TemporaryFolder> m_folder;
};

void DurableFileTest::aFileHoldsWhatWasWritten() {
    const fs::path path = *m_folder / "out.txt";
    writeFile(path, "longer than what replaces it");
    FileWriter writer(path);
    writer.write("one ");
    writer.write(std::string_view());
    writer.write(std::string_view("two\0", 4));
    QCOMPARE(writer.written(), std::uint64_t{8});
    writer.finish();
    QCOMPARE(readFile(path), std::string("one two\0", 8));
}

void DurableFileTest::aFileThatCannotBeCreatedIsAnError() {
    writeFile(*m_folder / "file", "x");
    const auto below = errorOf([&] { FileWriter(*m_folder / "file" / "out"); });
    QCOMPARE(lackingIn(below, {"file/out cannot be created", "is a file, not a folder"}), QString());
    const auto folder = errorOf([&] { FileWriter(m_folder->path()); });
    QCOMPARE(lackingIn(folder, {"cannot be created", "this is a folder"}), QString());
}

void DurableFileTest::aFullDiskIsNamed() {
    FileWriter writer("/dev/full");
    const auto message = errorOf([&] { writer.write("x"); });
    QCOMPARE(lackingIn(message, {"/dev/full", "the disk is full", "free some space"}), QString());
}

void DurableFileTest::aFileTooLargeIsNamed() {
    rlimit before{};
    QCOMPARE(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, before.rlim_max};
    QCOMPARE(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto message = errorOf([&] {
        FileWriter writer(*m_folder / "large");
        writer.write(std::string(10000, 'x'));
    });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    QCOMPARE(lackingIn(message, {"large", "after 4096 bytes", "became too large", "ulimit -f"}), QString());
}

void DurableFileTest::aCopyIsTheSame() {
    std::string bytes((1u << 20) + 12345, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
    for (const std::size_t size : {std::size_t{0}, std::size_t{1} << 20, bytes.size()}) {
        writeFile(*m_folder / "from", std::string_view(bytes).substr(0, size));
        copyFile(*m_folder / "from", *m_folder / "to");
        QVERIFY(readFile(*m_folder / "to") == bytes.substr(0, size));
    }
    const auto message = errorOf([&] { copyFile(*m_folder / "none", *m_folder / "to"); });
    QCOMPARE(lackingIn(message, {"none", "no such file"}), QString());
}

void DurableFileTest::freeSpaceIsThatOfTheNearestParent() {
    writeFile(*m_folder / "file", "x");
    QVERIFY(freeDiskBytes(m_folder->path()) > 0);
    QVERIFY(freeDiskBytes(*m_folder / "not" / "there" / "yet") > 0);
    QVERIFY(freeDiskBytes(*m_folder / "file" / "below") > 0);
    QVERIFY(freeDiskBytes("relative/and/not/there") > 0);
}

void DurableFileTest::aCommittedFolderIsThereWhole() {
    const fs::path target = *m_folder / "new" / "out" / "";  // two folders deep, and a slash at the end
    {
        PartialFolder partial(target);
        QCOMPARE(partial.path().filename().string(), std::string("out.partial"));
        writeFile(partial.path() / "a.txt", "a");
        QVERIFY(!fs::exists(target));
        partial.commit();
    }
    QCOMPARE(readFile(target / "a.txt"), std::string("a"));
    QVERIFY(!fs::exists(*m_folder / "new" / "out.partial"));
    QCOMPARE(std::distance(fs::directory_iterator(target), {}), 1);  // no marker
}

void DurableFileTest::anAbandonedFolderLeavesNothing() {
    {
        PartialFolder partial(*m_folder / "new" / "deep" / "out");
        writeFile(partial.path() / "sub" / "a.txt", "a");
    }
    QVERIFY(fs::is_empty(m_folder->path()));
    {
        PartialFolder partial(*m_folder / "new" / "out");
        writeFile(*m_folder / "new" / "mine.txt", "put there by somebody else");
    }
    QVERIFY(fs::exists(*m_folder / "new" / "mine.txt"));
    QVERIFY(!fs::exists(*m_folder / "new" / "out.partial"));
}

void DurableFileTest::anEmptyTargetIsFilled() {
    fs::create_directory(*m_folder / "out");
    PartialFolder partial(*m_folder / "out");
    writeFile(partial.path() / "a.txt", "a");
    partial.commit();
    QCOMPARE(readFile(*m_folder / "out" / "a.txt"), std::string("a"));
}

void DurableFileTest::aTargetBehindALinkIsFilled() {
    fs::create_directories(*m_folder / "disk" / "real");
    fs::create_directory_symlink(*m_folder / "disk" / "real", *m_folder / "link");
    PartialFolder partial(*m_folder / "link");
    writeFile(partial.path() / "a.txt", "a");
    partial.commit();
    QCOMPARE(readFile(*m_folder / "disk" / "real" / "a.txt"), std::string("a"));
    QVERIFY(fs::is_symlink(*m_folder / "link"));
}

void DurableFileTest::targetsThatCannotBeUsedAreRefused_data() {
    QTest::addColumn<QString>("target");
    QTest::addColumn<QStringList>("parts");
    QTest::newRow("below a regular file")
        << "file/out" << QStringList{"file/out cannot be made", "file is a file, not a folder"};
    QTest::newRow("deep below a regular file")
        << "file/a/b" << QStringList{"file/a/b cannot be made", "file is a file, not a folder"};
    QTest::newRow("a regular file") << "file" << QStringList{"exists and is a file"};
    QTest::newRow("a folder with something in it") << "full" << QStringList{"full exists and is not empty"};
    QTest::newRow("a link that leads nowhere") << "dangling" << QStringList{"leads nowhere"};
    QTest::newRow("no name") << "" << QStringList{"is no name for a new folder"};
    QTest::newRow("the folder itself") << "full/." << QStringList{"is no name for a new folder"};
    QTest::newRow("a folder above") << "full/.." << QStringList{"is no name for a new folder"};
    QTest::newRow("too long a name") << QString(300, 'x') << QStringList{"cannot be made", "the name is too long"};
}

void DurableFileTest::targetsThatCannotBeUsedAreRefused() {
    QFETCH(QString, target);
    QFETCH(QStringList, parts);
    writeFile(*m_folder / "file", "x");
    writeFile(*m_folder / "full" / "precious.txt", "x");
    fs::create_symlink("nowhere", *m_folder / "dangling");
    const fs::path path = target.isEmpty() ? fs::path() : m_folder->path() / target.toStdString();
    QCOMPARE(lackingIn(errorOf([&] { PartialFolder partial(path); }), parts), QString());
    QVERIFY(fs::exists(*m_folder / "full" / "precious.txt"));
    QCOMPARE(std::distance(fs::directory_iterator(m_folder->path()), {}), 3);
}

void DurableFileTest::theLeftoverOfADeadRunIsReplaced() {
    writeFile(*m_folder / "out.partial" / ".gptq-studio-partial", "");
    writeFile(*m_folder / "out.partial" / "half.bin", "half");
    PartialFolder partial(*m_folder / "out");
    QVERIFY(!fs::exists(partial.path() / "half.bin"));
    partial.commit();
    QVERIFY(fs::is_empty(*m_folder / "out"));
}

void DurableFileTest::theFolderOfALiveRunIsRefused() {
    PartialFolder alive(*m_folder / "out");
    writeFile(alive.path() / "a.txt", "a");
    const auto message = errorOf([&] { PartialFolder second(*m_folder / "out"); });
    QCOMPARE(lackingIn(message, {"out.partial", "being written by another run"}), QString());
    QVERIFY(fs::exists(alive.path() / "a.txt"));
    alive.commit();
    QCOMPARE(readFile(*m_folder / "out" / "a.txt"), std::string("a"));
}

void DurableFileTest::aStrangersPartialFolderIsKept() {
    writeFile(*m_folder / "out.partial" / "thesis.txt", "precious");
    const auto message = errorOf([&] { PartialFolder partial(*m_folder / "out"); });
    QCOMPARE(lackingIn(message, {"out.partial is in the way", "remove it or choose another"}), QString());
    QVERIFY(fs::exists(*m_folder / "out.partial" / "thesis.txt"));
    writeFile(*m_folder / "other.partial", "a file");
    QVERIFY(!errorOf([&] { PartialFolder partial(*m_folder / "other"); }).empty());
    QVERIFY(fs::exists(*m_folder / "other.partial"));
}

void DurableFileTest::aTargetFilledMeanwhileIsKept() {
    PartialFolder partial(*m_folder / "out");
    writeFile(*m_folder / "out" / "precious.txt", "x");
    const auto message = errorOf([&] { partial.commit(); });
    QCOMPARE(lackingIn(message, {"cannot be renamed", "put there meanwhile"}), QString());
    QVERIFY(fs::exists(*m_folder / "out" / "precious.txt"));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::DurableFileTest)
#include "durable_file_test.moc"
