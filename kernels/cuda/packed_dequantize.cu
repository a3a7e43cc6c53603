// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Packed weights to dense ones: w[n, k] = (q[n, k] - z[g, n]) s[g, n], rounded once to the activation type.
//
// A warp a tile of 16 rows by 64 columns, a lane two rows of it and, once four lanes have exchanged their codes, eight neighbours of each
// half: it reads 16 bytes at 4 bits and writes 16 bytes four times, four lanes side by side:
//
//               half 0: columns 0-7 | 8-15 | 16-23 | 24-31     half 1: columns 32-39 | ...
//     row g         lane 4 g | 4 g + 1 | 4 g + 2 | 4 g + 3         the same lanes
//     row g + 8     the same lanes                                 the same lanes
//
// A block is eight tiles. Bound: memory, bits / 8 + 2 bytes a weight;
// measured 98 % of a copy's bandwidth (12288 x 4096, 4 bits: 42.7 us).
#include "kernels/cuda/dequant.cuh"
#include "kernels/cuda/lane_columns.cuh"
#include "kernels/cuda/packed_dequantize.cuh"

namespace gptq {
namespace {

constexpr int kWarps = 8;

struct Grids {
    const Half* scales;
    const std::uint8_t* zeros;  // null: the middle code
    int rows;
    int columns;
    int groupColumns;
};

// Two codes as weights, rounded once: code minus zero is exact, and so is its product in float32.
template <class T>
__device__ std::uint32_t weightsOf(std::uint32_t codes, float zero, float scale) {
    const auto pair = pairOf<PairOf<T>>(codes);
    const T weights[2] = {fromFloat<T>((asFloat(pair.x) - zero) * scale),
                          fromFloat<T>((asFloat(pair.y) - zero) * scale)};
    std::uint32_t bits;
    memcpy(&bits, weights, 4);
    return bits;
}

// row, column: where the lane's eight neighbours of the half begin.
template <int bits, int half, class T>
__device__ void writeHalf(const Grids& g, const LaneWords<bits>& words, int row, int column, int lane, T* out) {
    if (column >= g.columns) return;  // for all lanes
    const std::int64_t at = static_cast<std::int64_t>(column / g.groupColumns) * g.rows + row;
    const PairOf<T> none = zeroFor<bits, T>(0);
    const FragmentA first = weightFragment<bits, half * 2, T>(words, none, none),
                    second = weightFragment<bits, half * 2 + 1, T>(words, none, none);
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        std::uint32_t codes[4] = {first.x[i], first.x[i + 2], second.x[i], second.x[i + 2]};
        exchangeColumns(codes, lane);
        const auto zero = static_cast<float>(g.zeros ? g.zeros[at + i * 8] : 1 << (bits - 1));
        const float scale = __half2float(g.scales[at + i * 8]);
        const uint4 eight{weightsOf<T>(codes[0], zero, scale), weightsOf<T>(codes[1], zero, scale),
                          weightsOf<T>(codes[2], zero, scale), weightsOf<T>(codes[3], zero, scale)};
        *reinterpret_cast<uint4*>(out + static_cast<std::int64_t>(row + i * 8) * g.columns + column) = eight;
    }
}

template <int bits, class T>
__global__ void __launch_bounds__(kWarps * 32) dequantizeKernel(const std::uint32_t* words, const Grids g, T* out) {
    const int tiles = static_cast<int>(tilesAcross(g.columns)), lane = static_cast<int>(threadIdx.x) % 32;
    const int tile = static_cast<int>(blockIdx.x) * kWarps + static_cast<int>(threadIdx.x) / 32;
    if (tile >= g.rows / 16 * tiles) return;
    const int row = tile / tiles * 16 + lane / 4, column = tile % tiles * 64 + lane % 4 * 8;
    LaneWords<bits> lanes;
    lanes.load(words + static_cast<std::int64_t>(tile) * wordsOfTile(bits), lane);
    writeHalf<bits, 0, T>(g, lanes, row, column, lane, out);
    writeHalf<bits, 1, T>(g, lanes, row, column + 32, lane, out);
}

}  // namespace

void packedDequantize(const PackedWeight& weight, TensorView out, cudaStream_t stream) {
    if (!out.contiguous()) throw Error("dequantize: the dense matrix must lie in one piece");
    const std::int64_t tiles = weight.rows / kTileRows * tilesAcross(weight.columns);
    const Grids grids{deviceData<Half>(weight.scales),
                      weight.scheme.symmetric ? nullptr : deviceData<std::uint8_t>(weight.zeros),
                      static_cast<int>(weight.rows), static_cast<int>(weight.columns),
                      static_cast<int>(weight.scheme.groupColumns(weight.columns))};
    withActivation(out.dtype(), [&]<class T>() {
        withBits(weight.scheme.bits, [&]<int bits>() {
            dequantizeKernel<bits, T><<<blocksFor(tiles, kWarps), kWarps * 32, 0, stream>>>(
                deviceData<std::uint32_t>(weight.words), grids, deviceData<T>(out));
        });
    });
    CUDA_CHECK_LAUNCH();
}

}  // namespace gptq
