// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The two activation types on the device, the choice between them, and numbers of these and of codes as float32.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/tensor.h"

namespace gptq {

using Half = __half;
using Brain = __nv_bfloat16;

template <class T>
struct Pair;
template <>
struct Pair<Half> {
    using Type = __half2;
};
template <>
struct Pair<Brain> {
    using Type = __nv_bfloat162;
};
template <class T>
using PairOf = typename Pair<T>::Type;

__device__ inline float asFloat(float value) {
    return value;
}
__device__ inline float asFloat(Half value) {
    return __half2float(value);
}
__device__ inline float asFloat(Brain value) {
    return __bfloat162float(value);
}

__device__ inline float asFloat(std::uint8_t value) {  // a code
    return value;
}

template <class T>
__device__ T fromFloat(float value);
template <>
__device__ inline float fromFloat<float>(float value) {
    return value;
}
template <>
__device__ inline Half fromFloat<Half>(float value) {
    return __float2half_rn(value);
}
template <>
__device__ inline Brain fromFloat<Brain>(float value) {
    return __float2bfloat16_rn(value);
}
template <>
__device__ inline std::uint8_t fromFloat<std::uint8_t>(float value) {
    return static_cast<std::uint8_t>(value);
}

// Calls function.template operator()<T>() with the device's type of an activation dtype.
template <class Function>
void withActivation(DType type, const Function& function) {
    if (type == DType::Float16) function.template operator()<Half>();
    else if (type == DType::BFloat16) function.template operator()<Brain>();
    else throw Error("activations of ", nameOf(type), " are not computed on CUDA");
}

// The same for what may also be float32.
template <class Function>
void withFloating(DType type, const Function& function) {
    if (type == DType::Float32) function.template operator()<float>();
    else withActivation(type, function);
}

template <class T>
T* deviceData(TensorView view) {
    return reinterpret_cast<T*>(view.data());
}
template <class T>
const T* deviceData(ConstTensorView view) {
    return reinterpret_cast<const T*>(view.data());
}

inline unsigned blocksFor(std::int64_t items, std::int64_t perBlock) {
    return static_cast<unsigned>((items + perBlock - 1) / perBlock);
}

}  // namespace gptq
