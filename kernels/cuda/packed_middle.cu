// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of packed weights with 9 to some hundreds of tokens: y[t, n] = sum over k of x[t, k] (q[n, k] - z[g, n]) s[g, n].
//
// A block makes 64 outputs of up to 64 tokens, over all inputs or a split of them, 128 inputs a step:
//
//     weights 64 x 128                          inputs, up to 64 tokens x 128
//     | warp 0: rows 0-31  | warp 2: the  |     copied to shared memory with the weights, some steps ahead; eight neighbours
//     | warp 1: rows 32-63 | same rows    |     of a token are a chunk, whose place depends on the token so that the
//       inputs 0-63          64-127             chunks of eight tokens, which are read at once, lie in banks of their own
//
// Weights become the A operand of mma.m16n8k16 in registers, scaled and rounded to the activation type there, as a dequantized
// matrix would be; sums are float32. Warps of the same rows add up through shared memory, splits through scratch memory, where
// the last block of an output reads them in order. Bound: memory for few tokens; for many, shared memory and the tensor cores.
// Measured as an sm_86 on an H100, 64 tokens of 12288 x 4096: 45.1 us, 22 % of a copy's bandwidth and 143 TFLOP/s; by the
// profiler instructions are issued in 44 % of a scheduler's cycles, whose one or two warps wait for results a third of their time.
#include <algorithm>

#include "kernels/cuda/packed_arguments.cuh"
#include "kernels/cuda/packed_middle.cuh"
#include "kernels/cuda/scaled_weights.cuh"

