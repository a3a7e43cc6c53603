// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Files and folders that are there whole or not at all: written under another name, forced to the disk, then renamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace gptq {

// One file written front to back. Every failure throws Error with the path and the system's reason (disk full says so).
class FileWriter {
public:
    explicit FileWriter(std::filesystem::path path);  // creates or truncates
    ~FileWriter();
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;

    void write(std::span<const std::byte> bytes);
    void write(std::string_view text);
    std::uint64_t written() const { return m_written; }
    void finish();  // flushes to the disk (fsync) and closes; without it the file is incomplete

private:
    std::filesystem::path m_path;
    int m_descriptor = -1;
    std::uint64_t m_written = 0;
};

// A folder in the making, beside its final place as NAME.partial. Going away before `commit` removes all of it.
class PartialFolder {
public:
    // Throws Error where `target` exists and is not an empty folder, or cannot be made. A NAME.partial that an earlier run
    // of this program left (it holds a marker file) is replaced; anybody else's, or that of a run that is still alive, is
    // refused. Folders missing above the target are made, and removed again with the rest.
    explicit PartialFolder(std::filesystem::path target);
    ~PartialFolder();
    PartialFolder(const PartialFolder&) = delete;
    PartialFolder& operator=(const PartialFolder&) = delete;

    const std::filesystem::path& path() const { return m_partial; }
    void commit();  // removes the marker, fsyncs the folder, renames to the target, fsyncs the parent

private:
    void remove() noexcept;

    std::filesystem::path m_target;
    std::filesystem::path m_partial;
    std::vector<std::filesystem::path> m_parents;  // made for the target, outermost first
    bool m_present = false;                        // m_partial is there and ours
    int m_marker = -1;                             // descriptor of the marker file; locked while this lives
};

void copyFile(const std::filesystem::path& from, const std::filesystem::path& to);  // durable
// What an ordinary user may still write; where the folder is not there yet, on the disk of its nearest parent.
std::uint64_t freeDiskBytes(const std::filesystem::path& folder);

}  // namespace gptq
