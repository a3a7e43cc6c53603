// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Decode products: y[t, n] = sum over k of x[t, k] (q[n, k] - z[g, n]) s[g, n], 1 to 8 tokens.
//
// Weights are the A operand of mma.m16n8k16 (16 outputs by 16 inputs), tokens are B's eight columns: one form for 1 to 8 tokens,
// float32 sums. A block is 16 rows of outputs; its warps take tiles of 64 inputs in turn and add their sums through shared
// memory. A group's sum is scaled when the group ends, so q - z stays an exact small integer until then.
// Bound: memory, rows * columns * bits / 8 bytes.
#include "kernels/cuda/dequant.cuh"
#include "kernels/cuda/packed_gemv.cuh"

namespace gptq {
namespace {

constexpr int kWarps = 8;

template <class T>
struct GemvArguments {
    const std::uint32_t* words;
    const Half* scales;
    const std::uint8_t* zeros;  // null: the middle code
    const T* x;
    std::int64_t xStride;
    int tokens;
    int rows;
    int columns;
    int groupColumns;
};

// Two neighbouring inputs of a token; zero where there is no such token or column.
template <class T>
__device__ std::uint32_t inputPair(const GemvArguments<T>& a, int token, int column) {
    if (token >= a.tokens || column >= a.columns) return 0;
    return *reinterpret_cast<const std::uint32_t*>(a.x + token * a.xStride + column);
}

template <int bits, class T>
__device__ void multiplyTile(const GemvArguments<T>& a, int tileRow, int tile, int lane, float (&totals)[4]) {
    constexpr std::int64_t tileWords = wordsOfTile(bits);
    const int tiles = static_cast<int>(tilesAcross(a.columns));
    LaneWords<bits> words;
    words.load(a.words + (static_cast<std::int64_t>(tileRow) * tiles + tile) * tileWords, lane);
    const int row = tileRow * 16 + lane / 4;
    FragmentC sums;
#pragma unroll
    for (int step = 0; step < 4; ++step) {
        const int column = tile * 64 + step * 16;
        if (column >= a.columns) break;
        const int group = column / a.groupColumns;
        const std::int64_t grid = static_cast<std::int64_t>(group) * a.rows + row;
        const int zeroLow = a.zeros ? a.zeros[grid] : 1 << (bits - 1),
                  zeroHigh = a.zeros ? a.zeros[grid + 8] : 1 << (bits - 1);
        FragmentA weights;
        for (int i = 0; i < 4; ++i)
            weights.x[i] = weightPair<bits>(words.codePair(step * 4 + i), i % 2 ? zeroHigh : zeroLow, T{});
        FragmentB inputs;
        inputs.x[0] = inputPair(a, lane / 4, column + lane % 4 * 2);
        inputs.x[1] = inputPair(a, lane / 4, column + lane % 4 * 2 + 8);
        multiplyAdd(sums, weights, inputs, T{});
        const int next = column + 16;
        if (step == 3 || next >= a.columns || next / a.groupColumns != group) {
            const float scaleLow = __half2float(a.scales[grid]), scaleHigh = __half2float(a.scales[grid + 8]);
            totals[0] += sums.x[0] * scaleLow;
            totals[1] += sums.x[1] * scaleLow;
            totals[2] += sums.x[2] * scaleHigh;
            totals[3] += sums.x[3] * scaleHigh;
            sums = {};
        }
    }
}

template <int bits, class T, class Out>
__global__ void __launch_bounds__(kWarps * 32)
    packedGemvKernel(GemvArguments<T> a, Out* y, std::int64_t yStride, bool accumulate) {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int tileRow = static_cast<int>(blockIdx.x), tiles = static_cast<int>(tilesAcross(a.columns));
    float totals[4] = {};
    for (int tile = warp; tile < tiles; tile += kWarps) multiplyTile<bits>(a, tileRow, tile, lane, totals);

    __shared__ float partial[kWarps][16][9];  // [output][token], a column of padding against bank conflicts
    for (int i = 0; i < 4; ++i) partial[warp][lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2] = totals[i];
    __syncthreads();
    const int output = static_cast<int>(threadIdx.x) % 16, token = static_cast<int>(threadIdx.x) / 16;
    if (token >= a.tokens) return;
    float sum = 0;
    for (int w = 0; w < kWarps; ++w) sum += partial[w][output][token];
    Out& out = y[token * yStride + tileRow * 16 + output];
    out = fromFloat<Out>(accumulate ? asFloat(out) + sum : sum);
}

// A thread a lane of a tile: 32 weights.
template <int bits, class T>
__global__ void dequantizeKernel(const std::uint32_t* words, const Half* scales, const std::uint8_t* zeros, int rows,
                                 int columns, int groupColumns, T* out, std::int64_t stride) {
    const int tiles = static_cast<int>(tilesAcross(columns));
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const std::int64_t tile = static_cast<std::int64_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
    if (tile >= static_cast<std::int64_t>(rows / 16) * tiles) return;
    const int tileRow = static_cast<int>(tile / tiles), tileColumn = static_cast<int>(tile % tiles) * 64;
    LaneWords<bits> lanes;
    lanes.load(words + tile * wordsOfTile(bits), lane);
#pragma unroll
    for (int pair = 0; pair < 16; ++pair) {
        const int row = tileRow * 16 + lane / 4 + pair % 2 * 8;
        const int column = tileColumn + pair / 4 * 16 + lane % 4 * 2 + pair / 2 % 2 * 8;
        if (column >= columns) continue;
        const std::uint32_t codes = lanes.codePair(pair);
        const std::int64_t grid = static_cast<std::int64_t>(column / groupColumns) * rows + row;
        const int zero = zeros ? zeros[grid] : 1 << (bits - 1);
        const float scale = __half2float(scales[grid]);
        out[row * stride + column] = fromFloat<T>(static_cast<float>(static_cast<int>(codes & 0xffffu) - zero) * scale);
        out[row * stride + column + 1] = fromFloat<T>(static_cast<float>(static_cast<int>(codes >> 16) - zero) * scale);
    }
}

template <class Function>
void withBits(int bits, const Function& function) {
    switch (bits) {
        case 2: return function.template operator()<2>();
        case 3: return function.template operator()<3>();
        case 4: return function.template operator()<4>();
        case 8: return function.template operator()<8>();
        default: throw Error("no packed product for ", bits, " bits");
    }
}

const std::uint8_t* zerosOf(const PackedWeight& weight) {
    return weight.scheme.symmetric ? nullptr : deviceData<std::uint8_t>(weight.zeros);
}

}  // namespace

bool packedGemvTakes(const PackedWeight& weight) {
    return weight.scheme.groupColumns(weight.columns) % 16 == 0;
}

void packedGemv(const PackedWeight& weight, ConstTensorView x, TensorView y, bool accumulate, cudaStream_t stream) {
    if (x.rows() > kMostGemvTokens || !packedGemvTakes(weight))
        throw Error("decode product: ", x.rows(), " tokens with groups of ", weight.scheme.groupSize);
    if (x.rowStride() % 2 != 0) throw Error("decode product: inputs at an odd row stride of ", x.rowStride());
    const auto blocks = static_cast<unsigned>(weight.rows / kTileRows);
    withActivation(x.dtype(), [&]<class T>() {
        const GemvArguments<T> arguments{deviceData<std::uint32_t>(weight.words),
                                         deviceData<Half>(weight.scales),
                                         zerosOf(weight),
                                         deviceData<T>(x),
                                         x.rowStride(),
                                         static_cast<int>(x.rows()),
                                         static_cast<int>(weight.rows),
                                         static_cast<int>(weight.columns),
                                         static_cast<int>(weight.scheme.groupColumns(weight.columns))};
        withBits(weight.scheme.bits, [&]<int bits>() {
            if (y.dtype() == DType::Float32)
                packedGemvKernel<bits, T, float>
                    <<<blocks, kWarps * 32, 0, stream>>>(arguments, deviceData<float>(y), y.rowStride(), accumulate);
            else
                packedGemvKernel<bits, T, T>
                    <<<blocks, kWarps * 32, 0, stream>>>(arguments, deviceData<T>(y), y.rowStride(), accumulate);
        });
    });
    CUDA_CHECK_LAUNCH();
}

void packedDequantize(const PackedWeight& weight, TensorView out, cudaStream_t stream) {
    constexpr int kTilesABlock = 8;
    const std::int64_t tiles = weight.rows / kTileRows * tilesAcross(weight.columns);
    withActivation(out.dtype(), [&]<class T>() {
        withBits(weight.scheme.bits, [&]<int bits>() {
            dequantizeKernel<bits, T><<<blocksFor(tiles, kTilesABlock), kTilesABlock * 32, 0, stream>>>(
                deviceData<std::uint32_t>(weight.words), deviceData<Half>(weight.scales), zerosOf(weight),
                static_cast<int>(weight.rows), static_cast<int>(weight.columns),
                static_cast<int>(weight.scheme.groupColumns(weight.columns)), deviceData<T>(out), out.rowStride());
        });
    });
    CUDA_CHECK_LAUNCH();
}

}  // namespace gptq