namespace gptq {
namespace {

constexpr int kThreads = 128;
constexpr int kRows = 64;
constexpr int kStrips = kRows / 16;
constexpr int kColumns = 128;  // a step
constexpr int kStages = 4;
constexpr int kOutStride = kRows + 4;  // floats of a token's outputs in shared memory

struct MiddleArguments : PackedArguments {
    int splits;
    float* partials;  // [row block and token block][split][token][row]
    int* counters;
};

// A step in shared memory.
template <int bits, int tokenTiles>
struct Stage {
    static constexpr int kPairWords = 2 * static_cast<int>(wordsOfTile(bits));
    std::uint32_t words[kStrips * kPairWords];
    Half scales[4][kRows];  // of each half tile
    std::uint8_t zeros[4][kRows];
    uint4 inputs[tokenTiles * 8][kColumns / 8];
};

// Where a token's eight neighbours lie in its row of a stage.
__device__ inline int placeOf(int token, int eighth) {
    return eighth ^ token % 8;
}

template <int bits, int tokenTiles>
__device__ void askWeights(const MiddleArguments& a, Stage<bits, tokenTiles>& stage, int row, int pair) {
    constexpr int chunks = 16 * bits, tileChunks = 8 * bits;  // 16 bytes each: of a strip's pair, of a tile
    const int thread = static_cast<int>(threadIdx.x);
    const bool whole = pair * 2 + 1 < a.tiles;
#pragma unroll
    for (int i = thread; i < kStrips * chunks; i += kThreads) {
        const int strip = i / chunks, chunk = i % chunks;
        if (row + strip * 16 >= a.rows || (!whole && chunk >= tileChunks)) continue;
        const std::int64_t tile = static_cast<std::int64_t>(row / 16 + strip) * a.tiles + pair * 2;
        copyAsync<16>(stage.words + i * 4, a.words + tile * wordsOfTile(bits) + chunk * 4);
    }
    const bool zeros = thread >= 32;
    const int at = thread % 32, half = zeros ? at / 4 % 4 : at / 8, first = zeros ? at % 4 * 16 : at % 8 * 8;
    if (thread < (a.zeros ? 48 : 32) && row + first < a.rows) {
        const std::int64_t from = static_cast<std::int64_t>(a.groupOfHalf(pair * 4 + half)) * a.rows + row + first;
        if (zeros) copyAsync<16>(&stage.zeros[half][first], a.zeros + from);
        else copyAsync<16>(&stage.scales[half][first], a.scales + from);
    }
}

template <class T, int bits, int tokenTiles>
__device__ void askInputs(const MiddleArguments& a, const ProductInput& in, Stage<bits, tokenTiles>& stage, int token,
                          int pair) {
#pragma unroll
    for (int i = static_cast<int>(threadIdx.x); i < tokenTiles * 8 * (kColumns / 8); i += kThreads) {
        const int t = i / (kColumns / 8), eighth = i % (kColumns / 8), column = pair * kColumns + eighth * 8;
        const T* x = static_cast<const T*>(in.x) + min(token + t, in.tokens - 1) * in.stride;
        copyAsyncOrZero(&stage.inputs[t][placeOf(t, eighth)], x + min(column, a.columns - 8), column < a.columns);
    }
}

template <int bits, class T, int tokenTiles>
__device__ void multiplyStage(const MiddleArguments& a, const Stage<bits, tokenTiles>& stage,
                              FragmentC (&sums)[2][tokenTiles]) {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int strip = warp % 2 * 2, tile = warp / 2;
    LaneWords<bits> words[2];
#pragma unroll
    for (int s = 0; s < 2; ++s)
        words[s].read(stage.words + (strip + s) * Stage<bits, tokenTiles>::kPairWords + tile * wordsOfTile(bits), lane);
    const auto half = [&]<int h>() {
        uint4 inputs[tokenTiles];
#pragma unroll
        for (int n = 0; n < tokenTiles; ++n) {
            const int token = n * 8 + lane % 8;
            inputs[n] = loadMatrices(&stage.inputs[token][placeOf(token, tile * 8 + h * 4 + lane / 8)]);
        }
#pragma unroll
        for (int s = 0; s < 2; ++s) {
            const int in = tile * 2 + h;
            const LaneGrids<bits, T> grids(&stage.scales[in][(strip + s) * 16],
                                           a.zeros ? &stage.zeros[in][(strip + s) * 16] : nullptr, lane);
            const auto step = [&]<int k>() {
                const FragmentA weights = scaledFragment<bits, h * 2 + k, T>(words[s], grids);
#pragma unroll
                for (int n = 0; n < tokenTiles; ++n)
                    multiplyAdd(sums[s][n], weights,
                                k == 0 ? FragmentB{{inputs[n].x, inputs[n].y}} : FragmentB{{inputs[n].z, inputs[n].w}},
                                T{});
            };
            step.template operator()<0>();
            step.template operator()<1>();
        }
    };
    half.template operator()<0>();
    half.template operator()<1>();
}

// The block's sums as [token][row] in shared memory: the warps of the inputs' second half, then those of the first added.
template <int tokenTiles>
__device__ void gatherSums(const FragmentC (&sums)[2][tokenTiles], float* out) {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    for (int half = 1; half >= 0; --half) {
        __syncthreads();
        if (warp / 2 != half) continue;
#pragma unroll
        for (int s = 0; s < 2; ++s) {
#pragma unroll
            for (int n = 0; n < tokenTiles; ++n) {
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const int row = (warp % 2 * 2 + s) * 16 + lane / 4 + i / 2 * 8,
                              token = n * 8 + lane % 4 * 2 + i % 2;
                    float& sum = out[token * kOutStride + row];
                    sum = half == 1 ? sums[s][n].x[i] : sum + sums[s][n].x[i];
                }
            }
        }
    }
    __syncthreads();
}

template <int bits, class T, int tokenTiles>
__global__ void __launch_bounds__(kThreads, 2)
    packedMiddleKernel(const MiddleArguments a, const ProductInput in, const ProductOutput out) {
    extern __shared__ __align__(128) unsigned char shared[];
    using Step = Stage<bits, tokenTiles>;
    auto* const stages = reinterpret_cast<Step*>(shared);
    const int row = static_cast<int>(blockIdx.x) * kRows, token = static_cast<int>(blockIdx.z) * tokenTiles * 8;
    const int split = static_cast<int>(blockIdx.y), pairs = (a.tiles + 1) / 2;
    const int first = pairs * split / a.splits, last = pairs * (split + 1) / a.splits;
#pragma unroll
    for (int i = 0; i < kStages - 1; ++i) {
        if (first + i < last) askWeights(a, stages[i], row, first + i);
    }
    waitForPrevious();
    letNextStart();
#pragma unroll
    for (int i = 0; i < kStages - 1; ++i) {
        if (first + i < last) askInputs<T>(a, in, stages[i], token, first + i);
        endCopies();
    }
    FragmentC sums[2][tokenTiles];
    for (int pair = first, slot = 0; pair < last; ++pair) {
        awaitCopies<kStages - 2>();
        __syncthreads();
        const int coming = pair + kStages - 1;
        Step& free = stages[slot == 0 ? kStages - 1 : slot - 1];
        if (coming < last) {
            askWeights(a, free, row, coming);
            askInputs<T>(a, in, free, token, coming);
        }
        endCopies();
        multiplyStage<bits, T, tokenTiles>(a, stages[slot], sums);
        slot = slot + 1 == kStages ? 0 : slot + 1;
    }
    awaitCopies<0>();
    auto* const gathered = reinterpret_cast<float*>(shared);
    gatherSums<tokenTiles>(sums, gathered);

    const int tokens = min(tokenTiles * 8, in.tokens - token), rows = min(kRows, a.rows - row);
    const auto store = [&](int i, float value) {
        const int n = row + i % kRows;
        storeProduct<T>(out, token + i / kRows, n, out.bias ? value + out.bias[n] : value);
    };
    const int thread = static_cast<int>(threadIdx.x);
    if (a.splits == 1) {
        for (int i = thread; i < tokens * kRows; i += kThreads) {
            if (i % kRows < rows) store(i, gathered[i / kRows * kOutStride + i % kRows]);
        }
        return;
    }
    constexpr int floats = tokenTiles * 8 * kRows;
    const int unit = static_cast<int>(blockIdx.z * gridDim.x + blockIdx.x);
    float* const partials = a.partials + static_cast<std::int64_t>(unit) * a.splits * floats;
    for (int i = thread; i < tokens * kRows; i += kThreads)
        __stcg(partials + split * floats + i, gathered[i / kRows * kOutStride + i % kRows]);
    __shared__ int arrived;
    __threadfence();
    __syncthreads();
    if (thread == 0) arrived = atomicAdd(a.counters + unit, 1);
    __syncthreads();
    if (arrived != a.splits - 1) return;
    __threadfence();
    for (int i = thread; i < tokens * kRows; i += kThreads) {
        float value = 0;
        for (int s = 0; s < a.splits; ++s) value += __ldcg(partials + s * floats + i);
        if (i % kRows < rows) store(i, value);
    }
    if (thread == 0) a.counters[unit] = 0;
}

// Of all stages.
std::size_t stagesBytes(int bits, int tokenTiles) {
    std::size_t bytes = 0;
    withBits(bits, [&]<int b>() {
        bytes = tokenTiles == 2 ? sizeof(Stage<b, 2>) : tokenTiles == 4 ? sizeof(Stage<b, 4>) : sizeof(Stage<b, 8>);
    });
    return kStages * bytes;
}

template <int bits, class T, int tokenTiles>
void launchMiddle(const CudaContext& context, const MiddleArguments& a, const ProductInput& in,
                  const ProductOutput& out) {
    const std::size_t bytes =
        std::max(stagesBytes(bits, tokenTiles), static_cast<std::size_t>(tokenTiles * 8 * kOutStride) * sizeof(float));
    const dim3 grid(blocksFor(a.rows, kRows), static_cast<unsigned>(a.splits), blocksFor(in.tokens, tokenTiles * 8));
    launchChained(context, packedMiddleKernel<bits, T, tokenTiles>, grid, kThreads, bytes, a, in, out);
}

}  // namespace

