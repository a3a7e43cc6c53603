// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of packed weights of every backend against weights dequantized by definition, in float64.

#include <QTest>
#include <numeric>

#include "kernels/packed_layout.h"
#include "support/backend_fixture.h"
#include "support/group_call_check.h"
#include "support/packed_there.h"
#include "support/reference_ops.h"

namespace gptq::test {

struct PackedShape {
    GroupShape call;
    QuantScheme scheme;
    bool ordered = false;  // with a column order

    QString name() const {
        return QString::fromStdString(nameOf(scheme)) + ", " + call.name() + (ordered ? ", ordered columns" : "");
    }
};

class PackedLinearTest : public QObject {
    Q_OBJECT

private slots:
    void packedProductMatchesDequantizedProductInEveryScheme_data();
    void packedProductMatchesDequantizedProductInEveryScheme();
    void packedProductMatchesDequantizedProductInEveryCall_data();
    void packedProductMatchesDequantizedProductInEveryCall() { packedProductMatchesDequantizedProductInEveryScheme(); }
    void packedProductMatchesDequantizedProductInLargeShapes_data();
    void packedProductMatchesDequantizedProductInLargeShapes() {
        packedProductMatchesDequantizedProductInEveryScheme();
    }
    void packedProductMatchesDequantizedProductOfManyTokens_data();
    void packedProductMatchesDequantizedProductOfManyTokens() { packedProductMatchesDequantizedProductInEveryScheme(); }
    void columnsMayBeInAnotherOrder_data();
    void columnsMayBeInAnotherOrder() { packedProductMatchesDequantizedProductInEveryScheme(); }
    void packingThereGivesTheWordsOfTheLayout_data() { bitCounts(); }
    void packingThereGivesTheWordsOfTheLayout();
    void everyCodeOfEveryPlaceCounts_data() { bitCounts(); }
    void everyCodeOfEveryPlaceCounts();

private:
    void bitCounts() {
        QTest::addColumn<int>("target");
        QTest::addColumn<int>("bits");
        for (std::size_t t = 0; t < m_targets.size(); ++t) {
            for (const int bits : supportedBits())
                QTest::addRow("%s, %d bits", m_targets[t].name.c_str(), bits) << static_cast<int>(t) << bits;
        }
    }
    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    std::vector<OpTarget> m_targets = openTargets();
};

static reference::PackedParts randomParts(const PackedShape& shape) {
    const std::int64_t columns = shape.call.inputs;
    reference::PackedParts parts = randomPacked(shape.scheme, shape.call.outputs, columns, 31);
    if (shape.ordered) {
        parts.columnOrder.resize(static_cast<std::size_t>(columns));
        // 7 and the column counts here have no factor in common: a permutation.
        for (std::int64_t j = 0; j < columns; ++j)
            parts.columnOrder[static_cast<std::size_t>(j)] = static_cast<std::int32_t>((j * 7 + 5) % columns);
    }
    return parts;
}

void PackedLinearTest::packedProductMatchesDequantizedProductInEveryScheme_data() {
    std::vector<PackedShape> shapes;
    for (const int bits : supportedBits()) {
        for (const bool symmetric : {true, false}) {
            for (const std::int64_t group : {-1, 8, 24, 32, 64, 128}) {  // 24 and 64 leave 160 columns a ragged group
                for (const auto& [outputs, inputs] : {std::pair{32, 32}, {96, 160}, {64, 576}}) {
                    for (const std::int64_t tokens : {1, 2, 3, 4, 5})
                        shapes.push_back({{.tokens = tokens, .outputs = outputs, .inputs = inputs},
                                          {bits, group, symmetric, GridKind::Uniform}});
                }
            }
        }
    }
    addRows(m_targets, shapes);
}

void PackedLinearTest::packedProductMatchesDequantizedProductInEveryScheme() {
    QFETCH(int, target);
    QFETCH(PackedShape, shape);
    const OpTarget& on = at(target);
    const reference::PackedParts parts = randomParts(shape);
    const Matrix bias = shape.call.bias ? roundedTo(DType::Float32, randomMatrix(1, shape.call.outputs, 34)) : Matrix();
    const PackedThere there(*on.backend, parts, bias);
    const auto linear = [&](const GroupCall& call) { on.backend->linear(there.weight, call); };
    // Of more tokens a device may multiply by weights rounded to its activation type, as a dequantized matrix's are; of several where
    // it is told to take such a path.
    const bool pathWanted = qEnvironmentVariableIsSet("GPTQ_STUDIO_PRODUCTS");
    const int weightRoundings = shape.call.tokens > (pathWanted ? 1 : 8) ? 1 : 0;
    QCOMPARE(groupCallDifference(on, shape.call, reference::dequantized(parts), bias, linear, weightRoundings),
             QString());
}

void PackedLinearTest::packedProductMatchesDequantizedProductInEveryCall_data() {
    std::vector<PackedShape> shapes;
    int i = 0;
    for (const GroupShape& call : callShapes(96, 160)) {
        const int bits = supportedBits()[static_cast<std::size_t>(i++ % 4)];
        shapes.push_back({call, {bits, 64, i % 3 != 0, GridKind::Uniform}});
    }
    addRows(m_targets, shapes);
}

void PackedLinearTest::packedProductMatchesDequantizedProductInLargeShapes_data() {
    std::vector<PackedShape> shapes;
    for (const std::int64_t tokens : {1, 3, 4, 64, 257}) {
        shapes.push_back({{.tokens = tokens, .outputs = 576, .inputs = 576}, {4, 128, true, GridKind::Uniform}});
        shapes.push_back({{.tokens = tokens, .outputs = 288, .inputs = 1056}, {3, 128, false, GridKind::Uniform}});
    }
    addRows(m_targets, shapes);
}

// Around the numbers of tokens, outputs and inputs that a tile of a kernel for many tokens takes.
void PackedLinearTest::packedProductMatchesDequantizedProductOfManyTokens_data() {
    std::vector<PackedShape> shapes;
    const auto add = [&](std::int64_t tokens, std::int64_t outputs, std::int64_t inputs, const QuantScheme& scheme,
                         Epilogue epilogue = Epilogue::None) {
        shapes.push_back(
            {{.tokens = tokens, .outputs = outputs, .inputs = inputs, .epilogue = epilogue, .bias = tokens % 2 != 0},
             scheme});
    };
    for (const std::int64_t tokens : {15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 256, 257}) {
        for (const auto& [outputs, inputs] : {std::pair{96, 160}, {288, 96}, {544, 224}})
            add(tokens, outputs, inputs, {4, 32, tokens % 2 == 0, GridKind::Uniform});
    }
    for (const int bits : supportedBits()) {
        for (const bool symmetric : {true, false}) {
            for (const std::int64_t group : {-1, 64, 96, 128}) {
                for (const std::int64_t tokens : {20, 40, 100, 200})
                    add(tokens, 160, 288, {bits, group, symmetric, GridKind::Uniform});
            }
        }
    }
    for (const Epilogue epilogue : {Epilogue::AddResidual, Epilogue::SiluGate}) {
        for (const std::int64_t tokens : {33, 65, 130})
            add(tokens, 320, 160, {4, 128, true, GridKind::Uniform}, epilogue);
    }
    // One tile, whose inputs all the device shares; inputs that two or four blocks share; outputs in several rounds.
    for (const std::int64_t tokens : {12, 24, 64, 128, 250}) add(tokens, 32, 8256, {4, 128, false, GridKind::Uniform});
    for (const std::int64_t tokens : {9, 16}) {
        add(tokens, 96, 4128, {3, 32, false, GridKind::Uniform});
        add(tokens, 160, 4128, {4, 128, true, GridKind::Uniform}, Epilogue::AddResidual);
        add(tokens, 192, 4128, {2, -1, false, GridKind::Uniform}, Epilogue::SiluGate);
    }
    add(10, 52032, 32, {4, 32, true, GridKind::Uniform});
    // Outputs in more than two batches of rounds; more inputs than stay in shared memory.
    add(13, 40032, 160, {4, 32, false, GridKind::Uniform});
    add(12, 20000, 160, {4, 128, true, GridKind::Uniform}, Epilogue::SiluGate);
    add(16, 96, 12416, {4, 128, false, GridKind::Uniform}, Epilogue::AddResidual);
    add(9, 160, 12416, {3, 32, true, GridKind::Uniform});
    addRows(m_targets, shapes);
}

void PackedLinearTest::columnsMayBeInAnotherOrder_data() {
    std::vector<PackedShape> shapes;
    for (const std::int64_t tokens : {1, 4, 17}) {
        for (const Epilogue epilogue : {Epilogue::None, Epilogue::AddResidual, Epilogue::SiluGate}) {
            for (const bool norm : {false, true}) {
                shapes.push_back(
                    {{tokens, 64, 160, epilogue, norm, true, false}, {4, 32, false, GridKind::Uniform}, true});
            }
        }
    }
    addRows(m_targets, shapes);
}

void PackedLinearTest::packingThereGivesTheWordsOfTheLayout() {
    QFETCH(int, target);
    QFETCH(int, bits);
    Backend& backend = *at(target).backend;
    for (const auto& [rows, columns] : {std::pair{32, 32}, {64, 96}, {96, 576}}) {
        const Matrix codes = randomCodes(rows, columns, 36, 1 << bits);
        Matrix wider = randomCodes(rows, columns + 32, 37, 1 << bits);  // the codes, and others on their left
        for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t c = 0; c < columns; ++c) wider.at(r, 32 + c) = codes.at(r, c);
        }
        const std::vector<std::uint8_t> host(codes.values.begin(), codes.values.end());
        const auto expected = packCodes(host, rows, columns, bits);
        const Tensor there = uploadedCodes(backend, wider);
        Tensor words = backend.allocate(DType::UInt32, {packedWords(rows, columns, bits)});
        backend.pack(there.view().columnRange(32, columns), bits, words.view());
        std::vector<std::uint32_t> found(expected.size());
        backend.copy(words.view(), hostView(found.data(), {static_cast<std::int64_t>(found.size())}));
        QVERIFY(found == expected);
    }
}

