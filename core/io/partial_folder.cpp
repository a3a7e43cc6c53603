// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "core/io/durable_file.h"
#include "core/io/system_reason.h"
#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

namespace {

constexpr const char* kMarkerName = ".gptq-studio-partial";

// The folder that a target names, once it is sure that nothing of value is there.
fs::path checkedTarget(fs::path target) {
    const std::string given = target.string();
    while (!target.has_filename() && target.has_relative_path()) target = target.parent_path();  // "out/"
    if (!target.has_filename() || target.filename() == "." || target.filename() == "..") {
        throw Error("'", given, "' is no name for a new folder; choose another output folder");
    }
    std::error_code failure;
    const fs::file_status status = fs::status(target, failure);
    const bool isLink = fs::is_symlink(fs::symlink_status(target, failure));
    if (!fs::exists(status)) {
        if (isLink) throw Error(given, " is a symbolic link that leads nowhere; choose another output folder");
        return target;
    }
    if (!fs::is_directory(status)) throw Error(given, " exists and is a file; choose another output folder");
    const bool isEmpty = fs::is_empty(target, failure);
    if (failure) throw Error(given, " cannot be looked into: ", systemReason(failure.value()));
    if (!isEmpty) throw Error(given, " exists and is not empty; choose another output folder or empty it first");
    return isLink ? fs::canonical(target) : target;
}

// Makes the folders above `target` that are not there yet; adds each to `made`, outermost first.
void makeParents(const fs::path& target, std::vector<fs::path>& made) {
    std::vector<fs::path> missing;
    fs::path parent = target.parent_path();
    std::error_code failure;
    while (!parent.empty() && !fs::exists(parent, failure)) {
        missing.push_back(parent);
        parent = parent.parent_path();
    }
    if (!parent.empty() && !fs::is_directory(parent, failure)) {
        throw Error(target.string(), " cannot be made: ", parent.string(), " is a file, not a folder");
    }
    for (; !missing.empty(); missing.pop_back()) {
        const fs::path& folder = missing.back();
        if (::mkdir(folder.c_str(), 0777) == 0) {
            made.push_back(folder);
        } else if (errno != EEXIST) {
            throw Error(target.string(), " cannot be made: ", folder.string(), ": ", systemReason(errno));
        }
    }
}

// Removes what an earlier run left at `partial`, and only that.
void clearLeftover(const fs::path& partial) {
    std::error_code failure;
    const fs::file_status status = fs::symlink_status(partial, failure);
    if (!fs::exists(status)) return;
    if (fs::is_directory(status) && fs::is_empty(partial, failure) && !failure) {
        ::rmdir(partial.c_str());
        return;
    }
    const int marker =
        fs::is_directory(status) ? ::open((partial / kMarkerName).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (marker < 0) {
        throw Error(partial.string(), " is in the way, and it is not what an interrupted run of this program left; ",
                    "remove it or choose another output folder");
    }
    const bool inUse = ::flock(marker, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!inUse) fs::remove_all(partial, failure);
    ::close(marker);
    if (inUse)
        throw Error(partial.string(), " is being written by another run; wait for its end or choose another folder");
    if (failure) throw Error(partial.string(), " cannot be removed: ", systemReason(failure.value()));
}

// A marker that stays locked as long as its descriptor is open: a run that is alive can be told from one that died.
int makeMarker(const fs::path& partial) {
    const int marker = ::open((partial / kMarkerName).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (marker < 0) throw Error(partial.string(), " cannot be written to: ", systemReason(errno));
    ::flock(marker, LOCK_EX | LOCK_NB);  // some network file systems have no locks; then there is only the marker
    return marker;
}

void syncFolder(const fs::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && (::fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP);
    const int code = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced) throw Error(folder.string(), " cannot be forced to the disk: ", systemReason(code));
}

}  // namespace

PartialFolder::PartialFolder(fs::path target) : m_target(checkedTarget(std::move(target))), m_partial(m_target) {
    m_partial += ".partial";
    try {
        makeParents(m_target, m_parents);
        clearLeftover(m_partial);
        if (::mkdir(m_partial.c_str(), 0777) != 0) {
            throw Error(m_target.string(), " cannot be made: ", m_partial.string(), ": ", systemReason(errno));
        }
        m_present = true;
        m_marker = makeMarker(m_partial);
    } catch (...) {
        remove();
        throw;
    }
}

PartialFolder::~PartialFolder() {
    remove();
}

void PartialFolder::remove() noexcept {
    std::error_code ignored;
    if (m_present) fs::remove_all(m_partial, ignored);
    m_present = false;
    if (m_marker >= 0) ::close(std::exchange(m_marker, -1));
    for (; !m_parents.empty(); m_parents.pop_back()) ::rmdir(m_parents.back().c_str());  // stays where it is not empty
}

void PartialFolder::commit() {
    const fs::path marker = m_partial / kMarkerName;
    if (::unlink(marker.c_str()) != 0) throw Error(marker.string(), " cannot be removed: ", systemReason(errno));
    syncFolder(m_partial);
    if (::rename(m_partial.c_str(), m_target.c_str()) != 0) {
        const std::string reason =
            errno == ENOTEMPTY || errno == EEXIST ? "something else was put there meanwhile" : systemReason(errno);
        throw Error(m_partial.string(), " cannot be renamed to ", m_target.string(), ": ", reason);
    }
    m_present = false;
    m_parents.clear();
    ::close(std::exchange(m_marker, -1));
    const fs::path parent = m_target.parent_path();
    syncFolder(parent.empty() ? fs::path(".") : parent);
}

}  // namespace gptq
