// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/group_call_check.h"

#include "support/reference_ops.h"

namespace gptq::test {
namespace {

constexpr float kEpsilon = 1e-5f;
const char* const kEpilogueNames[] = {"plain", "residual", "gated"};

// What the call makes of x, and of y where it adds to it.
Matrix expectedY(const GroupShape& shape, const Matrix& x, const Matrix& normWeight, const Matrix& weights,
                 const Matrix& bias, const Matrix& residual) {
    const Matrix product =
        reference::linear(shape.norm ? reference::rmsNorm(x, normWeight, kEpsilon) : x, weights, bias);
    switch (shape.epilogue) {
        case Epilogue::None: return product;
        case Epilogue::AddResidual: return reference::sum(residual, product);
        case Epilogue::SiluGate: return reference::siluGate(product);
    }
    return {};
}

}  // namespace

QString GroupShape::name() const {
    QString name = QString("%1 tokens, %2 x %3, %4")
                       .arg(tokens)
                       .arg(outputs)
                       .arg(inputs)
                       .arg(kEpilogueNames[static_cast<int>(epilogue)]);
    if (norm) name += ", norm";
    if (bias) name += ", bias";
    if (logits) name += ", float32 y";
    return name;
}

std::vector<GroupShape> callShapes(std::int64_t outputs, std::int64_t inputs) {
    std::vector<GroupShape> shapes;
    for (const std::int64_t tokens : {1, 2, 3, 4, 5, 8, 9, 16, 17, 33, 64, 65, 129, 257}) {
        for (const Epilogue epilogue : {Epilogue::None, Epilogue::AddResidual, Epilogue::SiluGate}) {
            for (const bool norm : {false, true}) {
                for (const bool bias : {false, true}) shapes.push_back({tokens, outputs, inputs, epilogue, norm, bias});
            }
        }
        shapes.push_back({.tokens = tokens, .outputs = outputs, .inputs = inputs, .logits = true});
    }
    return shapes;
}

QString groupCallDifference(const OpTarget& target, const GroupShape& shape, const Matrix& weights, const Matrix& bias,
                            const std::function<void(const GroupCall&)>& linear, int moreRoundings) {
    Backend& backend = *target.backend;
    const bool adds = shape.epilogue == Epilogue::AddResidual, gates = shape.epilogue == Epilogue::SiluGate;
    const DType xType = shape.norm ? DType::Float32 : target.activation;
    const DType yType = adds || shape.logits ? DType::Float32 : target.activation;
    const std::int64_t width = gates ? shape.outputs / 2 : shape.outputs;

    const Matrix x = roundedTo(xType, randomMatrix(shape.tokens, shape.inputs, 11));
    const Matrix normWeight = roundedTo(DType::Float32, randomMatrix(1, shape.inputs, 12));
    const Matrix residual = roundedTo(DType::Float32, randomMatrix(shape.tokens, width, 13));
    Framed xThere(backend, xType, x);
    Framed y = adds ? Framed(backend, yType, residual) : Framed(backend, yType, shape.tokens, width);
    const Tensor normThere = uploadedVector(backend, normWeight);
    // Scratch may be larger than the call needs, and holds anything.
    Framed normed(backend, target.activation, shape.tokens + 3, shape.inputs + 32);
    Framed product(backend, target.activation, shape.tokens + 3, shape.outputs + 32);
    GroupCall call{.x = xThere.view(),
                   .in = {},
                   .y = y.view(),
                   .epilogue = shape.epilogue,
                   .normedScratch = {},
                   .productScratch = {}};
    if (shape.norm) {
        call.in = NormSpec{NormKind::Rms, kEpsilon, normThere.view()};
        call.normedScratch = normed.view();
    }
    if (gates) call.productScratch = product.view();
    linear(call);

    if (!y.intact() || !normed.intact() || !product.intact()) return "written outside of a view";
    if (differenceOf(xThere.inner(), x, 0) != QString()) return "x was changed";
    const int stored = 1 + (shape.norm ? 1 : 0) + (gates ? 1 : 0) + moreRoundings;
    return differenceOf(y.inner(), expectedY(shape, x, normWeight, weights, bias, residual), target.tolerance(stored));
}

}  // namespace gptq::test
