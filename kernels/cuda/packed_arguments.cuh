// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <algorithm>

#include "kernels/cuda/types.cuh"
#include "kernels/packed_layout.h"

namespace gptq {

// A packed weight as kernels take it.
struct PackedArguments {
    const std::uint32_t* words;
    const Half* scales;
    const std::uint8_t* zeros;  // null: the middle code
    int rows;
    int columns;
    int tiles;  // across
    int groupColumns;
    int lastGroup;
    unsigned
        groupsPerHalf;  // ceil(2^32 / (groupColumns / 32)): from halves of tiles to groups without a division; 0: 2^32

    // The group of a half tile, 32 columns; behind the last column the last group, whose grids are numbers like any. several: there
    // is one group, or every group has more than one half.
    template <bool several = false>
    __device__ int groupOfHalf(int half) const {
        const bool one = !several && groupsPerHalf == 0;
        return min(one ? half : static_cast<int>(__umulhi(half, groupsPerHalf)), lastGroup);
    }
};

inline PackedArguments packedArguments(const PackedWeight& weight) {
    const auto groupColumns = static_cast<int>(weight.scheme.groupColumns(weight.columns));
    const auto halves = static_cast<std::uint64_t>(std::max(1, groupColumns / 32));
    return {deviceData<std::uint32_t>(weight.words),
            deviceData<Half>(weight.scales),
            weight.scheme.symmetric ? nullptr : deviceData<std::uint8_t>(weight.zeros),
            static_cast<int>(weight.rows),
            static_cast<int>(weight.columns),
            static_cast<int>(tilesAcross(weight.columns)),
            groupColumns,
            static_cast<int>(weight.scheme.groups(weight.columns)) - 1,
            static_cast<unsigned>(((std::uint64_t{1} << 32) + halves - 1) / halves)};
}

}  // namespace gptq
