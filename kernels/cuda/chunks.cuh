// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Neighbours of a row that a thread takes at once, as float32, in reads and writes of 16 bytes where the rows allow it.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "kernels/cuda/types.cuh"

namespace gptq {

// What one instruction moves of them.
template <class T, int count>
struct alignas(std::min<std::size_t>(16, count * sizeof(T))) ChunkPart {
    static constexpr int kElements = static_cast<int>(std::min<std::size_t>(16 / sizeof(T), count));
    T of[kElements];
};

template <class T, int count>
__device__ void readChunk(const T* from, float (&to)[count]) {
    using Part = ChunkPart<T, count>;
#pragma unroll
    for (int i = 0; i < count; i += Part::kElements) {
        const Part part = *reinterpret_cast<const Part*>(from + i);
#pragma unroll
        for (int j = 0; j < Part::kElements; ++j) to[i + j] = asFloat(part.of[j]);
    }
}

template <class T, int count>
__device__ void writeChunk(const float (&from)[count], T* to) {
    using Part = ChunkPart<T, count>;
#pragma unroll
    for (int i = 0; i < count; i += Part::kElements) {
        Part part;
#pragma unroll
        for (int j = 0; j < Part::kElements; ++j) part.of[j] = fromFloat<T>(from[i + j]);
        *reinterpret_cast<Part*>(to + i) = part;
    }
}

// Calls function.template operator()<count>() where rows are whole chunks of `count` and each begins as its elements' reads ask
// for, else operator()<1>().
template <int count, class Function>
void withChunks(std::initializer_list<ConstTensorView> views, const Function& function) {
    const bool fit = std::ranges::all_of(views, [](const ConstTensorView& view) {
        const std::size_t bytes = bytesOf(view.dtype()), part = std::min<std::size_t>(16, count * bytes);
        return view.columns() % count == 0 && static_cast<std::size_t>(view.rowStride()) * bytes % part == 0 &&
               reinterpret_cast<std::uintptr_t>(view.data()) % part == 0;
    });
    if (fit) function.template operator()<count>();
    else function.template operator()<1>();
}

// A thread a chunk: grid x: rows | y: pieces of a row.
struct ChunkGrid {
    dim3 grid;
    unsigned threads;
};
inline ChunkGrid chunkGrid(std::int64_t rows, std::int64_t columns, int count) {
    const std::int64_t chunks = columns / count, warps = std::clamp<std::int64_t>((chunks + 31) / 32, 1, 8);
    return {dim3(static_cast<unsigned>(rows), blocksFor(chunks, warps * 32)), static_cast<unsigned>(warps * 32)};
}
template <int count>
__device__ int firstOfChunk() {
    return static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * count;
}

}  // namespace gptq
