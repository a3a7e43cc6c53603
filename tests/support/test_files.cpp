// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/test_files.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace gptq::test {

std::filesystem::path programFolder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::filesystem::path goldenFile(const std::string& name) {
    return programFolder() / "golden" / name;
}

std::filesystem::path demoModel() {
    return programFolder().parent_path() / "share/gptq-studio/demo";
}

std::filesystem::path foreignData(const std::string& name) {
    const char* folder = std::getenv("GPTQ_STUDIO_TEST_DATA");
    return std::filesystem::path(folder ? folder : "/nonexistent") / name;
}

void writeFile(const std::filesystem::path& path, std::string_view bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) throw Error("the test cannot write ", path.string());
}

std::string readFile(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error("the test cannot read ", path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string safetensorsBytes(std::string_view header, std::string_view data) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
    return bytes + std::string(header) + std::string(data);
}

QString lackingIn(const std::string& message, const QStringList& parts) {
    QStringList lacking;
    for (const QString& part : parts) {
        if (!QString::fromStdString(message).contains(part)) lacking << part;
    }
    if (lacking.isEmpty()) return {};
    return "'" + lacking.join("', '") + "' not in: " + QString::fromStdString(message);
}

}  // namespace gptq::test
