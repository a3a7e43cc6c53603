// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The GPTQ column block: columns left to right, each rounded to its group's grid, its error taken off the block's later columns.
//
//     q = round(w_j)    e = (w_j - q) / U_jj    w_c -= e U_jc for c > j in the block
//
// A warp a row: 64 columns are two registers a lane, U's part is in 16 KB of shared memory, which every card has. Rows are
// independent; the chain of 64 columns is the latency, hidden by as many warps as fit. Wider blocks are solved 64 columns at
// a time, each pass followed by the product that updates the rest of the block. A pass ends where a group does, if one does within
// reach, so that a group's grid is found from weights that have all errors of the columns before it:
//
//     grid x: rows, eight a block       row r   | lane 0: columns 0, 32 | lane 1: 1, 33 | ... | lane 31: 31, 63 |
//
// Bound: latency, of the chain; measured 0.55 us a column, 35 us a pass (64 rows by 4096 columns; schedulers issue in 33 % of cycles).
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/cuda/types.cuh"
#include "kernels/op_checks.h"

namespace gptq {
namespace {

constexpr int kColumns = 64;  // a pass: U's part takes 16 KB of shared memory, which every card has
constexpr int kPerLane = kColumns / 32;
constexpr int kWarps = 8;

struct BlockArguments {
    GridSpec spec;
    const float* weights;
    std::int64_t weightStride;
    const float* factor;
    std::int64_t factorStride;
    std::int64_t rows;
    std::int64_t columns;  // of the matrix
    std::int64_t first;    // of this pass
    int count;             // at most kColumns
    std::int64_t groupColumns;
    const std::int32_t* groupOfColumn;  // null: grids are found
    std::uint8_t* codes;
    std::int64_t codesStride;
    float* scales;
    std::int64_t scalesStride;
    float* zeros;
    std::int64_t zerosStride;
    float* errors;
    std::int64_t errorsStride;
};

// The grid of the group that begins at column j of the pass: from the pass's weights as they stand, and those right of it.
__device__ GridPoint<float> findGrid(const BlockArguments& a, std::int64_t row, int j, const float (&w)[kPerLane],
                                     int lane) {
    const std::int64_t begin = a.first + j, end = min(begin + a.groupColumns, a.columns);
    float low = 0, high = 0;
    for (int i = 0; i < kPerLane; ++i) {
        const int c = lane + i * 32;
        if (c < j || c >= a.count || a.first + c >= end) continue;
        low = fminf(low, w[i]);
        high = fmaxf(high, w[i]);
    }
    for (std::int64_t c = a.first + a.count + lane; c < end; c += 32) {
        low = fminf(low, a.weights[row * a.weightStride + c]);
        high = fmaxf(high, a.weights[row * a.weightStride + c]);
    }
    return gridOfRange(warpMin(low), warpMax(high), a.spec);
}

__global__ void __launch_bounds__(kWarps * 32) solveBlockKernel(BlockArguments a) {
    __shared__ float factor[kColumns][kColumns];
    for (int i = static_cast<int>(threadIdx.x); i < kColumns * kColumns; i += kWarps * 32) {
        const int r = i / kColumns, c = i % kColumns;
        factor[r][c] = r < a.count && c < a.count ? a.factor[(a.first + r) * a.factorStride + a.first + c] : 0.0f;
    }
    __syncthreads();
    const int lane = static_cast<int>(threadIdx.x) % 32;
    const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32;
    if (row >= a.rows) return;

    float w[kPerLane];
    for (int i = 0; i < kPerLane; ++i)
        w[i] = lane + i * 32 < a.count ? a.weights[row * a.weightStride + a.first + lane + i * 32] : 0.0f;
    const float top = topCodeOf<float>(a.spec);
    GridPoint<float> grid{};
    std::int64_t heldGroup = -1;
#pragma unroll
    for (int i = 0; i < kPerLane; ++i) {
        for (int l = 0; l < 32; ++l) {
            const int j = i * 32 + l;
            if (j >= a.count) break;
            const std::int64_t column = a.first + j;
            if (!a.groupOfColumn && column % a.groupColumns == 0) {
                grid = findGrid(a, row, j, w, lane);
                heldGroup = column / a.groupColumns;
                if (lane == 0) {
                    a.scales[heldGroup * a.scalesStride + row] = grid.scale;
                    a.zeros[heldGroup * a.zerosStride + row] = grid.zero;
                }
            } else {
                const std::int64_t group = a.groupOfColumn ? a.groupOfColumn[column] : column / a.groupColumns;
                if (group != heldGroup)
                    grid = {a.scales[group * a.scalesStride + row], a.zeros[group * a.zerosStride + row]};
                heldGroup = group;
            }
            const float weight = __shfl_sync(kAllLanes, w[i], l);
            const float code = codeOf(weight, grid, top);
            const float error = (weight - weightOf(code, grid)) / factor[j][j];
            if (lane == l) {
                a.codes[row * a.codesStride + column] = static_cast<std::uint8_t>(code);
                a.errors[row * a.errorsStride + j] = error;
            }
            for (int c = 0; c < kPerLane; ++c) {
                if (lane + c * 32 > j) w[c] -= error * factor[j][lane + c * 32];
            }
        }
    }
}

// Columns of the pass that begins at `first`; `last` ends the block.
std::int64_t passColumns(const GptqBlockCall& call, std::int64_t first, std::int64_t last) {
    const std::int64_t reach = std::min<std::int64_t>(first + kColumns, last);
    if (!call.groupOfColumn.empty() || reach == last) return reach - first;
    const std::int64_t groupEnd = reach / call.groupColumns * call.groupColumns;
    return (groupEnd > first ? groupEnd : reach) - first;
}

}  // namespace

void CudaBackend::solveBlock(const GptqBlockCall& call) {
    enter();
    checkBlockCall(call);
    const std::int64_t rows = call.weights.rows();
    for (std::int64_t done = 0, count = 0; done < call.count; done += count) {
        const std::int64_t first = call.first + done;
        count = passColumns(call, first, call.first + call.count);
        const TensorView errors = call.errors.columnRange(done, count);
        const BlockArguments arguments{
            call.grid,
            deviceData<float>(call.weights),
            call.weights.rowStride(),
            deviceData<float>(call.factor),
            call.factor.rowStride(),
            rows,
            call.weights.columns(),
            first,
            static_cast<int>(count),
            call.groupColumns,
            call.groupOfColumn.empty() ? nullptr : deviceData<std::int32_t>(call.groupOfColumn),
            deviceData<std::uint8_t>(call.out.codes),
            call.out.codes.rowStride(),
            deviceData<float>(call.out.scales),
            call.out.scales.rowStride(),
            deviceData<float>(call.out.zeros),
            call.out.zeros.rowStride(),
            deviceData<float>(errors),
            errors.rowStride()};
        solveBlockKernel<<<blocksFor(rows, kWarps), kWarps * 32, 0, stream()>>>(arguments);
        CUDA_CHECK_LAUNCH();
        const std::int64_t next = first + count, left = call.first + call.count - next;
        if (left > 0)
            subtractProduct(errors, call.factor.rowRange(first, count).columnRange(next, left),
                            call.weights.columnRange(next, left));
    }
}

void CudaBackend::updateTrailing(const GptqBlockCall& call) {
    enter();
    checkBlockCall(call);
    const std::int64_t next = call.first + call.count, trailing = call.weights.columns() - next;
    if (trailing == 0) return;
    subtractProduct(call.errors, call.factor.rowRange(call.first, call.count).columnRange(next, trailing),
                    call.weights.columnRange(next, trailing));
}

}  // namespace gptq
