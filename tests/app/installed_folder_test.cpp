// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What cmake --install puts into a folder runs from anywhere: every library but the C library lies in it, with its licence. Of the CUDA
// module only the machine's libraries are not there.

#include <QDir>
#include <QDirIterator>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

class InstalledFolderTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void noLibraryComesFromElsewhere_data();
    void noLibraryComesFromElsewhere();
    void theCommandLineRuns();
    void theWindowsPluginsAreFound();
    void licencesComeAlong();

private:
    struct Run {
        int status = -1;
        QString said;
    };
    Run run(const QString& program, const QStringList& arguments) const;
    QString at(const QString& path) const { return m_folder + "/" + path; }

    QTemporaryDir m_place;
    QString m_folder, m_installation;
};

// In an environment that tells of no libraries and plugins.
InstalledFolderTest::Run InstalledFolderTest::run(const QString& program, const QStringList& arguments) const {
    QProcess process;
    QProcessEnvironment environment;
    environment.insert("PATH", "/usr/bin:/bin");
    environment.insert("HOME", m_place.path());
    environment.insert("XDG_RUNTIME_DIR", m_place.path());
    environment.insert("QT_QPA_PLATFORM", "offscreen");
    environment.insert("QT_DEBUG_PLUGINS", "1");
    process.setProcessEnvironment(environment);
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.start(program, arguments);
    if (!process.waitForFinished(120'000)) return {};
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1,
            QString::fromUtf8(process.readAll())};
}

void InstalledFolderTest::initTestCase() {
    const QString first = m_place.filePath("first");
    const Run installed = run(GPTQ_STUDIO_CMAKE, {"--install", GPTQ_STUDIO_BUILD, "--prefix", first});
    QVERIFY2(installed.status == 0, qPrintable(installed.said.right(2000)));
    m_installation = installed.said;
    m_folder = m_place.filePath("a moved folder");
    QVERIFY(QDir().rename(first, m_folder));
}

void InstalledFolderTest::noLibraryComesFromElsewhere_data() {
    QTest::addColumn<QString>("file");
    for (const char* file : {"bin/gptq", "bin/gptq-studio"}) QTest::newRow(file) << file;
    QDirIterator plugins(m_folder, {"*.so"}, QDir::Files, QDirIterator::Subdirectories);
    while (plugins.hasNext()) {
        const QString file = QDir(m_folder).relativeFilePath(plugins.next());
        if (!file.contains("libgptq_cuda")) QTest::newRow(qPrintable(file)) << file;
    }
}

void InstalledFolderTest::noLibraryComesFromElsewhere() {
    static const QRegularExpression machines("^(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|resolv|util)[.]so)");
    QFETCH(QString, file);
    const Run told = run("ldd", {at(file)});
    QVERIFY2(told.status == 0, qPrintable(told.said));
    // A program finds its libraries in the folder, and its plugins find theirs by the program's.
    const bool program = file.startsWith("bin/");
    QStringList strangers;
    for (QString line : told.said.split('\n', Qt::SkipEmptyParts)) {
        line = line.trimmed();
        const QString name = QFileInfo(line.section(' ', 0, 0)).fileName(),
                      path = line.section("=> ", 1).section(" (", 0, 0);
        if (machines.match(name).hasMatch()) continue;
        const bool within =
            program ? QDir::cleanPath(path).startsWith(m_folder + "/") : QFile::exists(at("lib/" + name));
        if (!within) strangers << line;
    }
    QVERIFY2(strangers.isEmpty(), qPrintable(strangers.join('\n')));
}

void InstalledFolderTest::theCommandLineRuns() {
    const Run devices = run(at("bin/gptq"), {"devices"});
    QVERIFY2(devices.status == 0 && devices.said.contains("cpu"), qPrintable(devices.said));
    const Run demo = run(at("bin/gptq"), {"inspect", "demo"});
    QVERIFY2(demo.status == 0, qPrintable(demo.said));
}

void InstalledFolderTest::theWindowsPluginsAreFound() {
    const Run help = run(at("bin/gptq-studio"), {"--help"});
    QVERIFY2(help.status == 0, qPrintable(help.said.right(2000)));
    const QString loaded = QString("\"%1\" loaded library").arg(at("lib/qt6/plugins/platforms/libqoffscreen.so"));
    QVERIFY2(help.said.contains(loaded), qPrintable(help.said.right(2000)));
}

void InstalledFolderTest::licencesComeAlong() {
    const QDir licences(at("share/doc/gptq-studio/licences")), libraries(licences.filePath("libraries"));
    QVERIFY(licences.exists("GPL-3.0-or-later.txt"));
    QVERIFY2(!m_installation.contains("licence texts"), qPrintable(m_installation.right(2000)));
    for (const char* package : {"libopenblas*.txt", "libqt6core*.txt", "libqt6svg*.txt", "libsentencepiece*.txt"})
        QVERIFY2(!libraries.entryList({package}, QDir::Files).isEmpty(), package);
    // The texts that others refer to lie beside them.
    static const QRegularExpression common("/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])");
    for (const QString& name : libraries.entryList({"*.txt"}, QDir::Files)) {
        QFile file(libraries.filePath(name));
        QVERIFY(file.open(QIODevice::ReadOnly));
        auto references = common.globalMatch(QString::fromUtf8(file.readAll()));
        while (references.hasNext()) {
            const QString text = references.next().captured(1);
            if (QFile::exists("/usr/share/common-licenses/" + text))
                QVERIFY2(libraries.exists(text), qPrintable(name + ": " + text));
        }
    }
}

QTEST_GUILESS_MAIN(InstalledFolderTest)
#include "installed_folder_test.moc"
