// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The run-time layout of quantized weights: THE bit diagram, and the pure functions that pack and unpack it.
//
// A matrix of (rows, columns) codes is cut into tiles of 16 rows by 64 columns, rows of tiles outermost, columns padded to
// whole tiles with the middle code. A tile is four steps of 16 rows by 16 columns, each the A fragment of the tensor-core
// instruction mma.m16n8k16 (PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type"), columns in their own order:
// inputs are B as they lie in memory, which Hopper's copy engine brings as its products read them. Lane t of a warp has
//
//     a0 a1   row t/4,     columns 16 step + 2 (t%4) + 0, 1            a2 a3   row t/4 + 8, the same
//     a4 a5   row t/4,     eight more                                  a6 a7   row t/4 + 8, eight more
//
// and so 32 codes of a tile: code c of its 32 is element a(c%8) of step c/8 of the tile's four. Two neighbours, codes 2 p and
// 2 p + 1, are pair p; its two codes stand at bits b and b + 16 of a word, so that one mask takes both into the two halves of a
// register. A lane has one word a bit; where pair p = 4 step + register of the fragment stands:
//
//     8 bits   word p / 2,             b = p % 2 * 8
//     4 bits   word step,              b = register * 4            | a7 a5 a3 a1 | a6 a4 a2 a0 |   most significant first
//     2 bits   word register / 2,      b = step * 4 + register % 2 * 2
//     3 bits   five codes in each half of each of three words, and a bit over:
//              b =           0            3            6            9            12            15
//              word 0    step 0, a0   step 0, a2   step 1, a0   step 2, a0   step 2, a2   bit 0 of the last pair
//              word 1    step 0, a4   step 0, a6   step 1, a4   step 2, a4   step 2, a6   bit 1
//              word 2    step 3, a0   step 3, a2   step 1, a2   step 3, a4   step 3, a6   bit 2: step 1, a6
//
// The two pairs of one row that a step multiplies at once stand at the same bit after one shift of their words: kernels may then
// take codes where they stand, as small multiples of a power of two (kernels/cuda/dequant.cuh). A tile is its lanes in order, a
// lane its words in order: with 4 bits a lane loads 16 bytes at once and a tile is 512 bytes. The third words of 3 bits follow
// all the others.
//
// Scales are float16 (groups, rows); zeros uint8 (groups, rows), absent where symmetric. Columns of a checkpoint whose groups
// are scattered (a foreign act-order) are sorted by group first; `columnOrder` then names each packed column's input.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/quant_scheme.h"
#include "kernels/tensor.h"

namespace gptq {

inline constexpr std::int64_t kTileRows = 16;
inline constexpr std::int64_t kTileColumns = 64;
inline constexpr int kTileLanes = 32;
inline constexpr int kLaneCodes = 32;
inline constexpr int kMostLaneWords = 8;  // one a bit

// Where a pair of codes stands in its lane's words: its first code begins at `bit`, its second 16 higher.
struct PairPlace {
    int word;
    int bit;
};

// The pair of 3-bit codes whose bits lie in all three words.
constexpr bool isScattered(int bits, int pair) {
    return bits == 3 && pair == 7;
}

constexpr PairPlace placeOfPair(int bits, int pair) {
    const int step = pair / 4, row = pair % 2, right = pair / 2 % 2;
    if (bits == 8) return {pair / 2, row * 8};
    if (bits == 4) return {step, pair % 4 * 4};
    if (bits == 2) return {right, step * 4 + row * 2};
    if (step == 3) return {2, right * 9 + row * 3};
    if (step == 1) return row == 0 ? PairPlace{right, 6} : PairPlace{2, right == 0 ? 6 : 15};
    return {right, step / 2 * 9 + row * 3};
}

// Where word w of a lane lies in its tile.
constexpr int wordInTile(int bits, int lane, int word) {
    return bits != 3 ? lane * bits + word : word < 2 ? lane * 2 + word : kTileLanes * 2 + lane;
}

// One code out of a lane's words, and into words that are zero there.
constexpr unsigned codeOfLane(const std::uint32_t* words, int bits, int code) {
    const PairPlace at = placeOfPair(bits, code / 2);
    const int shift = at.bit + code % 2 * 16;
    if (!isScattered(bits, code / 2)) return words[at.word] >> shift & ((1u << bits) - 1);
    return (words[0] >> shift & 1u) | (words[1] >> shift & 1u) << 1 | (words[2] >> shift & 1u) << 2;
}
constexpr void putCodeOfLane(std::uint32_t* words, int bits, int code, unsigned value) {
    const PairPlace at = placeOfPair(bits, code / 2);
    const int shift = at.bit + code % 2 * 16;
    if (!isScattered(bits, code / 2)) {
        words[at.word] |= value << shift;
        return;
    }
    for (int i = 0; i < 3; ++i) words[i] |= (value >> i & 1u) << shift;
}

// Row and column within its tile of code c (0 to 31) of lane t.
struct TilePosition {
    int row;
    int column;
};
constexpr TilePosition positionInTile(int lane, int code) {
    const int step = code / 8, element = code % 8;
    return {lane / 4 + element / 2 % 2 * 8, step * 16 + element / 4 * 8 + lane % 4 * 2 + element % 2};
}

constexpr std::int64_t tilesAcross(std::int64_t columns) {
    return (columns + kTileColumns - 1) / kTileColumns;
}
constexpr std::int64_t wordsOfTile(int bits) {
    return static_cast<std::int64_t>(kTileLanes) * bits;
}
// Words of a packed matrix; rows must be a multiple of 16.
std::int64_t packedWords(std::int64_t rows, std::int64_t columns, int bits);

// Throws Error where a matrix of this size or a number of bits cannot be packed.
void checkPackable(std::int64_t rows, std::int64_t columns, int bits);

// codes: (rows, columns), one byte each, columns in packed order. Throws where rows or columns are not multiples of 32 or a
// code does not fit.
std::vector<std::uint32_t> packCodes(std::span<const std::uint8_t> codes, std::int64_t rows, std::int64_t columns,
                                     int bits);
std::vector<std::uint8_t> unpackCodes(std::span<const std::uint32_t> words, std::int64_t rows, std::int64_t columns,
                                      int bits);

// The 32 codes that one lane owns, taken from a tile's words.
void unpackLane(const std::uint32_t* tileWords, int lane, int bits, std::uint8_t codes[kLaneCodes]);

// A packed matrix as kernels read it; all views on the kernel's device.
struct PackedWeight {
    QuantScheme scheme;
    std::int64_t rows = 0;        // outputs
    std::int64_t columns = 0;     // inputs
    ConstTensorView words;        // uint32 (packedWords)
    ConstTensorView scales;       // float16 (groups, rows)
    ConstTensorView zeros;        // uint8 (groups, rows); empty where symmetric
    ConstTensorView columnOrder;  // int32 (columns); empty where packed column j is input j
    ConstTensorView bias;         // float32 (rows); empty where there is none
};

}  // namespace gptq
