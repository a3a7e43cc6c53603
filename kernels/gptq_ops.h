// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What GPTQ (Frantar et al. 2022, arXiv 2210.17323) needs of a device. Symbols, after the paper:
//
//   W  weights (rows, columns)           H  Hessian of the layer's inputs, 2/N sum x x^T (columns, columns)
//   U  upper Cholesky factor of (H + damping)^-1
//
// Weights, Hessians and factors are float32 tensors on the device.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/quant_grid.h"
#include "kernels/tensor.h"

namespace gptq {

// Codes and grids of a matrix as they grow during a solve.
struct CodesView {
    TensorView codes;   // uint8 (rows, columns), in solve order
    TensorView scales;  // float32 (groups, rows)
    TensorView zeros;   // float32 (groups, rows)
};

// One block of columns, left to right: each column is rounded to its group's grid and its error, over U's diagonal, is taken
// off the block's later columns.
struct GptqBlockCall {
    GridSpec grid;
    TensorView weights;      // (rows, columns), in solve order; the block's columns are used up
    ConstTensorView factor;  // U (columns, columns)
    std::int64_t first = 0;  // the block: columns [first, first + count)
    std::int64_t count = 0;
    std::int64_t groupColumns = 0;  // columns a group, when grids are found on the way
    ConstTensorView
        groupOfColumn;  // int32 (columns): grids are given (static groups); empty: a grid is found at its group's
                        // first column, from the weights as they stand then
    CodesView out;
    TensorView errors;  // (rows, count): (w - q) / U_jj, for updateTrailing
};

class GptqOps {
public:
    virtual ~GptqOps() = default;

    // hessian += x^T x, its lower triangle: x activations (tokens, columns).
    virtual void accumulateHessian(ConstTensorView x, TensorView hessian) = 0;
    // hessian = factor * hessian, its upper triangle filled from the lower.
    virtual void finishHessian(TensorView hessian, float factor) = 0;
    virtual std::vector<float> diagonal(ConstTensorView matrix) = 0;
    // U of (P H P^T + diag(added)), P moving column order[j] to place j. False where that is not positive definite.
    // J H J = L L^T, U = (J L J)^-1, J the reversal: the inverse of H is never formed.
    virtual bool factorize(ConstTensorView hessian, std::span<const std::int32_t> order, std::span<const float> added,
                           TensorView factor) = 0;
    // to[:, j] = from[:, order[j]]; a column of zeros where order[j] is -1.
    virtual void permuteColumns(ConstTensorView from, std::span<const std::int32_t> order, TensorView to) = 0;

    // Scales and zeros of every group from the weights as they are; columns in original order.
    virtual void findGrids(ConstTensorView weights, const GridSpec& grid, std::int64_t groupColumns, CodesView out) = 0;
    // Codes of every weight on given grids: round-to-nearest.
    virtual void roundToGrids(ConstTensorView weights, const GridSpec& grid, std::int64_t groupColumns,
                              CodesView out) = 0;
    virtual void solveBlock(const GptqBlockCall& call) = 0;
    // weights[:, first + count:] -= errors U[first : first + count, first + count:]
    virtual void updateTrailing(const GptqBlockCall& call) = 0;

    // tr(D H D^T) of each row, D = weights - what codes and grids stand for (columns in original order); given no codes, D =
    // weights. Summed in float64.
    virtual std::vector<double> rowErrors(ConstTensorView weights, const CodesView* quantized,
                                          std::int64_t groupColumns, ConstTensorView hessian) = 0;
};

}  // namespace gptq
