// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/io/byte_source.h"
#include "core/io/system_reason.h"
#include "kernels/error.h"

namespace gptq {

FileWriter::FileWriter(std::filesystem::path path) : m_path(std::move(path)) {
    m_descriptor = ::open(m_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (m_descriptor < 0) throw Error(m_path.string(), " cannot be created: ", systemReason(errno));
}

FileWriter::~FileWriter() {
    if (m_descriptor >= 0) ::close(m_descriptor);
}

void FileWriter::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(m_descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            throw Error(m_path.string(), " cannot be written after ", m_written, " bytes: ", systemReason(errno));
        }
        m_written += static_cast<std::uint64_t>(count);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void FileWriter::write(std::string_view text) {
    write(std::as_bytes(std::span(text)));
}

void FileWriter::finish() {
    // EINVAL and ENOTSUP: not a thing that can be forced to a disk, such as a pipe.
    if (::fsync(m_descriptor) != 0 && errno != EINVAL && errno != ENOTSUP) {
        throw Error(m_path.string(), " cannot be written to the disk: ", systemReason(errno));
    }
    if (::close(std::exchange(m_descriptor, -1)) != 0 && errno != EINTR) {
        throw Error(m_path.string(), " cannot be closed: ", systemReason(errno));
    }
}

void copyFile(const std::filesystem::path& from, const std::filesystem::path& to) {
    constexpr std::uint64_t kPieceBytes = 1u << 20;
    const std::unique_ptr<ByteSource> source = openFile(from);
    FileWriter writer(to);
    std::vector<std::byte> piece(static_cast<std::size_t>(std::min(source->size(), kPieceBytes)));
    for (std::uint64_t offset = 0; offset < source->size(); offset += piece.size()) {
        piece.resize(static_cast<std::size_t>(std::min(source->size() - offset, kPieceBytes)));
        source->read(offset, piece);
        writer.write(piece);
    }
    writer.finish();
}

std::uint64_t freeDiskBytes(const std::filesystem::path& folder) {
    std::filesystem::path existing = std::filesystem::absolute(folder);
    struct statvfs disk {};
    while (::statvfs(existing.c_str(), &disk) != 0) {
        if ((errno != ENOENT && errno != ENOTDIR) || !existing.has_relative_path()) {
            throw Error("the free space of ", folder.string(), " cannot be told: ", systemReason(errno));
        }
        existing = existing.parent_path();
    }
    return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

}  // namespace gptq
