// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Attention of a few new tokens over a long past: y = softmax(q k^T scale) v, the context split over blocks.
//
// A block is one split of one group of query heads that share keys and values, for one token; its warps take positions in turn,
// each with its own running maximum, sum and output (online softmax, Milakov and Gimelshein 2018, arXiv 1805.02867), merged
// in shared memory. A second kernel merges the splits. The grid is fixed by the longest past a step may have, so that a
// recorded step serves every length; splits beyond the actual length end at once. Bound: memory, keys and values once.
#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/check.h"
#include "kernels/cuda/reduce.cuh"

namespace gptq {
namespace {

constexpr int kWarps = 4;

// The positions that a token at `position` sees, within one split.
struct Range {
    int begin;
    int end;
};
template <class T>
__device__ Range rangeOf(const AttentionArguments<T>& a, int position, int split) {
    const int least = a.window > 0 ? max(0, position - a.window + 1) : 0;
    return {max(least, split * static_cast<int>(kSplitPositions)),
            min(position + 1, (split + 1) * static_cast<int>(kSplitPositions))};
}

template <class T, int perLane, int group>
__global__ void __launch_bounds__(kWarps * 32) decodeKernel(AttentionArguments<T> a, int splits, float* scratch) {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int split = static_cast<int>(blockIdx.x), firstHead = static_cast<int>(blockIdx.y) * group,
              token = static_cast<int>(blockIdx.z);
    const int sequence = token / a.tokensEach, position = a.past[sequence] + token % a.tokensEach;
    const Range range = rangeOf(a, position, split);
    const int kvHead = firstHead / (a.heads / a.kvHeads);

    float query[group][perLane], output[group][perLane] = {}, most[group], sum[group] = {};
    for (int g = 0; g < group; ++g) {
        most[g] = -INFINITY;
        for (int i = 0; i < perLane; ++i) {
            const int at = lane + i * 32;
            query[g][i] = at < a.headSize
                              ? asFloat(a.queries[token * a.queryStride + (firstHead + g) * a.headSize + at]) * a.scale
                              : 0.0f;
        }
    }
    for (int p = range.begin + warp; p < range.end; p += kWarps) {
        const std::int64_t at = (sequence * a.capacity + p) * a.kvStride + kvHead * a.headSize;
        float key[perLane], value[perLane];
        for (int i = 0; i < perLane; ++i) {
            const int e = lane + i * 32;
            key[i] = e < a.headSize ? asFloat(a.keys[at + e]) : 0.0f;
            value[i] = e < a.headSize ? asFloat(a.values[at + e]) : 0.0f;
        }
        for (int g = 0; g < group; ++g) {
            float score = 0;
            for (int i = 0; i < perLane; ++i) score += query[g][i] * key[i];
            score = warpSum(score);
            const float next = fmaxf(most[g], score), old = exp2f(most[g] - next), weight = exp2f(score - next);
            sum[g] = sum[g] * old + weight;
            for (int i = 0; i < perLane; ++i) output[g][i] = output[g][i] * old + weight * value[i];
            most[g] = next;
        }
    }

    __shared__ float warpMost[kWarps], warpTotal[kWarps], warpOutput[kWarps][perLane * 32];
    for (int g = 0; g < group; ++g) {
        __syncthreads();
        if (lane == 0) {
            warpMost[warp] = most[g];
            warpTotal[warp] = sum[g];
        }
        for (int i = 0; i < perLane; ++i) warpOutput[warp][lane + i * 32] = output[g][i];
        __syncthreads();
        float top = -INFINITY;
        for (int w = 0; w < kWarps; ++w) top = fmaxf(top, warpMost[w]);
        float* out = scratch +
                     ((static_cast<std::int64_t>(token) * a.heads + firstHead + g) * splits + split) * (a.headSize + 2);
        float total = 0;
        for (int w = 0; w < kWarps; ++w)
            total += warpMost[w] == -INFINITY ? 0.0f : warpTotal[w] * exp2f(warpMost[w] - top);
        for (int e = static_cast<int>(threadIdx.x); e < a.headSize; e += kWarps * 32) {
            float merged = 0;
            for (int w = 0; w < kWarps; ++w)
                merged += warpMost[w] == -INFINITY ? 0.0f : warpOutput[w][e] * exp2f(warpMost[w] - top);
            out[2 + e] = merged;
        }
        if (threadIdx.x == 0) {
            out[0] = top;
            out[1] = total;
        }
    }
}

template <class T>
__global__ void combineKernel(AttentionArguments<T> a, int splits, const float* scratch) {
    const int head = static_cast<int>(blockIdx.x), token = static_cast<int>(blockIdx.y);
    const float* parts = scratch + (static_cast<std::int64_t>(token) * a.heads + head) * splits * (a.headSize + 2);
    float most = -INFINITY;
    for (int s = 0; s < splits; ++s) most = fmaxf(most, parts[s * (a.headSize + 2)]);
    float total = 0;
    for (int s = 0; s < splits; ++s) {
        const float* part = parts + s * (a.headSize + 2);
        if (part[0] != -INFINITY) total += part[1] * exp2f(part[0] - most);
    }
    for (int e = static_cast<int>(threadIdx.x); e < a.headSize; e += static_cast<int>(blockDim.x)) {
        float merged = 0;
        for (int s = 0; s < splits; ++s) {
            const float* part = parts + s * (a.headSize + 2);
            if (part[0] != -INFINITY) merged += part[2 + e] * exp2f(part[0] - most);
        }
        a.y[token * a.yStride + head * a.headSize + e] = fromFloat<T>(merged / total);
    }
}

template <class T, int perLane>
void launch(const AttentionArguments<T>& a, std::int64_t tokens, int splits, float* scratch, cudaStream_t stream) {
    const int shared = a.heads / a.kvHeads;
    const auto run = [&]<int group>() {
        const dim3 grid(static_cast<unsigned>(splits), static_cast<unsigned>(a.heads / group),
                        static_cast<unsigned>(tokens));
        decodeKernel<T, perLane, group><<<grid, kWarps * 32, 0, stream>>>(a, splits, scratch);
    };
    if (shared % 4 == 0) run.template operator()<4>();
    else if (shared % 2 == 0) run.template operator()<2>();
    else run.template operator()<1>();
    CUDA_CHECK_LAUNCH();
}

}  // namespace

std::size_t decodeScratchBytes(const AttentionCall& call) {
    const std::int64_t splits = (call.batch.pastLimit + call.batch.tokensEach + kSplitPositions - 1) / kSplitPositions;
    return static_cast<std::size_t>(call.batch.tokens() * call.spec.heads * splits * (call.spec.headSize + 2)) *
           sizeof(float);
}

template <class T>
void attendDecode(const AttentionArguments<T>& a, std::int64_t sequences, std::int64_t splits, float* scratch,
                  cudaStream_t stream) {
    const std::int64_t tokens = sequences * a.tokensEach;
    const int perLane = (a.headSize + 31) / 32, pieces = static_cast<int>(splits);
    if (perLane <= 1) launch<T, 1>(a, tokens, pieces, scratch, stream);
    else if (perLane <= 2) launch<T, 2>(a, tokens, pieces, scratch, stream);
    else if (perLane <= 4) launch<T, 4>(a, tokens, pieces, scratch, stream);
    else launch<T, 8>(a, tokens, pieces, scratch, stream);
    combineKernel<<<dim3(static_cast<unsigned>(a.heads), static_cast<unsigned>(tokens)), 128, 0, stream>>>(a, pieces,
                                                                                                           scratch);
    CUDA_CHECK_LAUNCH();
}

template void attendDecode<Half>(const AttentionArguments<Half>&, std::int64_t, std::int64_t, float*, cudaStream_t);
template void attendDecode<Brain>(const AttentionArguments<Brain>&, std::int64_t, std::int64_t, float*, cudaStream_t);

}  // namespace gptq
