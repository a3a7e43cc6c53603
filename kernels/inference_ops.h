// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a forward pass needs of a device. Activations are of the backend's activation type (float32 on the CPU); the
// residual stream, logits and every accumulation are float32.
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/packed_layout.h"
#include "kernels/tensor.h"

namespace gptq {

enum class NormKind : std::uint8_t { Rms };

// y = x / sqrt(mean(x^2) + epsilon) * weight   (RMSNorm, Zhang and Sennrich 2019, arXiv 1910.07467)
struct NormSpec {
    NormKind kind = NormKind::Rms;
    float epsilon = 1e-5f;
    ConstTensorView weight;  // float32 (width)
};

// A dense matrix as kernels read it.
struct DenseWeight {
    ConstTensorView weight;  // (out, in), of the activation type
    ConstTensorView bias;    // float32 (out); empty where there is none
};

enum class Epilogue : std::uint8_t {
    None,         // y = x W^T
    AddResidual,  // y += x W^T, y the float32 residual stream
    SiluGate,     // rows of W are [gate; up]: y = silu(gate) * up, half as wide as W has rows
};

// One product of a linear group, with the norm before it and the step after it, so that a device may fuse all three. The CPU
// composes the call; the scratch views are where it does. No op of a call may alias another but y.
struct GroupCall {
    ConstTensorView x;           // (tokens, in): activations, or the float32 residual stream when `in` is set
    std::optional<NormSpec> in;  // applied to x first
    TensorView y;                // (tokens, out); see Epilogue
    Epilogue epilogue = Epilogue::None;
    TensorView normedScratch;   // (tokens, >= in), used with `in`
    TensorView productScratch;  // (tokens, >= out), used with SiluGate
};

// Sequences of equal length advancing together: token i of sequence s is row s * tokensEach + i.
struct SequenceBatch {
    std::int64_t sequences = 1;
    std::int64_t tokensEach = 1;
    ConstTensorView pastLengths;  // int32 (sequences), on the device: tokens already in the cache
    std::int64_t pastLimit = 0;   // no past length is above this; known on the host

    std::int64_t tokens() const { return sequences * tokensEach; }
};

// Keys and values of one layer, one slot a position: (sequences * capacity, kvHeads * headSize), of the activation type.
struct KvView {
    TensorView keys;
    TensorView values;
    std::int64_t capacity = 0;  // positions a sequence
};

struct AttentionSpec {
    std::int64_t heads = 1;
    std::int64_t kvHeads = 1;
    std::int64_t headSize = 64;
    float scale = 1.0f;       // of the products of queries and keys
    std::int64_t window = 0;  // a token sees itself and window - 1 before it; 0: all before it

    std::int64_t queryWidth() const { return heads * headSize; }
    std::int64_t kvWidth() const { return kvHeads * headSize; }
    std::int64_t qkvWidth() const { return queryWidth() + 2 * kvWidth(); }
};

// Rotary position embedding (Su et al. 2021, arXiv 2104.09864) in the paired-halves form: element i turns with i + width / 2.
struct RotarySpec {
    ConstTensorView frequencies;  // float32 (rotary width / 2): angle a position, in radians
    float magnitude = 1.0f;       // multiplies sine and cosine (YaRN)
};

// Queries and keys are normed (where asked) and turned, keys and values enter the cache, queries attend to it.
struct AttentionCall {
    AttentionSpec spec;
    RotarySpec rotary;
    std::optional<NormSpec> queryNorm;  // over each head
    std::optional<NormSpec> keyNorm;
    TensorView qkv;  // (tokens, qkvWidth): [queries | keys | values]; changed in place
    KvView cache;
    SequenceBatch batch;
    TensorView y;  // (tokens, queryWidth)
};

class InferenceOps {
public:
    virtual ~InferenceOps() = default;

    // residual[t] = table[ids[t]]: ids int32 (tokens), table (vocabulary, hidden), residual float32 (tokens, hidden).
    virtual void embed(ConstTensorView ids, ConstTensorView table, TensorView residual) = 0;
    // x float32 (tokens, width), y activations (tokens, width).
    virtual void normalize(const NormSpec& norm, ConstTensorView x, TensorView y) = 0;
    virtual void linear(const DenseWeight& weight, const GroupCall& call) = 0;
    virtual void linear(const PackedWeight& weight, const GroupCall& call) = 0;
    // codes uint8 (rows, columns), in packed order, into words uint32 (packedWords) of the layout in packed_layout.h.
    virtual void pack(ConstTensorView codes, int bits, TensorView words) = 0;
    virtual void attend(const AttentionCall& call) = 0;
    // y = silu(gate) * up: gateUp (tokens, 2 width), y (tokens, width).
    virtual void siluGate(ConstTensorView gateUp, TensorView y) = 0;
    // residual += x, both (tokens, hidden).
    virtual void addResidual(ConstTensorView x, TensorView residual) = 0;
    // loss[t] = log(sum(exp(logits[t]))) - logits[t][targets[t]]: logits float32 (tokens, vocabulary), targets int32
    // (tokens), loss float32 (tokens).
    virtual void crossEntropy(ConstTensorView logits, ConstTensorView targets, TensorView loss) = 0;
    // ids[t] = the largest of the first `choices` logits, the first of equals; -1 where one of them is not finite: logits
    // float32 (tokens, vocabulary), ids int32 (tokens).
    virtual void chooseLargest(ConstTensorView logits, std::int64_t choices, TensorView ids) = 0;
    // Ends a step of one token: position += 1, log[position mod its size] = id. int32: id (1), position (1), log (n), which may be
    // memory that the host sees (Backend::allocateVisible).
    virtual void advancePosition(ConstTensorView id, TensorView position, TensorView log) = 0;
};

}  // namespace gptq
