// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products whose arguments have a wrong shape or type are refused by every backend before they start, and the argument named.

#include <QTest>

#include "support/backend_fixture.h"
#include "support/packed_there.h"
#include "support/refusals.h"

namespace gptq::test {
namespace {

constexpr std::int64_t kTokens = 3, kInputs = 64, kOutputs = 96;

// A sound call of a dense and of a packed weight, whose parts can be replaced.
struct LinearParts {
    explicit LinearParts(const OpTarget& target)
        : on(target), packed(*on.backend,
                             {.scheme = {4, 32, false, GridKind::Uniform},
                              .codes = Matrix(kOutputs, kInputs),
                              .scales = Matrix(2, kOutputs, 1),
                              .zeros = Matrix(2, kOutputs, 1),
                              .columnOrder = {}},
                             {}) {
        call = {
            .x = x.view(), .in = {}, .y = y.view(), .normedScratch = scratch.view(), .productScratch = scratch.view()};
        dense = {weights.view(), bias.view()};
    }

    Tensor make(DType type, std::int64_t rows, std::int64_t columns) const {
        return filled(*on.backend, type, rows, columns, 0);
    }
    Tensor codes(std::int64_t rows, std::int64_t columns) const {
        return on.backend->allocate(DType::UInt8, {rows, columns});
    }
    void norm() {
        call.x = stream.view();
        call.in = NormSpec{NormKind::Rms, 1e-5f, vector.view()};
    }
    void gate() {
        call.epilogue = Epilogue::SiluGate;
        call.y = halfY.view();
    }

