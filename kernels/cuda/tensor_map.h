// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cuda.h>

#include <cstdint>

namespace gptq {

struct MatrixExtent {
    std::uint64_t columns;
    std::uint64_t rows;
};
struct BoxExtent {
    unsigned columns;  // at most 256
    unsigned rows;
};

// A contiguous matrix as Hopper's copy engine takes boxes of it (CUDA Driver API, "Tensor Map Object Management"). data and rows
// aligned to 16 bytes; throws Error where the driver does not take it.
CUtensorMap tensorMap(CUtensorMapDataType type, int elementBytes, const void* data, MatrixExtent matrix, BoxExtent box);

}  // namespace gptq
