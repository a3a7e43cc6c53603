// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/packed_layout.h"

#include "kernels/error.h"

namespace gptq {
namespace {

// Where a plane's words of a lane begin, in words from the tile's begin.
constexpr std::int64_t planeOffset(const BitPlanes& planes, int plane) {
    return plane == 0 ? 0 : static_cast<std::int64_t>(kTileLanes) * planes.bits[0];
}

void packTile(const std::uint8_t* codes, std::int64_t rowStride, std::int64_t columnsLeft, int bits,
              std::uint32_t* words) {
    const BitPlanes planes = planesOf(bits);
    const std::uint8_t padding = static_cast<std::uint8_t>(1 << (bits - 1));
    for (int lane = 0; lane < kTileLanes; ++lane) {
        for (int c = 0; c < kLaneCodes; ++c) {
            const TilePosition at = positionInTile(lane, c);
            const unsigned code = at.column < columnsLeft ? codes[at.row * rowStride + at.column] : padding;
            if (code >> bits != 0) throw Error("code ", code, " does not fit in ", bits, " bits");
            for (int p = 0; p < planes.count; ++p) {
                const int planeBits = planes.bits[p], perWord = 32 / planeBits;
                const unsigned part = code >> planes.shift[p] & ((1u << planeBits) - 1);
                words[planeOffset(planes, p) + lane * planeBits + c / perWord] |= part
                                                                                  << planeBit(c % perWord, planeBits);
            }
        }
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
    const BitPlanes planes = planesOf(bits);
    for (int p = 0; p < planes.count; ++p) {
        const int planeBits = planes.bits[p], perWord = 32 / planeBits;
        const unsigned mask = (1u << planeBits) - 1;
        const std::uint32_t* words = tileWords + planeOffset(planes, p) + lane * planeBits;
        for (int c = 0; c < kLaneCodes; ++c) {
            const unsigned part = words[c / perWord] >> planeBit(c % perWord, planeBits) & mask;
            const unsigned below = p == 0 ? 0 : codes[c];
            codes[c] = static_cast<std::uint8_t>(below | part << planes.shift[p]);
        }
    }
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
