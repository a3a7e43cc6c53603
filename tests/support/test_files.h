// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Files that tests make, and the messages they expect of broken ones.
#pragma once

#include <QString>
#include <QStringList>
#include <QTemporaryDir>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "kernels/error.h"

namespace gptq::test {

// Tests lie where their data do, in the build tree and in an installed folder: nothing knows the path of the sources.
std::filesystem::path programFolder();                       // of the running test
std::filesystem::path goldenFile(const std::string& name);   // tests/golden/NAME
std::filesystem::path demoModel();                           // the demo's folder
std::filesystem::path foreignData(const std::string& name);  // of others, under GPTQ_STUDIO_TEST_DATA; it may be absent

void writeFile(const std::filesystem::path& path, std::string_view bytes);  // makes the folders above it
std::string readFile(const std::filesystem::path& path);

// A folder that goes away with its owner.
class TemporaryFolder {
public:
    std::filesystem::path path() const { return m_folder.path().toStdString(); }
    std::filesystem::path operator/(const std::string& name) const { return path() / name; }

private:
    QTemporaryDir m_folder;
};

// A safetensors file: the header's length, the header, the data.
std::string safetensorsBytes(std::string_view header, std::string_view data);

// The text of the Error that `action` throws; empty where it throws none. Other exceptions pass.
template <class Action>
std::string errorOf(Action&& action) {
    try {
        std::forward<Action>(action)();
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

// What gzip makes of the bytes, and of so many bytes of nothing.
std::string gzipOf(std::string_view bytes);
std::string gzipOfZeros(std::size_t count);

// Which of the parts the message lacks, for QCOMPARE(lackingIn(message, parts), QString()).
QString lackingIn(const std::string& message, const QStringList& parts);

}  // namespace gptq::test
