// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A linear group of any parts computes what its modules' weights say.
#include "core/model/linear_group.h"

#include <QTest>
#include <numeric>
#include <random>

#include "support/overlays.h"
#include "support/test_files.h"
#include "support/tiny_model.h"

namespace gptq::test {

// What each module of the group is: its scheme, nothing for float.
using Kinds = std::vector<std::optional<QuantScheme>>;

class LinearGroupTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void everyMixtureComputesItsWeights_data();
    void everyMixtureComputesItsWeights();
    void scatteredGroupsAreGathered();
    void unevenGroupsAreRefusedByName();
    void matricesLargerThanWhatIsPackedAtATimeAreWhole();
    void aWeightThatIsNoNumberIsNamed();

private:
    BlockLayout layout() const { return blockLayout(m_model.config, m_model.names(), 0); }

    TemporaryFolder m_folder;
    Checkpoint m_model;
};

}  // namespace gptq::test

Q_DECLARE_METATYPE(gptq::test::Kinds)
Q_DECLARE_METATYPE(gptq::Epilogue)

namespace gptq::test {

static constexpr std::int64_t kInputs = 64;

void LinearGroupTest::initTestCase() {
    TinyModel tiny;
    tiny.layers = 1;
    tiny.biases = true;
    tiny.vocabulary = 64;
    tiny.write(m_folder.path());
    m_model = openCheckpoint(m_folder.path());
}

// The same in float64, step by step; y holds what AddResidual adds to.
static std::vector<float> expectedOutput(const WeightSource& source, const std::vector<LinearModule>& modules,
                                         std::vector<double> x, const std::vector<float>& norm, Epilogue epilogue,
                                         std::vector<float> y) {
    const std::size_t tokens = x.size() / kInputs;
    for (std::size_t t = 0; !norm.empty() && t < tokens; ++t) {
        double squares = 0;
        for (std::size_t i = 0; i < kInputs; ++i) squares += x[t * kInputs + i] * x[t * kInputs + i];
        for (std::size_t i = 0; i < kInputs; ++i) x[t * kInputs + i] *= norm[i] / std::sqrt(squares / kInputs + 1e-5);
    }
    std::vector<double> product(tokens * (epilogue == Epilogue::SiluGate ? 2 : 1) * (y.size() / tokens));
    const std::size_t width = product.size() / tokens;
    std::size_t column = 0;
    for (const LinearModule& module : modules) {
        const std::vector<float> weights = weightsOf(source, module);
        std::vector<float> bias(static_cast<std::size_t>(module.out));
        source.read(module.name + ".bias", DType::Float32, {0, 1}, std::as_writable_bytes(std::span(bias)));
        for (std::size_t row = 0; row < bias.size(); ++row, ++column) {
            for (std::size_t t = 0; t < tokens; ++t) {
                double sum = bias[row];
                for (std::size_t i = 0; i < kInputs; ++i) sum += weights[row * kInputs + i] * x[t * kInputs + i];
                product[t * width + column] = sum;
            }
        }
    }
    const std::size_t out = y.size() / tokens;
    for (std::size_t t = 0; t < tokens; ++t) {
        for (std::size_t i = 0; i < out; ++i) {
            const double value = product[t * width + i];
            if (epilogue == Epilogue::None) y[t * out + i] = static_cast<float>(value);
            else if (epilogue == Epilogue::AddResidual) y[t * out + i] += static_cast<float>(value);
            else y[t * out + i] = static_cast<float>(value / (1 + std::exp(-value)) * product[t * width + out + i]);
        }
    }
    return y;
}

static double differenceOfGroup(const Checkpoint& model, const std::vector<LinearModule>& modules, Epilogue epilogue,
                                bool normed, std::int64_t tokens) {
    Backend& backend = cpu();
    const LinearGroup group = LinearGroup::load(backend, *model.weights, modules, model.dtype);
    const std::int64_t out = epilogue == Epilogue::SiluGate ? group.rows() / 2 : group.rows();
    std::vector<float> x = randomFloats(1, static_cast<std::size_t>(tokens * kInputs), 1);
    std::vector<float> y = randomFloats(2, static_cast<std::size_t>(tokens * out), 1);
    const std::vector<float> norm = normed ? randomFloats(3, kInputs, 1) : std::vector<float>{};
    const std::vector<float> expected =
        expectedOutput(*model.weights, modules, {x.begin(), x.end()}, norm, epilogue, y);
    Tensor scratch = backend.allocate(DType::Float32, {tokens, kInputs});
    Tensor product = backend.allocate(DType::Float32, {tokens, group.rows() + 3});
    GroupCall call{.x = hostView(x.data(), {tokens, kInputs}),
                   .in = {},
                   .y = hostView(y.data(), {tokens, out}),
                   .epilogue = epilogue,
                   .normedScratch = scratch.view(),
                   .productScratch = product.view()};
    if (normed) call.in = NormSpec{NormKind::Rms, 1e-5f, hostView(norm.data(), {kInputs})};
    group.forward(backend, call);
    return largestDifference(y, expected);
}

void LinearGroupTest::everyMixtureComputesItsWeights_data() {
    QTest::addColumn<Kinds>("kinds");
    QTest::addColumn<Epilogue>("epilogue");
    QTest::addColumn<int>("parts");
    const QuantScheme four{4, 32, true, GridKind::Uniform}, three{3, -1, false, GridKind::Uniform},
        eight{8, 40, false, GridKind::Uniform}, two{2, 8, true, GridKind::Uniform};
    const std::pair<Epilogue, const char*> epilogues[] = {{Epilogue::None, ""}, {Epilogue::AddResidual, ", added"}};
    for (const auto& [epilogue, suffix] : epilogues) {
        const auto row = [&](const char* name, const Kinds& kinds, int parts) {
            QTest::addRow("%s%s", name, suffix) << kinds << epilogue << parts;
        };
        row("all float", {{}, {}, {}}, 1);
        row("all of one scheme", {four, four, four}, 1);
        row("all of one asymmetric scheme", {three, three, three}, 1);
        row("one float between", {four, {}, four}, 3);
        row("the last float", {eight, eight, {}}, 2);
        row("the first float", {{}, two, two}, 2);
        row("three schemes", {two, eight, three}, 3);
        row("two schemes", {four, four, two}, 2);
    }
    const auto gated = [](const char* name, const Kinds& kinds, int parts) {
        QTest::newRow(name) << kinds << Epilogue::SiluGate << parts;
    };
    gated("gated, float", {{}, {}}, 1);
    gated("gated, one scheme", {eight, eight}, 1);
    gated("gated, two schemes", {four, three}, 2);
    gated("gated, a float gate", {{}, two}, 2);
    gated("gated, a packed gate", {three, {}}, 2);
}

void LinearGroupTest::everyMixtureComputesItsWeights() {
    QFETCH(Kinds, kinds);
    QFETCH(Epilogue, epilogue);
    QFETCH(int, parts);
    const BlockLayout block = layout();
    const std::vector<LinearModule>& modules = kinds.size() == 2 ? block.feedForwardIn : block.attentionIn;
    TensorOverlay overlay;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (kinds[i]) overlay.emplace(modules[i].weight(), roundedToNearest(*m_model.weights, modules[i], *kinds[i]));
    }
    const OverlaidCheckpoint overlaid(openCheckpoint(m_folder.path()), overlay);
    const LinearGroup group = LinearGroup::load(cpu(), *overlaid.model.weights, modules, DType::Float16);
    QCOMPARE(static_cast<int>(group.parts()), parts);
    for (const std::int64_t tokens : {1, 3, 4, 9}) {  // few tokens and many take different ways
        for (const bool normed : {false, true}) {
            const double difference = differenceOfGroup(overlaid.model, modules, epilogue, normed, tokens);
            QVERIFY2(difference < 2e-6, qPrintable(QString("%1, %2 tokens").arg(difference).arg(tokens)));
        }
    }
}

