// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cpu/packed_product.h"

#include <algorithm>

#include "kernels/cpu/packed_rows.h"
#include "kernels/with_bits.h"

namespace gptq {
namespace {

template <int bits>
constexpr auto kVectorColumns = vectorColumns<bits>();

// Scales and zeros of a tile's 16 rows as floats: [group * 16 + row].
struct TileGrids {
    std::vector<float> scales;
    std::vector<float> zeros;

    void load(const PackedWeight& weight, std::int64_t row) {
        const std::int64_t groups = weight.scheme.groups(weight.columns);
        scales.resize(static_cast<std::size_t>(groups * kTileRows));
        zeros.assign(static_cast<std::size_t>(groups * kTileRows), static_cast<float>(weight.scheme.middleCode()));
        for (std::int64_t group = 0; group < groups; ++group) {
            for (std::int64_t r = 0; r < kTileRows; ++r) {
                const auto at = static_cast<std::size_t>(group * kTileRows + r);
                const std::int64_t from = group * weight.rows + row + r;
                scales[at] = toFloat(weight.scales.as<Float16>()[from]);
                if (!weight.scheme.symmetric) zeros[at] = static_cast<float>(weight.zeros.as<std::uint8_t>()[from]);
            }
        }
    }
};

struct TileRowCall {
    const PackedWeight& weight;
    const TileGrids& grids;
    const std::uint32_t* tiles;  // of this row of tiles
    const float* inputs;
    std::int64_t inputStride;  // from token to token
    float* sums;               // (tokens, 16)
};

// Where the grids of a tile's elements stand in TileGrids, class by class: group * 16.
template <int bits>
struct TileGroups {
    static constexpr int kElements = classesOf(bits) * kVectorWidth;
    std::int64_t at[kElements];

