// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/test_files.h"

#include <zlib.h>

#include <algorithm>
#include <array>
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

namespace {

// `count` bytes of `bytes`, over and over.
std::string compressed(std::string_view bytes, std::size_t count) {
    constexpr int kGzip = 16 + MAX_WBITS;
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
    std::string result;
    std::array<char, 1 << 16> piece{};
    for (int status = Z_OK; status != Z_STREAM_END;) {
        if (stream.avail_in == 0) {
            stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
            stream.avail_in = static_cast<uInt>(std::min(bytes.size(), count));
            count -= stream.avail_in;
        }
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = piece.size();
        status = deflate(&stream, count == 0 ? Z_FINISH : Z_NO_FLUSH);
        result.append(piece.data(), piece.size() - stream.avail_out);
    }
    deflateEnd(&stream);
    return result;
}

}  // namespace

std::string gzipOf(std::string_view bytes) {
    return compressed(bytes, bytes.size());
}

std::string gzipOfZeros(std::size_t count) {
    return compressed(std::string(std::size_t{1} << 20, '\0'), count);
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
