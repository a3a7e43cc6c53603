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

// Vectors of 4 and 8 bits are the words of two lanes and of one, of 2 and 3 bits a left and a right word of each of four lanes.
// Every word of such a vector has the codes of one row at one place; number them as code pairs c = 2 k + e.

// Calls take(upper, position, codes) for the 16 vectors of rows `pair` and `pair + 8` (0 to 7) of a tile; codes as floats.
template <int bits, class Take>
GPTQ_ALWAYS_INLINE void eachVector(const std::uint32_t* tile, int pair, const Take& take) {
    constexpr std::uint32_t mask = (1u << bits) - 1;
    const auto give = [&](bool upper, int position, const IntVector& words, int bit) __attribute__((always_inline)) {
        const IntVector codes = words >> bit & mask;
        take(upper, position, __builtin_convertvector(codes, FloatVector));
    };
    if constexpr (bits == 4 || bits == 8) {
        constexpr int vectors = bits / 2, codesOfWord = 32 / bits;
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            IntVector words;
            loadWords(tile + (pair * vectors + v) * kVectorWidth, words);
#pragma GCC unroll 8
            for (int c = 0; c < codesOfWord; ++c)
                give(c / 2 % 2 == 1, v * codesOfWord / 2 + c % 2 + c / 4 * 2, words, c / 2 * bits + c % 2 * 16);
        }
    } else {
        IntVector words;
        loadWords(tile + pair * kVectorWidth, words);
        [[maybe_unused]] IntVector thirds, scattered;  // 3 bits: a left and a right pair side by side, as in the others
        if constexpr (bits == 3) {
            const std::uint32_t* third = tile + kTileLanes * 2 + pair * 4;
            for (int i = 0; i < kVectorWidth; ++i) {
                const std::uint32_t word = third[i / 2], *both = tile + pair * kVectorWidth + i / 2 * 2;
                thirds[i] = i % 2 == 0 ? word : word >> 9;
                scattered[i] = i % 2 == 0 ? word >> 6
                                          : (both[0] >> 15 & 0x00010001u) | (both[1] >> 14 & 0x00020002u) |
                                                (word >> 13 & 0x00040004u);
            }
        }
#pragma GCC unroll 16
        for (int c = 0; c < 16; ++c) {  // step, row, element
            const int step = c / 4, row = c / 2 % 2, element = c % 2, position = step * 2 + element;
            const PairPlace left = placeOfPair(bits, step * 4 + row);
            if constexpr (bits == 3) {
                if (isScattered(bits, step * 4 + row + 2)) {
                    give(row == 1, position, scattered, element * 16);
                    continue;
                }
                if (left.word == 2) {
                    give(row == 1, position, thirds, left.bit + element * 16);
                    continue;
                }
            }
            give(row == 1, position, words, left.bit + element * 16);
        }
    }
}

// The tile's column of element i of the vector at `position`: the order in which inputs are laid out.
template <int bits>
constexpr std::array<int, kTileColumns> vectorColumns() {
    std::array<int, kTileColumns> columns{};
    for (int position = 0; position < kVectorsOfRow; ++position) {
        for (int i = 0; i < kVectorWidth; ++i) {
            const int element = position % 2;
            int lane = i / 2, code = position / 2 * 8 + i % 2 * 4 + element;
            if constexpr (bits == 4) {
                lane = position / 4 * 2 + i / 4;
                code = i % 4 * 8 + position % 4 / 2 * 4 + element;
            } else if constexpr (bits == 8) {
                lane = position / 2;
                code = i * 4 + element;
            }
            columns[static_cast<std::size_t>(position * kVectorWidth + i)] = positionInTile(lane, code).column;
        }
    }
    return columns;
}

// Elements of vectors of one class lie in the same blocks of eight columns, and so in the same groups.
constexpr int classesOf(int bits) {
    return bits == 8 ? 1 : bits == 4 ? 2 : 4;
}
constexpr int classOf(int bits, int position) {
    return bits == 8 ? 0 : bits == 4 ? position % 4 / 2 : position / 2;
}

}  // namespace gptq
