// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/model/stage.h"

namespace gptq {
namespace {

TensorView viewOf(const BlockState& state, Slot slot) {
    switch (slot) {
        case Slot::Residual: return state.residual;
        case Slot::Qkv: return state.qkv;
        case Slot::Mixed: return state.mixed;
        case Slot::Gated: return state.gated;
    }
    throw Error("an unknown slot of a block's state");
}

}  // namespace

void Stage::forward(Backend& backend, const LinearGroup& group, const BlockState& state) const {
    runGroup(backend, group, viewOf(state, input), norm, state);
}

ConstTensorView Stage::prepare(Backend& backend, const BlockState& state) const {
    const ConstTensorView x = viewOf(state, input);
    if (!norm) return x;
    const TensorView normed = state.normed.columnRange(0, x.columns());
    backend.normalize(*norm, x, normed);
    return normed;
}

void Stage::apply(Backend& backend, const LinearGroup& group, ConstTensorView x, const BlockState& state) const {
    runGroup(backend, group, x, std::nullopt, state);
}

void Stage::runGroup(Backend& backend, const LinearGroup& group, ConstTensorView x, const std::optional<NormSpec>& in,
                     const BlockState& state) const {
    group.forward(backend, {.x = x,
                            .in = in,
                            .y = viewOf(state, output),
                            .epilogue = epilogue,
                            .normedScratch = state.normed,
                            .productScratch = state.product});
    if (!attention) return;
    backend.attend({.spec = attention->spec,
                    .rotary = attention->rotary,
                    .queryNorm = attention->queryNorm,
                    .keyNorm = attention->keyNorm,
                    .qkv = state.qkv,
                    .cache = state.cache,
                    .batch = state.batch,
                    .y = state.mixed});
}

}  // namespace gptq