void LinearGroupTest::scatteredGroupsAreGathered() {
    const std::vector<LinearModule> modules = layout().attentionIn;
    const QuantScheme scheme{4, 8, false, GridKind::Uniform};
    TensorOverlay overlay;
    for (std::size_t i = 0; i < modules.size(); ++i) {
        const QuantizedMatrix matrix = roundedToNearest(*m_model.weights, modules[i], scheme);
        overlay.emplace(modules[i].weight(), i < 2 ? withScatteredGroups(matrix, i) : matrix);
    }
    const OverlaidCheckpoint overlaid(openCheckpoint(m_folder.path()), overlay);
    QCOMPARE(LinearGroup::load(cpu(), *overlaid.model.weights, modules, DType::Float16).parts(), std::size_t{3});
    for (const std::int64_t tokens : {1, 9})
        QVERIFY(differenceOfGroup(overlaid.model, modules, Epilogue::None, true, tokens) < 2e-6);
}

void LinearGroupTest::unevenGroupsAreRefusedByName() {
    const LinearModule module = layout().attentionOut.front();
    QuantizedMatrix matrix =
        withScatteredGroups(roundedToNearest(*m_model.weights, module, {4, 32, true, GridKind::Uniform}), 9);
    const auto changed = std::find(matrix.groupOfColumn.begin(), matrix.groupOfColumn.end(), 1);
    *changed = 0;  // 33 columns in one group, 31 in the other
    TensorOverlay overlay;
    overlay.emplace(module.weight(), matrix);
    const OverlaidCheckpoint overlaid(openCheckpoint(m_folder.path()), overlay);
    const auto load = [&] { LinearGroup::load(cpu(), *overlaid.model.weights, {module}, DType::Float16); };
    QCOMPARE(lackingIn(errorOf(load), {"model.layers.0.self_attn.o_proj", "uneven groups are not supported", "32"}),
             QString());
}

