// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Bytes read in bounded pieces: a file, or what a test puts in its place. Never mapped: a file that shrinks while it is read
// is an error with a name, not a signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace gptq {

class ByteSource {
public:
    virtual ~ByteSource() = default;
    virtual const std::string& name() const = 0;  // for messages
    virtual std::uint64_t size() const = 0;
    // Fills `to` from `offset` on; throws Error where that passes the end or the medium fails.
    virtual void read(std::uint64_t offset, std::span<std::byte> to) const = 0;
};

std::unique_ptr<ByteSource> openFile(const std::filesystem::path& path);  // throws Error: missing, a folder, unreadable
std::unique_ptr<ByteSource> bytesInMemory(std::string name, std::string bytes);

// The whole of a small file; throws Error where it is larger than `limit` bytes.
std::string readWhole(const std::filesystem::path& path, std::uint64_t limit);

// Whether a file that begins so is the stand-in that a clone without Git LFS leaves in place of the large file.
bool isGitLfsPointer(std::string_view begin);

}  // namespace gptq
