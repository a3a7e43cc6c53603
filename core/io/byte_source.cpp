// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/io/system_reason.h"
#include "kernels/error.h"

namespace gptq {

namespace {

void checkRange(const ByteSource& source, std::uint64_t offset, std::uint64_t bytes) {
    if (offset > source.size() || bytes > source.size() - offset) {
        throw Error(source.name(), ": ", bytes, " bytes at offset ", offset, " pass the end of the file, which has ",
                    source.size(), " bytes");
    }
}

class FileSource : public ByteSource {
public:
    explicit FileSource(const std::filesystem::path& path) : m_name(path.string()) {
        // Non-blocking, so that a named pipe is refused below and not waited for.
        m_descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (m_descriptor < 0) throw Error(m_name, " cannot be opened: ", systemReason(errno));
        try {
            m_size = measure();
        } catch (...) {
            ::close(m_descriptor);
            throw;
        }
    }
    ~FileSource() override { ::close(m_descriptor); }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    const std::string& name() const override { return m_name; }
    std::uint64_t size() const override { return m_size; }

    void read(std::uint64_t offset, std::span<std::byte> to) const override {
        checkRange(*this, offset, to.size());
        while (!to.empty()) {
            const ssize_t count = ::pread(m_descriptor, to.data(), to.size(), static_cast<off_t>(offset));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) throw Error(m_name, " cannot be read at offset ", offset, ": ", systemReason(errno));
            if (count == 0) {
                throw Error(m_name, " became shorter while it was read: it had ", m_size, " bytes and now has ",
                            measure(), "; something else writes to it");
            }
            offset += static_cast<std::uint64_t>(count);
            to = to.subspan(static_cast<std::size_t>(count));
        }
    }

private:
    std::uint64_t measure() const {
        struct stat status {};
        if (::fstat(m_descriptor, &status) != 0) throw Error(m_name, " cannot be read: ", systemReason(errno));
        if (S_ISDIR(status.st_mode)) throw Error(m_name, " is a folder, not a file");
        if (!S_ISREG(status.st_mode)) throw Error(m_name, " is a device or a pipe, not a regular file");
        return static_cast<std::uint64_t>(status.st_size);
    }

    std::string m_name;
    int m_descriptor = -1;
    std::uint64_t m_size = 0;
};

class MemorySource : public ByteSource {
public:
    MemorySource(std::string name, std::string bytes) : m_name(std::move(name)), m_bytes(std::move(bytes)) {}

    const std::string& name() const override { return m_name; }
    std::uint64_t size() const override { return m_bytes.size(); }
    void read(std::uint64_t offset, std::span<std::byte> to) const override {
        checkRange(*this, offset, to.size());
        if (!to.empty()) std::memcpy(to.data(), m_bytes.data() + offset, to.size());
    }

private:
    std::string m_name;
    std::string m_bytes;
};

}  // namespace

std::unique_ptr<ByteSource> openFile(const std::filesystem::path& path) {
    return std::make_unique<FileSource>(path);
}

std::unique_ptr<ByteSource> bytesInMemory(std::string name, std::string bytes) {
    return std::make_unique<MemorySource>(std::move(name), std::move(bytes));
}

std::string readWhole(const std::filesystem::path& path, std::uint64_t limit) {
    const std::unique_ptr<ByteSource> file = openFile(path);
    if (file->size() > limit) {
        throw Error(file->name(), " has ", file->size(), " bytes; at most ", limit, " are expected of such a file");
    }
    std::string bytes(static_cast<std::size_t>(file->size()), '\0');
    file->read(0, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

bool isGitLfsPointer(std::string_view begin) {
    return begin.substr(0, 23) == "version https://git-lfs";
}

}  // namespace gptq