// The product with the identity gives back every single weight: exact, as codes less zeros are small integers.
void PackedLinearTest::everyCodeOfEveryPlaceCounts() {
    QFETCH(int, target);
    QFETCH(int, bits);
    const OpTarget& on = at(target);
    constexpr std::int64_t rows = 64, columns = 96;
    reference::PackedParts parts{.scheme = {bits, 32, true, GridKind::Uniform},
                                 .codes = randomCodes(rows, columns, 35, 1 << bits),
                                 .scales = Matrix(3, rows, 0.25),
                                 .zeros = {},
                                 .columnOrder = {}};
    const PackedThere there(*on.backend, parts, {});
    Matrix identity(columns, columns);
    for (std::int64_t i = 0; i < columns; ++i) identity.at(i, i) = 1;
    const Tensor x = uploaded(*on.backend, identity, on.activation);
    const Matrix weights = reference::dequantized(parts);
    for (const std::int64_t tokens : {std::int64_t{1}, columns}) {  // by the path of few tokens and by that of many
        Tensor y = on.backend->allocate(on.activation, {columns, rows});
        for (std::int64_t t = 0; t < columns; t += tokens)
            on.backend->linear(there.weight, {.x = x.view().rowRange(t, tokens),
                                              .in = {},
                                              .y = y.view().rowRange(t, tokens),
                                              .normedScratch = {},
                                              .productScratch = {}});
        Matrix expected(columns, rows);
        for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t c = 0; c < columns; ++c) expected.at(c, r) = weights.at(r, c);
        }
        QCOMPARE(differenceOf(downloaded(*on.backend, y.view()), expected, 0), QString());
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::PackedLinearTest)
#include "packed_linear_test.moc"