    const OpTarget& on;
    Tensor x = make(on.activation, kTokens, kInputs);
    Tensor stream = make(DType::Float32, kTokens, kInputs);
    Tensor y = make(on.activation, kTokens, kOutputs);
    Tensor halfY = make(on.activation, kTokens, kOutputs / 2);
    Tensor residual = make(DType::Float32, kTokens, kOutputs);
    Tensor scratch = make(on.activation, kTokens, kOutputs);
    Tensor weights = make(on.activation, kOutputs, kInputs);
    Tensor vector = uploadedVector(*on.backend, Matrix(1, kInputs, 1));
    Tensor bias = uploadedVector(*on.backend, Matrix(1, kOutputs, 1));
    Tensor replaced;
    PackedThere packed;
    GroupCall call;
    DenseWeight dense;
};

using Spoil = void (*)(LinearParts&);

Refusal denseRefusal(const char* name, const QStringList& parts, Spoil spoil) {
    return {name, parts, [spoil](const OpTarget& on) {
                LinearParts parts(on);
                spoil(parts);
                on.backend->linear(parts.dense, parts.call);
            }};
}

Refusal packedRefusal(const char* name, const QStringList& parts, Spoil spoil) {
    return {name, parts, [spoil](const OpTarget& on) {
                LinearParts parts(on);
                spoil(parts);
                on.backend->linear(parts.packed.weight, parts.call);
            }};
}

std::vector<Refusal> callRefusals() {
    return {
        denseRefusal("inputs of another width", {"linear: weight", "(96, 32)", "(96, 64)"},
                     [](LinearParts& p) { p.call.x = p.call.x.columnRange(0, 32); }),
        denseRefusal("x of codes", {"linear: x", "uint8"},
                     [](LinearParts& p) { p.call.x = (p.replaced = p.codes(kTokens, kInputs)).view(); }),
        denseRefusal("y of another width", {"linear: y", "(3, 96)", "(3, 95)"},
                     [](LinearParts& p) { p.call.y = p.call.y.columnRange(0, 95); }),
        denseRefusal("y of other tokens", {"linear: y", "(3, 96)", "(2, 96)"},
                     [](LinearParts& p) { p.call.y = p.call.y.rowRange(0, 2); }),
        denseRefusal("y of codes", {"linear: y", "uint8"},
                     [](LinearParts& p) { p.call.y = (p.replaced = p.codes(kTokens, kOutputs)).view(); }),
        denseRefusal("no y", {"linear: y"}, [](LinearParts& p) { p.call.y = {}; }),
        denseRefusal("no weight", {"linear: weight"}, [](LinearParts& p) { p.dense.weight = {}; }),
        denseRefusal("a weight of codes", {"linear: weight", "uint8"},
                     [](LinearParts& p) { p.dense.weight = (p.replaced = p.codes(kOutputs, kInputs)).view(); }),
        denseRefusal("a short bias", {"linear: bias", "96", "(64)"},
                     [](LinearParts& p) { p.dense.bias = p.vector.view(); }),
        denseRefusal("a norm of another width", {"linear: norm weight", "64", "(96)"},
                     [](LinearParts& p) { p.norm(), p.call.in->weight = p.bias.view(); }),
        denseRefusal("a norm of activations that are codes", {"linear: x", "float32"},
                     [](LinearParts& p) { p.norm(), p.call.x = (p.replaced = p.codes(kTokens, kInputs)).view(); }),
        denseRefusal("no scratch for the norm", {"linear: norm scratch", "(3, 64)"},
                     [](LinearParts& p) { p.norm(), p.call.normedScratch = {}; }),
        denseRefusal("narrow scratch for the norm", {"linear: norm scratch", "(3, 64)", "(3, 63)"},
                     [](LinearParts& p) { p.norm(), p.call.normedScratch = p.scratch.view().columnRange(0, 63); }),
        denseRefusal("a residual of another width", {"linear: residual", "(3, 96)", "(3, 95)"},
                     [](LinearParts& p) {
                         p.call.epilogue = Epilogue::AddResidual;
                         p.call.y = p.residual.view().columnRange(0, 95);
                     }),
        denseRefusal("a gated y that is too wide", {"linear: gated y", "(3, 48)", "(3, 96)"},
                     [](LinearParts& p) { p.gate(), p.call.y = p.y.view(); }),
        denseRefusal("no scratch for the gate", {"linear: product scratch", "(3, 96)"},
                     [](LinearParts& p) { p.gate(), p.call.productScratch = {}; }),
        denseRefusal("short scratch for the gate", {"linear: product scratch", "(3, 96)", "(2, 96)"},
                     [](LinearParts& p) { p.gate(), p.call.productScratch = p.scratch.view().rowRange(0, 2); }),
        denseRefusal("an odd number of gate rows", {"linear", "95 rows"},
                     [](LinearParts& p) {
                         p.gate(), p.dense = {p.weights.view().rowRange(0, 95), {}};
                     }),
    };
}

std::vector<Refusal> packedRefusals() {
    return {
        packedRefusal("inputs of another width than packed", {"linear", "32", "64"},
                      [](LinearParts& p) { p.call.x = p.call.x.columnRange(0, 32); }),
        packedRefusal("y of another width than packed", {"linear: y", "(3, 95)"},
                      [](LinearParts& p) { p.call.y = p.call.y.columnRange(0, 95); }),
        packedRefusal("5 bits", {"5 bits"}, [](LinearParts& p) { p.packed.weight.scheme.bits = 5; }),
        packedRefusal("a group of 12", {"group of 12"}, [](LinearParts& p) { p.packed.weight.scheme.groupSize = 12; }),
        packedRefusal("80 rows", {"packed weight", "80 x 64", "32"}, [](LinearParts& p) { p.packed.weight.rows = 80; }),
        packedRefusal("48 columns", {"packed weight", "96 x 48", "32"},
                      [](LinearParts& p) { p.packed.weight.columns = 48; }),
        packedRefusal("words of other bits", {"packed weight: words"},
                      [](LinearParts& p) { p.packed.weight.scheme.bits = 8; }),
        packedRefusal("scales of other groups", {"packed weight: scales", "(1, 96)", "(2, 96)"},
                      [](LinearParts& p) { p.packed.weight.scheme.groupSize = -1; }),
        packedRefusal("float32 scales", {"packed weight: scales", "float16", "float32"},
                      [](LinearParts& p) {
                          p.packed.scales = p.make(DType::Float32, 2, kOutputs);
                          p.packed.weight.scales = p.packed.scales.view();
                      }),
        packedRefusal("no zeros", {"packed weight: zeros"}, [](LinearParts& p) { p.packed.weight.zeros = {}; }),
        packedRefusal("a short column order", {"packed weight: column order", "64"},
                      [](LinearParts& p) {
                          p.packed.order = uploadedInts(*p.on.backend, {1, 0});
                          p.packed.weight.columnOrder = p.packed.order.view();
                      }),
        packedRefusal("a short packed bias", {"packed weight: bias", "96", "(64)"},
                      [](LinearParts& p) { p.packed.weight.bias = p.vector.view(); }),
    };
}

}  // namespace

class LinearRefusalsTest : public QObject {
    Q_OBJECT

private slots:
    void soundCallsPass_data() { addTargetRows(m_targets); }
    void soundCallsPass();
    void wrongArgumentsOfACallAreNamed_data() { addRows(m_targets, callRefusals()); }
    void wrongArgumentsOfACallAreNamed() { checkRefusal(m_targets); }
    void wrongPackedWeightsAreNamed_data() { addRows(m_targets, packedRefusals()); }
    void wrongPackedWeightsAreNamed() { checkRefusal(m_targets); }

private:
    std::vector<OpTarget> m_targets = openTargets();
};

// Else the refusals below might have other reasons.
void LinearRefusalsTest::soundCallsPass() {
    QFETCH(int, target);
    const OpTarget& on = m_targets[static_cast<std::size_t>(target)];
    LinearParts parts(on);
    const auto run = [&] {
        on.backend->linear(parts.dense, parts.call);
        on.backend->linear(parts.packed.weight, parts.call);
    };
    QCOMPARE(errorOf(run), std::string());
    parts.norm();
    QCOMPARE(errorOf(run), std::string());
    parts.gate();
    QCOMPARE(errorOf(run), std::string());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::LinearRefusalsTest)
#include "linear_refusals_test.moc"
