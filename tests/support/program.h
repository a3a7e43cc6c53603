// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A program as its user meets it: arguments in; output, messages and an exit status out.
#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/io/json.h"

namespace gptq::test {

struct ProgramRun {
    int status = -1;  // of the exit; -1 where a signal or the test's patience ended the program
    QByteArray out;
    QByteArray messages;  // standard error
    double seconds = 0;

    std::vector<Json> lines() const;  // standard output as one JSON object a line; throws where it is not
    Json json() const;                // the only one
    QString summary() const;          // for a failed test's message
};

class Program {
public:
    explicit Program(QString path) : m_path(std::move(path)) {}

    ProgramRun run(const QStringList& arguments) const;
    // The same, ended by a signal of that number as soon as standard output holds `afterOutput` (empty: at once) and the
    // program has a handler for the signal. `seconds` counts from the signal.
    ProgramRun interrupt(int signal, const QByteArray& afterOutput, const QStringList& arguments) const;

    const QString& path() const { return m_path; }

private:
    QString m_path;
};

// gptq, as it was built or installed together with this test.
Program gptqProgram();

QString argument(const std::filesystem::path& path);

// Everything below a folder, by relative path: the bytes of files (of large ones the size), where links lead.
std::map<std::string, std::string> treeOf(const std::filesystem::path& folder);

}  // namespace gptq::test
