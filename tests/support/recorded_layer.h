// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A packed product of a recorded step, with its norm.
#pragma once

#include "support/packed_there.h"
#include "support/reference_ops.h"

namespace gptq::test {

// One product of a step, there and by definition.
struct RecordedLayer {
    RecordedLayer(const OpTarget& on, const QuantScheme& scheme, std::int64_t outputs, std::int64_t inputs,
                  bool withBias, unsigned seed)
        : parts(randomPacked(scheme, outputs, inputs, seed)), weights(reference::dequantized(parts)),
          bias(withBias ? roundedTo(DType::Float32, randomMatrix(1, outputs, seed + 3)) : Matrix()),
          norm(roundedTo(DType::Float32, randomMatrix(1, inputs, seed + 4))), there(*on.backend, parts, bias),
          normThere(uploadedVector(*on.backend, norm)) {}

    reference::PackedParts parts;
    Matrix weights, bias, norm;
    PackedThere there;
    Tensor normThere;

    Matrix of(const Matrix& x) const { return reference::linear(x, weights, bias); }
    Matrix ofNormed(const Matrix& x) const { return of(reference::rmsNorm(x, norm, kEpsilon)); }
    // Asks for its outputs, with the norm before them or without. normed, product: scratch.
    void call(Backend& backend, ConstTensorView x, TensorView y, bool withNorm, Epilogue epilogue, TensorView normed,
              TensorView product) const {
        GroupCall call{.x = x, .in = {}, .y = y, .epilogue = epilogue, .normedScratch = {}, .productScratch = product};
        if (withNorm) {
            call.in = NormSpec{NormKind::Rms, kEpsilon, normThere.view()};
            call.normedScratch = normed;
        }
        backend.linear(there.weight, call);
    }
    static constexpr float kEpsilon = 1e-5f;
};

}  // namespace gptq::test
