// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cuda.h>

#include <cstdint>

namespace gptq {

struct MatrixExtent {
    std::uint64_t columns;
    std::uint64_t rows;
    std::uint64_t stride = 0;  // elements from row to row; 0: they follow each other
};
struct BoxExtent {
    unsigned columns;  // at most 256
    unsigned rows;
};

// A matrix as Hopper's copy engine takes boxes of it (CUDA Driver API, "Tensor Map Object Management"). data and rows aligned to 16
// bytes; throws Error where the driver does not take it. exchanged: a box's rows of 128 bytes come to lie as products of warpgroups read
// them (warpgroup.cuh).
CUtensorMap tensorMap(CUtensorMapDataType type, int elementBytes, const void* data, MatrixExtent matrix, BoxExtent box,
                      bool exchanged = false);

// Boxes of 64 columns by `tokens` of x (rows, columns), 16 bits each, stride elements from row to row.
inline CUtensorMap inputMap(const void* x, std::int64_t rows, std::int64_t columns, std::int64_t stride, int tokens) {
    const std::uint64_t apart = static_cast<std::uint64_t>(rows == 1 ? columns : stride);
    return tensorMap(CU_TENSOR_MAP_DATA_TYPE_UINT16, 2, x,
                     {static_cast<std::uint64_t>(columns), static_cast<std::uint64_t>(rows), apart},
                     {64, static_cast<unsigned>(tokens)}, true);
}

}  // namespace gptq
