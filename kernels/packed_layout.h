// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The run-time layout of quantized weights: THE bit diagram, and the pure functions that pack and unpack it.
//
// A matrix of (rows, columns) codes is cut into tiles of 16 rows by 64 columns, rows of tiles outermost, columns padded to
// whole tiles with the middle code. A tile is two halves of 32 columns, a half two steps of 16 rows by 16 columns, each the A
// fragment of the tensor-core instruction mma.m16n8k16 (PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point
// type"). A product does not care for the order of its columns, so the fragment's columns are dealt out so that lane t of a
// warp needs the inputs of eight neighbours of each half, 16 bytes: columns 32 half + 8 (t%4) + 4 step + ...
//
//     a0 a1   row t/4,     ... 0, 1            a2 a3   row t/4 + 8, ... 0, 1
//     a4 a5   row t/4,     ... 2, 3            a6 a7   row t/4 + 8, ... 2, 3
//
// so a lane owns 32 codes of a tile: code c of its 32 is element a(c%8) of step c/8 of the tile's four. The bits of a code are
// split into planes of 8, 4, 2 or 1 bits (3 bits: the low two and the high one); a plane of p bits takes p words (32 bits) a
// lane, each with 32/p codes, and code c of a word lies at bit
//
//     (c % 2) * 16 + (c / 2) * p          p = 4:   | a7 a5 a3 a1 | a6 a4 a2 a0 |   most significant first
//
// so that one mask takes a pair of neighbours into the two halves of a register. The plane of one bit interleaves its two
// halves, (c % 2) * 16 + (c / 2 % 8) * 2 + c / 16, so that its bits stand under those of the plane of two after one shift. A
// tile is its planes in order, a plane its lanes in order, a lane its words in order: with 4 bits a lane loads 16 bytes at
// once and a tile is 512 bytes.
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

struct BitPlanes {
    int count;
    int bits[2];   // of each plane
    int shift[2];  // where the plane's bits stand in the code
};

constexpr BitPlanes planesOf(int bits) {
    return bits == 3 ? BitPlanes{2, {2, 1}, {0, 2}} : BitPlanes{1, {bits, 0}, {0, 0}};
}

constexpr int planeBit(int codeInWord, int planeBits) {
    return codeInWord % 2 * 16 +
           (planeBits == 1 ? codeInWord / 2 % 8 * 2 + codeInWord / 16 : codeInWord / 2 * planeBits);
}

// Row and column within its tile of code c (0 to 31) of lane t.
struct TilePosition {
    int row;
    int column;
};
constexpr TilePosition positionInTile(int lane, int code) {
    const int half = code / 16, step = code / 8 % 2, element = code % 8;
    return {lane / 4 + (element / 2 % 2) * 8, half * 32 + lane % 4 * 8 + step * 4 + element / 4 * 2 + element % 2};
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
