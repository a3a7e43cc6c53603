// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Packing on the device: codes uint8 (rows, columns) to the words of packed_layout.h. A thread a lane of a tile: it gathers its 32
// codes and writes its words. Done once a matrix, at load.
//
//     tile of 16 rows by 64 columns: warp w of a block, eight of them side by side; where a lane's codes lie: packed_layout.h
//
// Bound: reads of single bytes, 32 a lane; measured 42 % of a copy's bandwidth (4096 x 4096, 4 bits: 20.0 us).
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kTilesABlock = 8;

__global__ void packKernel(const std::uint8_t* codes, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                           int bits, std::uint32_t* words) {
    const std::int64_t tiles = tilesAcross(columns);
    const std::int64_t tile = static_cast<std::int64_t>(blockIdx.x) * kTilesABlock + threadIdx.x / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    if (tile >= rows / kTileRows * tiles) return;
    const std::int64_t row = tile / tiles * kTileRows, column = tile % tiles * kTileColumns;
    std::uint32_t* out = words + tile * wordsOfTile(bits);
    std::uint32_t own[kMostLaneWords] = {};
    for (int c = 0; c < kLaneCodes; ++c) {
        const TilePosition at = positionInTile(lane, c);
        const bool there = column + at.column < columns;
        putCodeOfLane(own, bits, c, there ? codes[(row + at.row) * stride + column + at.column] : 1u << (bits - 1));
    }
    for (int w = 0; w < bits; ++w) out[wordInTile(bits, lane, w)] = own[w];
}

}  // namespace

void CudaBackend::pack(ConstTensorView codes, int bits, TensorView words) {
    enter();
    const std::int64_t rows = codes.rows(), columns = codes.columns();
    requireMatrix(codes, DType::UInt8, rows, columns, "pack: codes");
    checkPackable(rows, columns, bits);
    requireVector(words, DType::UInt32, packedWords(rows, columns, bits), "pack: words");
    const std::int64_t tiles = rows / kTileRows * tilesAcross(columns);
    packKernel<<<blocksFor(tiles, kTilesABlock), kTilesABlock * 32, 0, stream()>>>(
        deviceData<std::uint8_t>(codes), codes.rowStride(), rows, columns, bits, deviceData<std::uint32_t>(words));
    CUDA_CHECK_LAUNCH();
}

}  // namespace gptq