    GPTQ_ALWAYS_INLINE TileGroups(const PackedWeight& weight, std::int64_t column) {
        const std::int64_t groupColumns = weight.scheme.groupColumns(weight.columns);
        const std::int64_t last = weight.columns - 1;  // padding takes any grid: its inputs are zero
        for (int position = 0; position < kVectorsOfRow; ++position) {
            for (int i = 0; i < kVectorWidth; ++i) {
                const int inTile = kVectorColumns<bits>[static_cast<std::size_t>(position * kVectorWidth + i)];
                at[classOf(bits, position) * kVectorWidth + i] =
                    std::min(column + inTile, last) / groupColumns * kTileRows;
            }
        }
    }
};

// One tile's share of a pair of rows, a group a tile or more: sum += (code - zero) x, scaled by the caller.
template <int bits, int tokens>
GPTQ_ALWAYS_INLINE void addTile(const std::uint32_t* tile, int pair, const float (&zeros)[2], const float* inputs,
                                std::int64_t inputStride, FloatVector (&sums)[2][tokens]) {
    eachVector<bits>(tile, pair, [&](bool upper, int position, const FloatVector& codes) {
        const FloatVector weights = codes - zeros[upper];
        for (int t = 0; t < tokens; ++t) {
            FloatVector x;
            loadFloats(inputs + t * inputStride + position * kVectorWidth, x);
            sums[upper][t] += weights * x;
        }
    });
}

// The same for a tile of several groups, scaled.
template <int bits, int tokens>
GPTQ_ALWAYS_INLINE void addMixedTile(const TileRowCall& call, const TileGroups<bits>& groups, const std::uint32_t* tile,
                                     int pair, const float* inputs, FloatVector (&totals)[2][tokens]) {
    constexpr int classes = classesOf(bits);
    FloatVector scales[2][classes], zeros[2][classes], sums[2][classes][tokens] = {};
    for (int half = 0; half < 2; ++half) {
        float rowScales[TileGroups<bits>::kElements], rowZeros[TileGroups<bits>::kElements];
        for (int i = 0; i < TileGroups<bits>::kElements; ++i) {
            const auto at = static_cast<std::size_t>(groups.at[i] + pair + half * 8);
            rowScales[i] = call.grids.scales[at];
            rowZeros[i] = call.grids.zeros[at];
        }
        for (int which = 0; which < classes; ++which) {
            loadFloats(rowScales + which * kVectorWidth, scales[half][which]);
            loadFloats(rowZeros + which * kVectorWidth, zeros[half][which]);
        }
    }
    eachVector<bits>(tile, pair, [&](bool upper, int position, const FloatVector& codes) {
        const int which = classOf(bits, position);
        const FloatVector weights = codes - zeros[upper][which];
        for (int t = 0; t < tokens; ++t) {
            FloatVector x;
            loadFloats(inputs + t * call.inputStride + position * kVectorWidth, x);
            sums[upper][which][t] += weights * x;
        }
    });
    for (int half = 0; half < 2; ++half) {
        for (int which = 0; which < classes; ++which) {
            for (int t = 0; t < tokens; ++t) totals[half][t] += sums[half][which][t] * scales[half][which];
        }
    }
}

template <int bits, int tokens>
GPTQ_ALWAYS_INLINE void multiplyPair(const TileRowCall& call, int pair) {
    const std::int64_t columns = call.weight.columns, groupColumns = call.weight.scheme.groupColumns(columns);
    const bool wholeTiles = groupColumns % kTileColumns == 0 || groupColumns >= columns;
    FloatVector totals[2][tokens] = {};
    const std::uint32_t* tile = call.tiles;
    const float* inputs = call.inputs;
    for (std::int64_t begin = 0; !wholeTiles && begin < columns; begin += kTileColumns) {
        addMixedTile<bits, tokens>(call, TileGroups<bits>(call.weight, begin), tile, pair, inputs, totals);
        tile += wordsOfTile(bits);
        inputs += kTileColumns;
    }
    for (std::int64_t begin = 0; wholeTiles && begin < columns;) {
        const std::int64_t end = std::min(begin + groupColumns, columns);
        const auto grid = static_cast<std::size_t>(begin / groupColumns * kTileRows + pair);
        const float zeros[2] = {call.grids.zeros[grid], call.grids.zeros[grid + 8]};
        FloatVector sums[2][tokens] = {};
        for (; begin < end; begin += kTileColumns, tile += wordsOfTile(bits), inputs += kTileColumns) {
            addTile<bits, tokens>(tile, pair, zeros, inputs, call.inputStride, sums);
        }
        for (int half = 0; half < 2; ++half) {
            const float scale = call.grids.scales[grid + static_cast<std::size_t>(half * 8)];
            for (int t = 0; t < tokens; ++t) totals[half][t] += sums[half][t] * scale;
        }
    }
    for (int half = 0; half < 2; ++half) {
        for (int t = 0; t < tokens; ++t) {
            const FloatVector& s = totals[half][t];
            call.sums[t * kTileRows + pair + half * 8] =
                ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
        }
    }
}

template <int bits, int tokens>
GPTQ_ALWAYS_INLINE void multiplyRows(const TileRowCall& call) {
    for (int pair = 0; pair < 8; ++pair) multiplyPair<bits, tokens>(call, pair);
}

template <int bits>
GPTQ_ALWAYS_INLINE void unpackRows(const PackedWeight& weight, const TileGrids& grids, const std::uint32_t* tile,
                                   float* out) {
    const std::int64_t columns = weight.columns, groupColumns = weight.scheme.groupColumns(columns);
    for (std::int64_t column = 0; column < columns; column += kTileColumns, tile += wordsOfTile(bits)) {
        const auto width = static_cast<int>(std::min<std::int64_t>(kTileColumns, columns - column));
        for (int pair = 0; pair < 8; ++pair) {
            float codes[2][kTileColumns];
            eachVector<bits>(tile, pair, [&](bool upper, int position, const FloatVector& values) {
                __builtin_memcpy(codes[upper] + position * kVectorWidth, &values, sizeof values);
            });
            for (int half = 0; half < 2; ++half) {
                const std::int64_t row = pair + half * 8;
                float* line = out + row * columns + column;
                for (int i = 0; i < kTileColumns; ++i) {
                    const int at = kVectorColumns<bits>[static_cast<std::size_t>(i)];
                    if (at < width) line[at] = codes[half][i];
                }
                for (int begin = 0; begin < width;) {
                    const std::int64_t group = (column + begin) / groupColumns;
                    const int end =
                        static_cast<int>(std::min<std::int64_t>((group + 1) * groupColumns - column, width));
                    const auto grid = static_cast<std::size_t>(group * kTileRows + row);
                    const float zero = grids.zeros[grid], scale = grids.scales[grid];
                    for (; begin < end; ++begin) line[begin] = (line[begin] - zero) * scale;
                }
            }
        }
    }
}

// Each once for processors with AVX2 and once for any; the arithmetic and its order are the same.
#if defined(__x86_64__)
#define GPTQ_AVX2 __attribute__((target("avx2")))
#else
#define GPTQ_AVX2
#endif

bool hasAvx2() {
#if defined(__x86_64__)
    static const bool has = __builtin_cpu_supports("avx2");
    return has;
#else
    return false;
#endif
}

template <int bits, int tokens>
GPTQ_AVX2 void multiplyRowsAvx2(const TileRowCall& call) {
    multiplyRows<bits, tokens>(call);
}

template <int bits, int tokens>
void multiplyRowsPlain(const TileRowCall& call) {
    multiplyRows<bits, tokens>(call);
}

template <int bits>
GPTQ_AVX2 void unpackRowsAvx2(const PackedWeight& weight, const TileGrids& grids, const std::uint32_t* tile,
                              float* out) {
    unpackRows<bits>(weight, grids, tile, out);
}

template <int bits>
void unpackRowsPlain(const PackedWeight& weight, const TileGrids& grids, const std::uint32_t* tile, float* out) {
    unpackRows<bits>(weight, grids, tile, out);
}

template <int bits, int tokens>
void multiplyRowsHere(const TileRowCall& call) {
    hasAvx2() ? multiplyRowsAvx2<bits, tokens>(call) : multiplyRowsPlain<bits, tokens>(call);
}

const std::uint32_t* tilesOf(const PackedWeight& weight, std::int64_t row) {
    return weight.words.as<std::uint32_t>() +
           row / kTileRows * tilesAcross(weight.columns) * wordsOfTile(weight.scheme.bits);
}

}  // namespace

PackedProduct::PackedProduct(const PackedWeight& weight, ConstTensorView x) : m_weight(weight), m_tokens(x.rows()) {
    const std::int64_t tiles = tilesAcross(weight.columns);
    m_inputs.resize(static_cast<std::size_t>(m_tokens * tiles * kTileColumns));
    withBits(weight.scheme.bits, [&]<int bits>() {
        float* out = m_inputs.data();
        for (std::int64_t token = 0; token < m_tokens; ++token) {
            const float* in = x.as<float>() + token * x.rowStride();
            for (std::int64_t column = 0; column < tiles * kTileColumns; column += kTileColumns) {
                for (const int at : kVectorColumns<bits>)
                    *out++ = column + at < weight.columns ? in[column + at] : 0.0f;
            }
        }
    });
}

void PackedProduct::multiplyTileRow(std::int64_t row, MatrixOut y, Accumulate accumulate) const {
    thread_local TileGrids grids;
    grids.load(m_weight, row);
    float sums[kMostPackedTokens * kTileRows];
    const TileRowCall call{
        m_weight, grids, tilesOf(m_weight, row), m_inputs.data(), tilesAcross(m_weight.columns) * kTileColumns, sums};
    withBits(m_weight.scheme.bits, [&]<int bits>() {
        switch (m_tokens) {
            case 1: return multiplyRowsHere<bits, 1>(call);
            case 2: return multiplyRowsHere<bits, 2>(call);
            case 3: return multiplyRowsHere<bits, 3>(call);
            default: return multiplyRowsHere<bits, 4>(call);
        }
    });
    for (std::int64_t token = 0; token < m_tokens; ++token) {
        for (std::int64_t r = 0; r < kTileRows; ++r) {
            float& out = y.data[token * y.stride + row + r];
            const float sum = sums[token * kTileRows + r];
            out = accumulate == Accumulate::Yes ? out + sum : sum;
        }
    }
}

void unpackTileRow(const PackedWeight& weight, std::int64_t row, float* out) {
    thread_local TileGrids grids;
    grids.load(weight, row);
    withBits(weight.scheme.bits, [&]<int bits>() {
        hasAvx2() ? unpackRowsAvx2<bits>(weight, grids, tilesOf(weight, row), out)
                  : unpackRowsPlain<bits>(weight, grids, tilesOf(weight, row), out);
    });
}

}  // namespace gptq
