// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// How the weights of one matrix are quantized: the figures that every kernel and format needs to know.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gptq {

enum class GridKind : std::uint8_t { Uniform };

struct QuantScheme {
    int bits = 4;                  // 2, 3, 4 or 8
    std::int64_t groupSize = 128;  // columns that share a scale: a multiple of 8, or -1 for the whole row
    bool symmetric = true;         // the zero is 2^(bits-1), for every group
    GridKind grid = GridKind::Uniform;

    bool operator==(const QuantScheme&) const = default;

    int topCode() const { return (1 << bits) - 1; }
    int middleCode() const { return 1 << (bits - 1); }
    std::int64_t groupColumns(std::int64_t columns) const { return groupSize < 0 ? columns : groupSize; }
    // The last group may be ragged: fewer columns than the others.
    std::int64_t groups(std::int64_t columns) const {
        return (columns + groupColumns(columns) - 1) / groupColumns(columns);
    }
};

const std::vector<int>& supportedBits();        // 2, 3, 4, 8
void checkScheme(const QuantScheme& scheme);    // throws Error that names what is out of range
std::string nameOf(const QuantScheme& scheme);  // "4-bit, group 128, symmetric"

}  // namespace gptq
