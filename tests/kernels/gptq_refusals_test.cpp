// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The solver's ops refuse arguments of a wrong shape or type on every backend before they start, and name them.

#include <QTest>

#include "support/backend_fixture.h"
#include "support/refusals.h"

namespace gptq::test {
namespace {

constexpr std::int64_t kRows = 6, kColumns = 40, kGroup = 16, kGroups = 3;

// Sound arguments of every op, to be replaced one by one.
struct SolverParts {
    explicit SolverParts(const OpTarget& target) : on(target), backend(*target.backend) {
        block = {.grid = {},
                 .weights = weights.view(),
                 .factor = square.view(),
                 .first = 0,
                 .count = 8,
                 .groupColumns = kGroup,
                 .groupOfColumn = {},
                 .out = {codes.view(), scales.view(), zeros.view()},
                 .errors = errors.view()};
    }
    Tensor make(std::int64_t rows, std::int64_t columns, DType type = DType::Float32) const {
        return filled(backend, type, rows, columns, 1);
    }
    bool factorize() { return backend.factorize(square.view(), order, added, factor.view()); }
    void findGrids() { backend.findGrids(weights.view(), {}, block.groupColumns, block.out); }
    void round() { backend.roundToGrids(weights.view(), {}, block.groupColumns, block.out); }
    void measure() { backend.rowErrors(weights.view(), &block.out, block.groupColumns, square.view()); }

