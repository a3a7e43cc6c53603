// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Numbers that blocks of one kernel hand to each other through global memory: letters of 8 bytes, what they carry and the number of the
// launch that wrote them. A letter is written and read at once (PTX ISA, "Memory Consistency Model"), so who reads the launch's number
// has what came with it, and neither a fence nor a counter stands between two products. What an earlier launch wrote carries another
// number. (The LL protocol of NCCL hands on words so, between devices.)
//
//     | contents: a float32, or two neighbours of an activation type | number |     least significant first
#pragma once

#include "kernels/cuda/types.cuh"

namespace gptq {

using Letter = std::uint64_t;

__device__ inline Letter letterOf(std::uint32_t contents, unsigned number) {
    return static_cast<Letter>(number) << 32 | contents;
}
__device__ inline Letter letterOf(float contents, unsigned number) {
    return letterOf(__float_as_uint(contents), number);
}

__device__ inline void post(Letter* to, Letter letter) {
    asm volatile("st.relaxed.gpu.global.b64 [%0], %1;" ::"l"(to), "l"(letter) : "memory");
}
// At an even place.
__device__ inline void postTwo(Letter* to, Letter first, Letter second) {
    asm volatile("st.relaxed.gpu.global.v2.b64 [%0], {%1, %2};" ::"l"(to), "l"(first), "l"(second) : "memory");
}

// What a letter of this number carries, as soon as it is there.
__device__ inline std::uint32_t contentsOf(const Letter* from, unsigned number) {
    Letter letter;
    do asm volatile("ld.relaxed.gpu.global.b64 %0, [%1];" : "=l"(letter) : "l"(from) : "memory");
    while (static_cast<unsigned>(letter >> 32) != number);
    return static_cast<std::uint32_t>(letter);
}

// Two letters that follow each other, the first at an even place, as they are now.
struct TwoLetters {
    Letter first = 0, second = 0;

    __device__ void read(const Letter* from) {
        asm volatile("ld.relaxed.gpu.global.v2.b64 {%0, %1}, [%2];" : "=l"(first), "=l"(second) : "l"(from) : "memory");
    }
    __device__ bool areOf(unsigned number) const {
        return static_cast<unsigned>(first >> 32) == number && static_cast<unsigned>(second >> 32) == number;
    }
    __device__ uint2 contents() const {
        return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(second)};
    }
};

}  // namespace gptq
