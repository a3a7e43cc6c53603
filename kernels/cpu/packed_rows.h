// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// How the CPU reads the packed layout: eight codes at a time, by vectors that the compiler lowers to AVX2 or SSE2.
//
// Rows r and r + 8 of a tile are the codes of four lanes, 4 * bits words one after the other in each plane. A vector of eight
// words, shifted and masked, gives eight codes of one row. Which columns those are depends only on the vector's number among
// the row's eight, its `position`; so inputs are put into that order once, and products need no other shuffling.
#pragma once

#include <array>

#include "kernels/packed_layout.h"

namespace gptq {

inline constexpr int kVectorWidth = 8;
inline constexpr int kVectorsOfRow = kTileColumns / kVectorWidth;

using IntVector = std::uint32_t __attribute__((vector_size(32)));
using FloatVector = float __attribute__((vector_size(32)));

#define GPTQ_ALWAYS_INLINE inline __attribute__((always_inline))

GPTQ_ALWAYS_INLINE void loadWords(const std::uint32_t* words, IntVector& vector) {
    __builtin_memcpy(&vector, words, sizeof vector);
}

GPTQ_ALWAYS_INLINE void loadFloats(const float* values, FloatVector& vector) {
    __builtin_memcpy(&vector, values, sizeof vector);
}

// A code's place: bit 1 of its number is the upper row (r + 8), the others make the position within its vector of words.
constexpr bool inUpperRow(int code) {
    return code / 2 % 2 == 1;
}
constexpr int positionOf(int code) {
    return code % 2 + code / 4 * 2;
}

// Calls take(upper, position, codes) for the 16 vectors of rows `pair` and `pair + 8` (0 to 7) of a tile; codes as floats.
template <int bits, class Take>
GPTQ_ALWAYS_INLINE void eachVector(const std::uint32_t* tile, int pair, const Take& take) {
    constexpr int planeBits = bits == 3 ? 2 : bits;
    constexpr int codesOfWord = 32 / planeBits;
    constexpr int vectors = 4 * planeBits / kVectorWidth;
    constexpr std::uint32_t mask = (1u << planeBits) - 1;
    [[maybe_unused]] IntVector high;
    if constexpr (bits == 3) {  // a lane's word of high bits serves both of its words of low bits
        const std::uint32_t* words = tile + kTileLanes * 2 + pair * 4;
        for (int i = 0; i < kVectorWidth; ++i) high[i] = words[i / 2] >> (i % 2);
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
        IntVector words;
        loadWords(tile + (pair * vectors + v) * kVectorWidth, words);
#pragma GCC unroll 16
        for (int c = 0; c < codesOfWord; ++c) {
            IntVector codes = words >> planeBit(c, planeBits) & mask;
            if constexpr (bits == 3) codes |= (high >> planeBit(c, 1) & 1u) << 2;
            const FloatVector values = __builtin_convertvector(codes, FloatVector);
            take(inUpperRow(c), v * codesOfWord / 2 + positionOf(c), values);
        }
    }
}

// The tile's column of element i of the vector at `position`: the order in which inputs are laid out.
template <int bits>
constexpr std::array<int, kTileColumns> vectorColumns() {
    constexpr int planeBits = bits == 3 ? 2 : bits;
    constexpr int codesOfWord = 32 / planeBits;
    std::array<int, kTileColumns> columns{};
    for (int word = 0; word < 4 * planeBits; ++word) {  // of a pair of rows
        for (int c = 0; c < codesOfWord; ++c) {
            if (inUpperRow(c)) continue;
            const int position = word / kVectorWidth * codesOfWord / 2 + positionOf(c);
            const int lane = word / planeBits, code = word % planeBits * codesOfWord + c;
            columns[static_cast<std::size_t>(position * kVectorWidth + word % kVectorWidth)] =
                positionInTile(lane, code).column;
        }
    }
    return columns;
}

// Elements of vectors of one class lie in the same blocks of eight columns, and so in the same groups.
constexpr int classesOf(int bits) {
    return bits == 8 ? 4 : bits == 4 ? 2 : 1;
}
constexpr int classOf(int bits, int position) {
    return position * classesOf(bits) / kVectorsOfRow;
}

}  // namespace gptq
