// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of one to a few tokens with the norm before and the epilogue after them: what a decode step is made of.
//
//     y[t, n] = epilogue(bias[n] + sum over k of x'[t, k] w[n, k]),    x' = x, or RMSNorm of one token
//
// One token's x' is staged in shared memory by every block, each warp its own columns; several tokens' are read where they lie.
// Weights are asked for before the kernel before has ended (launch.h), so that memory does not idle between two kernels.
#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/types.cuh"
#include "kernels/inference_ops.h"

namespace gptq {

// x (tokens, columns): of the activation type, or the float32 residual stream of one token where there is a norm.
struct ProductInput {
    const void* x;
    std::int64_t stride;
    int tokens;
    const float* norm;  // null: none
    float epsilon;
};

struct ProductOutput {
    void* y;
    std::int64_t stride;
    const float* bias;  // null: none
    bool toFloat;       // y is float32, else of the activation type
    bool accumulate;    // y += ...
    bool gated;         // rows are [gate; up]: y = silu(gate) * up
};

// What is there already, what shall be, and a product after its epilogue.
template <class T>
__device__ float loadOutput(const ProductOutput& out, int token, int row) {
    const std::int64_t at = token * out.stride + row;
    return out.toFloat ? static_cast<const float*>(out.y)[at] : asFloat(static_cast<const T*>(out.y)[at]);
}
template <class T>
__device__ void storeOutput(const ProductOutput& out, int token, int row, float value) {
    const std::int64_t at = token * out.stride + row;
    if (out.toFloat) static_cast<float*>(out.y)[at] = value;
    else static_cast<T*>(out.y)[at] = fromFloat<T>(value);
}
template <class T>
__device__ void storeProduct(const ProductOutput& out, int token, int row, float value) {
    storeOutput<T>(out, token, row, out.accumulate ? loadOutput<T>(out, token, row) + value : value);
}

__device__ inline float siluGated(float gate, float up) {
    return __fdividef(gate, 1.0f + __expf(-gate)) * up;
}

// 1 / sqrt(mean square + epsilon), from every thread's share of the squares; the block meets here.
__device__ inline float normFactor(const ProductInput& in, float squares, int columns) {
    if (!in.norm) return 1.0f;
    return rsqrtf(blockReduce(squares, 0.0f, Sum{}) / static_cast<float>(columns) + in.epsilon);
}

// The widest norm that a decode product takes along; wider ones are kernels of their own.
inline constexpr std::int64_t kMostNormedInputs = 16384;

// Whether 16-byte reads of every row of x, or of the one row of a norm's x, are aligned.
inline bool readsWhole(ConstTensorView x) {
    return reinterpret_cast<std::uintptr_t>(x.data()) % 16 == 0 && (x.rows() == 1 || x.rowStride() % 8 == 0);
}

// Whether the norm, if there is one, can be taken along.
inline bool takesNorm(const GroupCall& call) {
    return !call.in || (call.x.rows() == 1 && call.x.columns() <= kMostNormedInputs &&
                        reinterpret_cast<std::uintptr_t>(call.in->weight.data()) % 16 == 0);
}

inline ProductInput productInput(const GroupCall& call) {
    return {call.x.data(), call.x.rowStride(), static_cast<int>(call.x.rows()),
            call.in ? deviceData<float>(call.in->weight) : nullptr, call.in ? call.in->epsilon : 0.0f};
}

inline ProductOutput productOutput(const GroupCall& call, ConstTensorView bias) {
    return {call.y.data(),
            call.y.rowStride(),
            bias.empty() ? nullptr : deviceData<float>(bias),
            call.y.dtype() == DType::Float32,
            call.epilogue == Epilogue::AddResidual,
            call.epilogue == Epilogue::SiluGate};
}

}  // namespace gptq
