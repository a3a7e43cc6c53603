// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Files compressed with gzip (RFC 1952).
#pragma once

#include <cstdint>
#include <string>

#include "core/io/byte_source.h"

namespace gptq {

// The whole content; several compressed parts in a row are one. Throws Error where the file is none, is damaged or ends too
// early, or where its content would pass `limit` bytes.
std::string readGzip(const ByteSource& file, std::uint64_t limit);

}  // namespace gptq