bool packedMiddleTakes(const PackedWeight& weight) {
    return weight.scheme.groupColumns(weight.columns) % 32 == 0;
}

MiddleShape middleShape(const CudaContext& context, std::int64_t tokens, const PackedWeight& weight) {
    const std::int64_t rows = weight.rows, columns = weight.columns;
    const int multiprocessors = context.properties().multiProcessorCount;
    MiddleShape shape{};
    shape.tokenTiles = tokens <= 16 ? 2 : tokens <= 32 ? 4 : 8;
    while (shape.tokenTiles > 2 && stagesBytes(weight.scheme.bits, shape.tokenTiles) > context.limits().sharedBytes)
        shape.tokenTiles /= 2;
    const std::int64_t units = blocksFor(rows, kRows) * blocksFor(tokens, shape.tokenTiles * 8);
    const std::int64_t steps = (tilesAcross(columns) + 1) / 2;
    shape.splits = static_cast<int>(std::clamp<std::int64_t>((2 * multiprocessors + units / 2) / units, 1,
                                                             std::clamp<std::int64_t>(steps / 4, 1, 8)));
    if (shape.splits > 1) {
        shape.counters = static_cast<std::size_t>(units);
        shape.partialFloats = static_cast<std::size_t>(units * shape.splits * shape.tokenTiles * 8 * kRows);
    }
    return shape;
}

void packedMiddle(const CudaContext& context, const PackedWeight& weight, const ProductInput& in,
                  const ProductOutput& out, DType activations, const MiddleShape& shape, float* partials,
                  int* counters) {
    if (in.norm || out.gated) throw Error("product of some tokens: a norm or gate");
    const MiddleArguments a{packedArguments(weight), shape.splits, partials, counters};
    withActivation(activations, [&]<class T>() {
        withBits(weight.scheme.bits, [&]<int bits>() {
            if (shape.tokenTiles == 2) launchMiddle<bits, T, 2>(context, a, in, out);
            else if (shape.tokenTiles == 4) launchMiddle<bits, T, 4>(context, a, in, out);
            else launchMiddle<bits, T, 8>(context, a, in, out);
        });
    });
}

}  // namespace gptq