static QuantizedMatrix randomMatrix(std::int64_t rows, unsigned seed) {
    QuantizedMatrix matrix{{4, 32, false, GridKind::Uniform}, rows, kInputs, {}, {}, {}, {}};
    std::mt19937 random(seed);
    for (std::int64_t i = 0; i < rows * kInputs; ++i) matrix.codes.push_back(static_cast<std::uint8_t>(random() >> 28));
    for (std::int64_t i = 0; i < rows * matrix.groups(); ++i) {
        matrix.scales.push_back(toFloat16(static_cast<float>(1 + (random() >> 28)) / 64));
        matrix.zeros.push_back(static_cast<std::uint8_t>(random() >> 28));
    }
    return matrix;
}

// The largest difference of a product with one token from the same in float64.
static double differenceOfPart(const std::vector<const QuantizedMatrix*>& matrices) {
    const auto part = packedPart(cpu(), matrices, {});
    const std::vector<float> x = randomFloats(1, kInputs, 1);
    std::vector<float> found(static_cast<std::size_t>(part->rows()));
    part->forward(cpu(), {.x = hostView(x.data(), {1, kInputs}),
                          .in = {},
                          .y = hostView(found.data(), {1, part->rows()}),
                          .epilogue = Epilogue::None,
                          .normedScratch = {},
                          .productScratch = {}});
    std::vector<float> expected;
    for (const QuantizedMatrix* matrix : matrices) {
        const std::vector<float> weights = dequantize(*matrix);
        for (auto row = weights.begin(); row != weights.end(); row += kInputs)
            expected.push_back(static_cast<float>(std::inner_product(row, row + kInputs, x.begin(), 0.0)));
    }
    return largestDifference(found, expected);
}

void LinearGroupTest::matricesLargerThanWhatIsPackedAtATimeAreWhole() {
    const QuantizedMatrix large = randomMatrix((9 << 20) / kInputs + 32, 1), small = randomMatrix(64, 2);
    const double rounding = 1e-4;  // of float32 sums of 64 terms up to 4
    QVERIFY(differenceOfPart({&small, &large, &small}) < rounding);
    const QuantizedMatrix scattered = withScatteredGroups(large, 3);
    QVERIFY(differenceOfPart({&scattered}) < rounding);
}

void LinearGroupTest::aWeightThatIsNoNumberIsNamed() {
    TemporaryFolder folder;
    TinyModel tiny;
    tiny.vocabulary = 64;
    tiny.change = [](const std::string& name, std::vector<float>& values) {
        if (name.ends_with("layers.1.mlp.up_proj.weight")) values[5 * 64 + 7] = std::numeric_limits<float>::quiet_NaN();
    };
    tiny.write(folder.path());
    const Checkpoint model = openCheckpoint(folder.path());
    const std::vector<LinearModule> modules = blockLayout(model.config, model.names(), 1).feedForwardIn;
    const auto load = [&] { LinearGroup::load(cpu(), *model.weights, modules, DType::Float16); };
    QCOMPARE(
        lackingIn(errorOf(load), {"model.safetensors", "model.layers.1.mlp.up_proj.weight", "row 5, column 7 is nan"}),
        QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::LinearGroupTest)
#include "linear_group_test.moc"
