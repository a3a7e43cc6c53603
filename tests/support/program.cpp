// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/program.h"

#include <signal.h>

#include <QElapsedTimer>
#include <QProcess>
#include <QThread>

#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

namespace {

constexpr int kPatience = 900'000;  // ms; below what CTest grants a test under sanitizers
constexpr std::uintmax_t kLargeBytes = 64u << 20;

ProgramRun endOf(QProcess& process, const QElapsedTimer& clock) {
    if (!process.waitForFinished(kPatience)) {
        process.kill();
        process.waitForFinished();
    }
    ProgramRun run;
    run.seconds = static_cast<double>(clock.elapsed()) / 1000;
    run.out = process.readAllStandardOutput();
    run.messages = process.readAllStandardError();
    if (process.exitStatus() == QProcess::NormalExit) run.status = process.exitCode();
    return run;
}

// Linux: the signals that a process catches are a mask in its status file.
bool catches(qint64 process, int signal) {
    const std::string status = readFile("/proc/" + std::to_string(process) + "/status");
    const auto at = status.find("SigCgt:");
    return at != std::string::npos && (std::stoull(status.substr(at + 7), nullptr, 16) >> (signal - 1) & 1u) != 0;
}

}  // namespace

std::vector<Json> ProgramRun::lines() const {
    std::vector<Json> objects;
    for (const QByteArray& line : out.split('\n')) {
        if (!line.isEmpty()) objects.push_back(parseJson(line.toStdString(), "standard output"));
    }
    if (!out.isEmpty() && !out.endsWith('\n')) throw Error("the last line of standard output does not end");
    return objects;
}

Json ProgramRun::json() const {
    const std::vector<Json> objects = lines();
    if (objects.size() != 1) throw Error(objects.size(), " lines where one was expected: ", out.toStdString());
    return objects.front();
}

QString ProgramRun::summary() const {
    return QString("status %1\n%2%3").arg(status).arg(QString::fromUtf8(messages), QString::fromUtf8(out.right(2000)));
}

ProgramRun Program::run(const QStringList& arguments) const {
    QElapsedTimer clock;
    clock.start();
    QProcess process;
    process.start(m_path, arguments, QIODevice::ReadOnly);
    if (!process.waitForStarted()) throw Error(m_path.toStdString(), " does not start");
    return endOf(process, clock);
}

ProgramRun Program::interrupt(int signal, const QByteArray& afterOutput, const QStringList& arguments) const {
    QElapsedTimer clock;
    clock.start();
    QProcess process;
    process.start(m_path, arguments, QIODevice::ReadOnly);
    if (!process.waitForStarted()) throw Error(m_path.toStdString(), " does not start");
    QByteArray seen;
    while (process.state() == QProcess::Running && clock.elapsed() < kPatience &&
           !(seen.contains(afterOutput) && catches(process.processId(), signal))) {
        process.waitForReadyRead(5);
        seen += process.readAllStandardOutput();
    }
    clock.restart();
    if (process.state() == QProcess::Running) ::kill(static_cast<pid_t>(process.processId()), signal);
    ProgramRun run = endOf(process, clock);
    run.out.prepend(seen);
    return run;
}

Program gptqProgram() {
    return Program(argument(programFolder().parent_path() / "bin" / "gptq"));
}

QString argument(const fs::path& path) {
    return QString::fromStdString(path.string());
}

std::map<std::string, std::string> treeOf(const fs::path& folder) {
    std::map<std::string, std::string> tree;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
        std::string& what = tree[entry.path().lexically_relative(folder).string()];
        if (entry.is_symlink()) what = "-> " + fs::read_symlink(entry.path()).string();
        else if (entry.is_directory()) what = "folder";
        else if (entry.file_size() > kLargeBytes) what = std::to_string(entry.file_size()) + " bytes";
        else what = readFile(entry.path());
    }
    return tree;
}

}  // namespace gptq::test
