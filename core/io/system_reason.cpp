// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/system_reason.h"

#include <cerrno>
#include <system_error>

namespace gptq {

std::string systemReason(int code) {
    switch (code) {
        case ENOENT: return "there is no such file or folder";
        case ENOTDIR: return "a part of this path is a file, not a folder";
        case EISDIR: return "this is a folder, not a file";
        case EACCES:
        case EPERM: return "permission denied; check who owns it and its access rights";
        case EROFS: return "the disk is read-only; choose another folder";
        case ENOSPC: return "the disk is full; free some space or choose another disk";
        case EDQUOT: return "your disk quota is used up; free some space or choose another disk";
        case EFBIG:
            return "the file became too large for this disk or for the limit on file sizes (ulimit -f); "
                   "choose another disk, a higher limit or smaller shards";
        case EIO: return "the disk reports an input/output error; check its health";
        case EMFILE:
        case ENFILE: return "too many files are open; raise the limit (ulimit -n)";
        case ENAMETOOLONG: return "the name is too long";
        case ELOOP: return "the symbolic links of this path lead in a circle";
        default: return std::generic_category().message(code);
    }
}

}  // namespace gptq
