// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The bit layout of GPTQ checkpoints: 32-bit words, little-endian streams of codes, code k of a stream at bit k * bits.
// For 2, 4 and 8 bits that is 32/bits codes a word; for 3 bits, 32 codes in three words, two of them straddling.
// (GPTQModel, nn_modules/qlinear; the layout is AutoGPTQ's.)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gptq {

// (lines, count) codes become (words, lines) along the first dimension: word w of line l at [w * lines + l]. As qweight lies:
// lines are outputs, a line's codes run along the inputs.
std::vector<std::uint32_t> packAcross(std::span<const std::uint8_t> codes, std::int64_t lines, std::int64_t count,
                                      int bits);
// Code k of line l to codes[l * stride + k]: a piece of whole streams may be unpacked into its place among the codes of all.
void unpackAcross(std::span<const std::uint32_t> words, std::int64_t lines, std::int64_t count, int bits,
                  std::uint8_t* codes, std::int64_t stride);

// (lines, count) codes become (lines, words). As qzeros lies: lines are groups, a line's zeros run along the outputs.
std::vector<std::uint32_t> packAlong(std::span<const std::uint8_t> codes, std::int64_t lines, std::int64_t count,
                                     int bits);
std::vector<std::uint8_t> unpackAlong(std::span<const std::uint32_t> words, std::int64_t lines, std::int64_t count,
                                      int bits);

constexpr std::int64_t streamWords(std::int64_t count, int bits) {
    return (count * bits + 31) / 32;
}

}  // namespace gptq
