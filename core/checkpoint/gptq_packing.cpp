// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/gptq_packing.h"

#include <algorithm>
#include <cstring>

#include "kernels/error.h"
#include "kernels/with_bits.h"

namespace gptq {
namespace {

constexpr std::int64_t kUnitCodes = 32;  // in as many words as a code has bits
constexpr std::int64_t kTileLines = 16;  // a cache line of each word
constexpr std::int64_t kTileUnits = 8;
constexpr std::int64_t kTileCodes = kTileUnits * kUnitCodes;

void checkCodes(std::span<const std::uint8_t> codes, std::int64_t lines, std::int64_t count, int bits) {
    if (static_cast<std::int64_t>(codes.size()) != lines * count)
        throw Error(codes.size(), " codes for ", lines, " x ", count);
    std::uint8_t all = 0;
    for (const std::uint8_t code : codes) all |= code;
    if (all >> bits == 0) return;
    const auto wrong = std::find_if(codes.begin(), codes.end(), [&](std::uint8_t code) { return code >> bits != 0; });
    throw Error("the code ", int{*wrong}, " does not fit in ", bits, " bits");
}

void checkWords(std::span<const std::uint32_t> words, std::int64_t lines, std::int64_t count, int bits) {
    if (static_cast<std::int64_t>(words.size()) != lines * streamWords(count, bits))
        throw Error(words.size(), " words for ", lines, " x ", count, " codes of ", bits, " bits");
}

// 32 codes as a stream.
template <int bits>
void packUnit(const std::uint8_t* codes, std::uint32_t* words) {
    if constexpr (8 % bits == 0) {  // byte by byte, which compilers do for many bytes at once
        std::uint8_t bytes[4 * bits];
        for (int i = 0; i < 4 * bits; ++i) {
            unsigned byte = 0;
            for (int j = 0; j < 8 / bits; ++j) byte |= unsigned{codes[i * (8 / bits) + j]} << j * bits;
            bytes[i] = static_cast<std::uint8_t>(byte);
        }
        std::memcpy(words, bytes, sizeof bytes);
    } else {
        std::uint64_t window = 0;
        int held = 0;
        for (int k = 0; k < kUnitCodes; ++k) {
            window |= std::uint64_t{codes[k]} << held;
            held += bits;
            if (held < 32) continue;
            *words++ = static_cast<std::uint32_t>(window);
            window >>= 32;
            held -= 32;
        }
    }
}

// `count` codes as a stream, which ends with a word.
template <int bits>
void packStream(const std::uint8_t* codes, std::int64_t count, std::uint32_t* words) {
    for (; count >= kUnitCodes; count -= kUnitCodes, codes += kUnitCodes, words += bits) packUnit<bits>(codes, words);
    if (count == 0) return;
    std::uint8_t unit[kUnitCodes] = {};
    std::uint32_t last[bits];
    std::copy_n(codes, count, unit);
    packUnit<bits>(unit, last);
    std::copy_n(last, streamWords(count, bits), words);
}

// Codes lie one line after the other, words line beside line: turned tile by tile, with runs of memory on both sides.
template <int bits>
void packTile(const std::uint8_t* codes, std::int64_t codeStride, std::int64_t lines, std::int64_t count,
              std::uint32_t* words, std::int64_t wordStride) {
    std::uint32_t tile[kTileLines][kTileUnits * bits];
    for (std::int64_t line = 0; line < lines; ++line) packStream<bits>(codes + line * codeStride, count, tile[line]);
    for (std::int64_t word = 0; word < streamWords(count, bits); ++word) {
        for (std::int64_t line = 0; line < lines; ++line) words[word * wordStride + line] = tile[line][word];
    }
}

// 32 codes of a stream.
template <int bits>
void unpackUnit(const std::uint32_t* words, std::uint8_t* codes) {
    constexpr unsigned mask = (1u << bits) - 1;
    if constexpr (8 % bits == 0) {  // byte by byte, which compilers do for many bytes at once
        std::uint8_t bytes[4 * bits];
        std::memcpy(bytes, words, sizeof bytes);
        for (int i = 0; i < 4 * bits; ++i) {
            for (int j = 0; j < 8 / bits; ++j)
                codes[i * (8 / bits) + j] = static_cast<std::uint8_t>(bytes[i] >> j * bits & mask);
        }
    } else {
        for (int k = 0; k < kUnitCodes; ++k) {
            const int word = k * bits / 32, shift = k * bits % 32;
            std::uint32_t window = words[word] >> shift;
            if (shift + bits > 32) window |= words[word + 1] << (32 - shift);
            codes[k] = static_cast<std::uint8_t>(window & mask);
        }
    }
}

// The first `count` codes of a stream.
template <int bits>
void unpackStream(const std::uint32_t* words, std::int64_t count, std::uint8_t* codes) {
    for (; count >= kUnitCodes; count -= kUnitCodes, words += bits, codes += kUnitCodes) unpackUnit<bits>(words, codes);
    if (count == 0) return;
    std::uint32_t last[bits] = {};
    std::uint8_t unit[kUnitCodes];
    std::copy_n(words, streamWords(count, bits), last);
    unpackUnit<bits>(last, unit);
    std::copy_n(unit, count, codes);
}

// And back.
template <int bits>
void unpackTile(const std::uint32_t* words, std::int64_t wordStride, std::int64_t lines, std::int64_t count,
                std::uint8_t* codes, std::int64_t codeStride) {
    std::uint32_t tile[kTileLines][kTileUnits * bits];
    for (std::int64_t word = 0; word < streamWords(count, bits); ++word) {
        for (std::int64_t line = 0; line < lines; ++line) tile[line][word] = words[word * wordStride + line];
    }
    for (std::int64_t line = 0; line < lines; ++line) unpackStream<bits>(tile[line], count, codes + line * codeStride);
}

}  // namespace

std::vector<std::uint32_t> packAcross(std::span<const std::uint8_t> codes, std::int64_t lines, std::int64_t count,
                                      int bits) {
    checkCodes(codes, lines, count, bits);
    std::vector<std::uint32_t> words(static_cast<std::size_t>(lines * streamWords(count, bits)));
    withBits(bits, [&]<int constantBits>() {
        for (std::int64_t line = 0; line < lines; line += kTileLines) {
            for (std::int64_t k = 0; k < count; k += kTileCodes) {
                packTile<constantBits>(codes.data() + line * count + k, count, std::min(kTileLines, lines - line),
                                       std::min(kTileCodes, count - k),
                                       words.data() + streamWords(k, bits) * lines + line, lines);
            }
        }
    });
    return words;
}

void unpackAcross(std::span<const std::uint32_t> words, std::int64_t lines, std::int64_t count, int bits,
                  std::uint8_t* codes, std::int64_t stride) {
    checkWords(words, lines, count, bits);
    withBits(bits, [&]<int constantBits>() {
        for (std::int64_t line = 0; line < lines; line += kTileLines) {
            for (std::int64_t k = 0; k < count; k += kTileCodes) {
                unpackTile<constantBits>(words.data() + streamWords(k, bits) * lines + line, lines,
                                         std::min(kTileLines, lines - line), std::min(kTileCodes, count - k),
                                         codes + line * stride + k, stride);
            }
        }
    });
}

std::vector<std::uint32_t> packAlong(std::span<const std::uint8_t> codes, std::int64_t lines, std::int64_t count,
                                     int bits) {
    checkCodes(codes, lines, count, bits);
    std::vector<std::uint32_t> words(static_cast<std::size_t>(lines * streamWords(count, bits)));
    withBits(bits, [&]<int constantBits>() {
        for (std::int64_t line = 0; line < lines; ++line) {
            packStream<constantBits>(codes.data() + line * count, count,
                                     words.data() + line * streamWords(count, bits));
        }
    });
    return words;
}

std::vector<std::uint8_t> unpackAlong(std::span<const std::uint32_t> words, std::int64_t lines, std::int64_t count,
                                      int bits) {
    checkWords(words, lines, count, bits);
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(lines * count));
    withBits(bits, [&]<int constantBits>() {
        for (std::int64_t line = 0; line < lines; ++line) {
            unpackStream<constantBits>(words.data() + line * streamWords(count, bits), count,
                                       codes.data() + line * count);
        }
    });
    return codes;
}

}  // namespace gptq
