// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What every backend asks of an op's arguments before it starts: shapes and types, named in the complaint.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/gptq_ops.h"
#include "kernels/inference_ops.h"

namespace gptq {

// Throws Error "NAME: …" unless the view has this type and extents. A row stride is allowed where rank is 2.
void requireMatrix(ConstTensorView view, DType type, std::int64_t rows, std::int64_t columns, const char* name);
void requireVector(ConstTensorView view, DType type, std::int64_t elements, const char* name);
// As requireMatrix, but a larger one will do.
void requireScratch(ConstTensorView view, DType type, std::int64_t rows, std::int64_t columns, const char* name);
// The call against its weight's outputs and inputs; `activations` is the backend's activation type of this weight.
void checkGroupCall(const GroupCall& call, std::int64_t outputs, std::int64_t inputs, DType activations);
void checkPackedWeight(const PackedWeight& weight);
void checkAttentionCall(const AttentionCall& call, DType activations);
void checkBlockCall(const GptqBlockCall& call);
void checkChoice(ConstTensorView logits, std::int64_t choices, ConstTensorView ids);
void checkAdvance(ConstTensorView id, ConstTensorView position, ConstTensorView log);

// GptqOps' arguments, in the order of its functions.
void checkAccumulateHessian(ConstTensorView x, DType activations, TensorView hessian);
void checkFinishHessian(ConstTensorView hessian);
void checkDiagonal(ConstTensorView matrix);
void checkFactorize(ConstTensorView hessian, std::span<const std::int32_t> order, std::span<const float> added,
                    ConstTensorView factor);
void checkPermuteColumns(ConstTensorView from, std::span<const std::int32_t> order, ConstTensorView to);
void checkFindGrids(ConstTensorView weights, std::int64_t groupColumns, const CodesView& out);
void checkRoundToGrids(ConstTensorView weights, std::int64_t groupColumns, const CodesView& out);
void checkRowErrors(ConstTensorView weights, const CodesView* quantized, std::int64_t groupColumns,
                    ConstTensorView hessian);

}  // namespace gptq
