// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Sums of a block's warps over their shares of the inputs, added up in shared memory, and what follows them.
#pragma once

#include "kernels/cuda/decode_product.cuh"

namespace gptq {

// From row to row of partial sums: columns of padding against bank conflicts.
__host__ __device__ constexpr int partialWidth(int tokens) {
    return tokens == 1 ? 1 : tokens <= 8 ? 9 : 18;
}

inline std::size_t partialBytes(int warps, int strips, int tokens) {
    return static_cast<std::size_t>(warps * strips * 16 * partialWidth(tokens)) * sizeof(float);
}

// Sums of `parts`, a warp's or what several have added up, for strips [firstTurn, firstTurn + count), and what follows. The parts are
// there after `meet`; what is to be added to is asked for before. partial: [strip][part][row][token]. mostTokens: for which threads
// are taken, known so that nothing is divided by it; 0: as many as there are.
template <class T, int mostTokens, class StripOf, class Meet>
__device__ void finishParts(const float* partial, int parts, const ProductOutput& out, int allTokens, int firstTurn,
                            int count, const StripOf& stripOf, const Meet& meet) {
    const int tokens = mostTokens > 0 ? mostTokens : allTokens;
    const int width = partialWidth(tokens);
    const auto sumOf = [&](int turn, int row, int token) {
        float sum = 0;
#pragma unroll 8
        for (int part = 0; part < parts; ++part) sum += partial[((turn * parts + part) * 16 + row) * width + token];
        return out.bias ? sum + out.bias[stripOf(firstTurn + turn) * 16 + row] : sum;
    };
    const int perUnit = out.gated ? 2 : 1, outputs = (out.gated ? count / 2 : count) * 16 * tokens;
    struct Place {
        int turn, row, token;
    };
    const auto placeOf = [&](int i) { return Place{i / 16 / tokens * perUnit, i % 16, i / 16 % tokens}; };
    const auto rowOf = [&](const Place& at) { return stripOf(firstTurn + at.turn) * 16 + at.row; };
    const auto before = [&](int i) {
        const Place at = placeOf(i);
        return i < outputs && at.token < allTokens && out.accumulate ? loadOutput<T>(out, at.token, rowOf(at)) : 0.0f;
    };
    int i = static_cast<int>(threadIdx.x);
    float old = before(i);
    meet();
    while (i < outputs) {
        const Place at = placeOf(i);
        float value = sumOf(at.turn, at.row, at.token);
        if (out.gated) value = siluGated(value, sumOf(at.turn + 1, at.row, at.token));
        if (at.token < allTokens) storeOutput<T>(out, at.token, rowOf(at), old + value);
        i += static_cast<int>(blockDim.x);
        old = before(i);
    }
}

// The same of the block's warps, which meet here.
template <class T, bool single, class StripOf>
__device__ void finish(const float* partial, const ProductOutput& out, int tokens, int firstTurn, int count,
                       const StripOf& stripOf) {
    finishParts<T, single ? 1 : 0>(partial, static_cast<int>(blockDim.x) / 32, out, tokens, firstTurn, count, stripOf,
                                   [] { __syncthreads(); });
}

// This lane's part of a strip's sums.
__device__ inline void putPartial(float* partial, int turn, int firstToken, const float (&totals)[4], int tokens) {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    const int warps = static_cast<int>(blockDim.x) / 32, width = partialWidth(tokens);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const int row = lane / 4 + i / 2 * 8, token = firstToken + lane % 4 * 2 + i % 2;
        if (token < tokens) partial[((turn * warps + warp) * 16 + row) * width + token] = totals[i];
    }
}

}  // namespace gptq
