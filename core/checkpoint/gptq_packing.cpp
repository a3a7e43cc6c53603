// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/gptq_packing.h"

#include "kernels/error.h"

namespace gptq {
namespace {

// Where word w of line l lies: l * line + w * word.
struct Strides {
    std::int64_t line;
    std::int64_t word;
};

std::vector<std::uint32_t> pack(std::span<const std::uint8_t> codes, std::int64_t lines, std::int64_t count, int bits,
                                Strides strides) {
    if (static_cast<std::int64_t>(codes.size()) != lines * count)
        throw Error(codes.size(), " codes for ", lines, " x ", count);
    std::vector<std::uint32_t> words(static_cast<std::size_t>(lines * streamWords(count, bits)));
    for (std::int64_t line = 0; line < lines; ++line) {
        for (std::int64_t k = 0; k < count; ++k) {
            const std::uint64_t code = codes[static_cast<std::size_t>(line * count + k)];
            if (code >> bits != 0) throw Error("the code ", code, " does not fit in ", bits, " bits");
            const std::int64_t bit = k * bits;
            const std::uint64_t placed = code << bit % 32;
            const std::int64_t at = line * strides.line + bit / 32 * strides.word;
            words[static_cast<std::size_t>(at)] |= static_cast<std::uint32_t>(placed);
            if (placed >> 32 != 0)
                words[static_cast<std::size_t>(at + strides.word)] |= static_cast<std::uint32_t>(placed >> 32);
        }
    }
    return words;
}

std::vector<std::uint8_t> unpack(std::span<const std::uint32_t> words, std::int64_t lines, std::int64_t count, int bits,
                                 Strides strides) {
    if (static_cast<std::int64_t>(words.size()) != lines * streamWords(count, bits))
        throw Error(words.size(), " words for ", lines, " x ", count, " codes of ", bits, " bits");
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(lines * count));
    for (std::int64_t line = 0; line < lines; ++line) {
        for (std::int64_t k = 0; k < count; ++k) {
            const std::int64_t bit = k * bits;
            const std::int64_t at = line * strides.line + bit / 32 * strides.word;
            std::uint64_t window = words[static_cast<std::size_t>(at)];
            if (bit % 32 + bits > 32)
                window |= static_cast<std::uint64_t>(words[static_cast<std::size_t>(at + strides.word)]) << 32;
            codes[static_cast<std::size_t>(line * count + k)] =
                static_cast<std::uint8_t>(window >> bit % 32 & ((1u << bits) - 1));
        }
    }
    return codes;
}

}  // namespace

std::vector<std::uint32_t> packAcross(std::span<const std::uint8_t> codes, std::int64_t lines, std::int64_t count,
                                      int bits) {
    return pack(codes, lines, count, bits, {1, lines});
}

std::vector<std::uint8_t> unpackAcross(std::span<const std::uint32_t> words, std::int64_t lines, std::int64_t count,
                                       int bits) {
    return unpack(words, lines, count, bits, {1, lines});
}

std::vector<std::uint32_t> packAlong(std::span<const std::uint8_t> codes, std::int64_t lines, std::int64_t count,
                                     int bits) {
    return pack(codes, lines, count, bits, {streamWords(count, bits), 1});
}

std::vector<std::uint8_t> unpackAlong(std::span<const std::uint32_t> words, std::int64_t lines, std::int64_t count,
                                      int bits) {
    return unpack(words, lines, count, bits, {streamWords(count, bits), 1});
}

}  // namespace gptq
