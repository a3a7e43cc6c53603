// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/packed_layout.h"

#include "kernels/error.h"

namespace gptq {
namespace {

void packTile(const std::uint8_t* codes, std::int64_t rowStride, std::int64_t columnsLeft, int bits,
              std::uint32_t* words) {
    const std::uint8_t padding = static_cast<std::uint8_t>(1 << (bits - 1));
    for (int lane = 0; lane < kTileLanes; ++lane) {
        std::uint32_t own[kMostLaneWords] = {};
        for (int c = 0; c < kLaneCodes; ++c) {
            const TilePosition at = positionInTile(lane, c);
            const unsigned code = at.column < columnsLeft ? codes[at.row * rowStride + at.column] : padding;
            if (code >> bits != 0) throw Error("code ", code, " does not fit in ", bits, " bits");
            putCodeOfLane(own, bits, c, code);
        }
        for (int w = 0; w < bits; ++w) words[wordInTile(bits, lane, w)] = own[w];
    }
}

}  // namespace

void checkPackable(std::int64_t rows, std::int64_t columns, int bits) {
    if (rows <= 0 || columns <= 0 || rows % 32 != 0 || columns % 32 != 0) {
        throw Error("a matrix of ", rows, " x ", columns, " cannot be packed: both must be multiples of 32");
    }
    checkScheme({.bits = bits, .groupSize = -1});
}

std::int64_t packedWords(std::int64_t rows, std::int64_t columns, int bits) {
    return rows / kTileRows * tilesAcross(columns) * wordsOfTile(bits);
}

void unpackLane(const std::uint32_t* tileWords, int lane, int bits, std::uint8_t codes[kLaneCodes]) {
    std::uint32_t own[kMostLaneWords];
    for (int w = 0; w < bits; ++w) own[w] = tileWords[wordInTile(bits, lane, w)];
    for (int c = 0; c < kLaneCodes; ++c) codes[c] = static_cast<std::uint8_t>(codeOfLane(own, bits, c));
}

std::vector<std::uint32_t> packCodes(std::span<const std::uint8_t> codes, std::int64_t rows, std::int64_t columns,
                                     int bits) {
    checkPackable(rows, columns, bits);
    if (static_cast<std::int64_t>(codes.size()) != rows * columns)
        throw Error(codes.size(), " codes for a matrix of ", rows, " x ", columns);
    std::vector<std::uint32_t> words(static_cast<std::size_t>(packedWords(rows, columns, bits)));
    std::uint32_t* tile = words.data();
    for (std::int64_t row = 0; row < rows; row += kTileRows) {
        for (std::int64_t column = 0; column < columns; column += kTileColumns, tile += wordsOfTile(bits)) {
            packTile(codes.data() + row * columns + column, columns, columns - column, bits, tile);
        }
    }
    return words;
}

std::vector<std::uint8_t> unpackCodes(std::span<const std::uint32_t> words, std::int64_t rows, std::int64_t columns,
                                      int bits) {
    checkPackable(rows, columns, bits);
    if (static_cast<std::int64_t>(words.size()) != packedWords(rows, columns, bits))
        throw Error(words.size(), " words for a packed matrix of ", rows, " x ", columns);
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(rows * columns));
    const std::uint32_t* tile = words.data();
    std::uint8_t lane[kLaneCodes];
    for (std::int64_t row = 0; row < rows; row += kTileRows) {
        for (std::int64_t column = 0; column < columns; column += kTileColumns, tile += wordsOfTile(bits)) {
            for (int t = 0; t < kTileLanes; ++t) {
                unpackLane(tile, t, bits, lane);
                for (int c = 0; c < kLaneCodes; ++c) {
                    const TilePosition at = positionInTile(t, c);
                    if (column + at.column < columns)
                        codes[static_cast<std::size_t>((row + at.row) * columns + column + at.column)] = lane[c];
                }
            }
        }
    }
    return codes;
}

}  // namespace gptq