    const OpTarget& on;
    Backend& backend;
    Tensor weights = make(kRows, kColumns), square = make(kColumns, kColumns), factor = make(kColumns, kColumns);
    Tensor scales = make(kGroups, kRows), zeros = make(kGroups, kRows), errors = make(kRows, 8);
    Tensor codes = backend.allocate(DType::UInt8, {kRows, kColumns});
    Tensor x = make(5, kColumns, on.activation), oblong = make(kColumns, kColumns - 1), ids;
    std::vector<std::int32_t> order = std::vector<std::int32_t>(kColumns, 0);
    std::vector<float> added = std::vector<float>(kColumns, 1);
    GptqBlockCall block;
};

Refusal refusal(const char* name, const QStringList& parts, void (*call)(SolverParts&)) {
    return {name, parts, [call](const OpTarget& on) {
                SolverParts parts(on);
                call(parts);
            }};
}

// Refused by the solve and by the trailing update alike.
std::vector<Refusal> blockRefusals() {
    std::vector<Refusal> refusals;
    const auto add = [&](const char* name, const QStringList& parts, void (*spoil)(SolverParts&)) {
        refusals.push_back({QString("solve, ") + name, parts, [spoil](const OpTarget& on) {
                                SolverParts parts(on);
                                spoil(parts);
                                on.backend->solveBlock(parts.block);
                            }});
        refusals.push_back({QString("update, ") + name, parts, [spoil](const OpTarget& on) {
                                SolverParts parts(on);
                                spoil(parts);
                                on.backend->updateTrailing(parts.block);
                            }});
    };
    add("columns behind the last", {"GPTQ block", "8 columns from column 33 on, of 40"},
        [](SolverParts& p) { p.block.first = 33; });
    add("no columns", {"GPTQ block", "0 columns from column 0"}, [](SolverParts& p) { p.block.count = 0; });
    add("a negative column", {"GPTQ block", "column -1"}, [](SolverParts& p) { p.block.first = -1; });
    add("weights of codes", {"GPTQ block: weights", "uint8"}, [](SolverParts& p) { p.block.weights = p.codes.view(); });
    add("a factor that is not square", {"GPTQ block: factor", "(40, 40)", "(40, 39)"},
        [](SolverParts& p) { p.block.factor = p.oblong.view(); });
    add("errors of another width", {"GPTQ block: errors", "(6, 7)", "(6, 8)"},
        [](SolverParts& p) { p.block.count = 7; });
    add("codes of another width", {"GPTQ block: codes", "(6, 39)"},
        [](SolverParts& p) { p.block.out.codes = p.codes.view().columnRange(0, 39); });
    add("codes of another type", {"GPTQ block: codes", "uint8", "float32"},
        [](SolverParts& p) { p.block.out.codes = p.weights.view(); });
    add("no groups", {"GPTQ block", "groups of 0"}, [](SolverParts& p) { p.block.groupColumns = 0; });
    add("scales of other groups", {"GPTQ block: scales", "(5, 6)", "(3, 6)"},
        [](SolverParts& p) { p.block.groupColumns = 8; });
    add("zeros of other rows", {"GPTQ block: zeros", "(3, 6)", "(3, 5)"},
        [](SolverParts& p) { p.block.out.zeros = p.zeros.view().columnRange(0, 5); });
    add("groups of fewer columns", {"GPTQ block: group of column", "40", "(2)"}, [](SolverParts& p) {
        p.ids = uploadedInts(p.backend, {0, 1});
        p.block.groupOfColumn = p.ids.view();
    });
    return refusals;
}

std::vector<Refusal> gridRefusals() {
    return {
        refusal("grids: weights of codes", {"grids: weights", "uint8"},
                [](SolverParts& p) { p.backend.findGrids(p.codes.view(), {}, kGroup, p.block.out); }),
        refusal("grids: scales of other groups", {"grids: scales", "(5, 6)", "(3, 6)"},
                [](SolverParts& p) { p.block.groupColumns = 8, p.findGrids(); }),
        refusal("grids: no zeros", {"grids: zeros"}, [](SolverParts& p) { p.block.out.zeros = {}, p.findGrids(); }),
        refusal("grids: no groups", {"grids", "groups of 0"},
                [](SolverParts& p) { p.block.groupColumns = 0, p.findGrids(); }),
        refusal("rounding: weights of codes", {"rounding: weights", "uint8"},
                [](SolverParts& p) { p.backend.roundToGrids(p.codes.view(), {}, kGroup, p.block.out); }),
        refusal("rounding: codes of another width", {"rounding: codes", "(6, 39)"},
                [](SolverParts& p) { p.block.out.codes = p.codes.view().columnRange(0, 39), p.round(); }),
        refusal("rounding: scales of other rows", {"rounding: scales", "(3, 5)"},
                [](SolverParts& p) { p.block.out.scales = p.scales.view().columnRange(0, 5), p.round(); }),
        refusal("rounding: zeros of other groups", {"rounding: zeros", "(2, 6)"},
                [](SolverParts& p) { p.block.out.zeros = p.zeros.view().rowRange(0, 2), p.round(); }),
        refusal("rounding: negative groups", {"rounding", "groups of -1"},
                [](SolverParts& p) { p.block.groupColumns = -1, p.round(); }),
        refusal("errors: a Hessian that is not square", {"errors: Hessian", "(40, 39)"},
                [](SolverParts& p) { p.backend.rowErrors(p.weights.view(), nullptr, kGroup, p.oblong.view()); }),
        refusal("errors: codes of another width", {"errors: codes", "(6, 39)"},
                [](SolverParts& p) { p.block.out.codes = p.codes.view().columnRange(0, 39), p.measure(); }),
        refusal("errors: scales of other groups", {"errors: scales", "(5, 6)", "(3, 6)"},
                [](SolverParts& p) { p.block.groupColumns = 8, p.measure(); }),
        refusal("errors: no zeros", {"errors: zeros"}, [](SolverParts& p) { p.block.out.zeros = {}, p.measure(); }),
    };
}

std::vector<Refusal> hessianRefusals() {
    return {
        refusal("Hessian: of other columns", {"Hessian", "(40, 40)", "(40, 39)"},
                [](SolverParts& p) { p.backend.accumulateHessian(p.x.view(), p.oblong.view()); }),
        refusal("Hessian: x of codes", {"Hessian: x", "uint8"},
                [](SolverParts& p) { p.backend.accumulateHessian(p.codes.view(), p.square.view()); }),
        refusal("Hessian: finished though not square", {"Hessian", "(40, 39)"},
                [](SolverParts& p) { p.backend.finishHessian(p.oblong.view(), 1); }),
        refusal("diagonal: of a matrix that is not square", {"diagonal", "(40, 39)"},
                [](SolverParts& p) { p.backend.diagonal(p.oblong.view()); }),
        refusal("factorize: a Hessian that is not square", {"factorize: Hessian", "(40, 39)"},
                [](SolverParts& p) { p.backend.factorize(p.oblong.view(), p.order, p.added, p.factor.view()); }),
        refusal("factorize: a factor of another size", {"factorize: factor", "(40, 39)"},
                [](SolverParts& p) { p.backend.factorize(p.square.view(), p.order, p.added, p.oblong.view()); }),
        refusal("factorize: a short order", {"factorize", "order", "40"},
                [](SolverParts& p) { p.order.pop_back(), p.factorize(); }),
        refusal("factorize: a short diagonal", {"factorize", "diagonal", "40"},
                [](SolverParts& p) { p.added.pop_back(), p.factorize(); }),
        refusal("factorize: a place beyond the last", {"factorize: order", "column 40 of 40"},
                [](SolverParts& p) { p.order[7] = 40, p.factorize(); }),
        refusal("factorize: a place that is none", {"factorize: order", "column -1 of 40"},
                [](SolverParts& p) { p.order[7] = -1, p.factorize(); }),
        refusal("permute: another type", {"permute: from", "uint8", "float32"},
                [](SolverParts& p) { p.backend.permuteColumns(p.weights.view(), p.order, p.codes.view()); }),
        refusal("permute: another width", {"permute: to", "(6, 40)"},
                [](SolverParts& p) {
                    p.order.pop_back(), p.backend.permuteColumns(p.weights.view(), p.order, p.weights.view());
                }),
        refusal("permute: a place beyond the last", {"permute: order", "column 40 of 40"},
                [](SolverParts& p) {
                    p.order[0] = 40, p.backend.permuteColumns(p.weights.view(), p.order, p.weights.view());
                }),
    };
}

}  // namespace

class GptqRefusalsTest : public QObject {
    Q_OBJECT

private slots:
    void soundCallsPass_data() { addTargetRows(m_targets); }
    void soundCallsPass();
    void wrongBlocksAreNamed_data() { addRows(m_targets, blockRefusals()); }
    void wrongBlocksAreNamed() { checkRefusal(m_targets); }
    void wrongGridsAreNamed_data() { addRows(m_targets, gridRefusals()); }
    void wrongGridsAreNamed() { checkRefusal(m_targets); }
    void wrongHessiansAreNamed_data() { addRows(m_targets, hessianRefusals()); }
    void wrongHessiansAreNamed() { checkRefusal(m_targets); }

private:
    std::vector<OpTarget> m_targets = openTargets();
};

// Else the refusals below might have other reasons.
void GptqRefusalsTest::soundCallsPass() {
    QFETCH(int, target);
    SolverParts parts(m_targets[static_cast<std::size_t>(target)]);
    parts.backend.accumulateHessian(parts.x.view(), parts.square.view());
    parts.backend.finishHessian(parts.square.view(), 1);
    parts.findGrids();
    parts.round();
    parts.measure();
    parts.backend.solveBlock(parts.block);
    parts.backend.updateTrailing(parts.block);
    parts.backend.permuteColumns(parts.weights.view(), parts.order, parts.make(kRows, kColumns).view());
    parts.backend.synchronize();
    for (std::size_t j = 0; j < parts.order.size(); ++j) parts.order[j] = static_cast<std::int32_t>(j);
    QVERIFY(parts.factorize());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::GptqRefusalsTest)
#include "gptq_refusals_test.moc"
