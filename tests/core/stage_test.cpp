// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Inference runs a stage in one step, calibration in two: both do the same.
#include "core/model/stage.h"

#include <QTest>

#include "core/model/decoder_model.h"
#include "core/quantization/calibration_stream.h"
#include "support/overlays.h"

namespace gptq::test {

class StageTest : public QObject {
    Q_OBJECT

private slots:
    void oneStepEqualsTwo_data() { addModels(); }
    void oneStepEqualsTwo();
    void aBlockIsItsStagesInOrder_data() { addModels(); }
    void aBlockIsItsStagesInOrder();
    void calibrationWalksTheSameModel_data();
    void calibrationWalksTheSameModel();

private:
    void addModels();
};

static constexpr std::int64_t kTokens = 6;  // two sequences of three

void StageTest::addModels() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<bool>("packed");
    for (const char* name :
         {"llama-untied", "llama-gqa-tied", "llama-head-dim-24", "mistral-window", "qwen2-bias", "qwen3-norms"}) {
        QTest::addRow("%s, float", name) << name << false;
        QTest::addRow("%s, packed", name) << name << true;
    }
}

// A block's state of random activations, with room of its own.
struct RandomState {
    explicit RandomState(const ModelConfig& config)
        : workspace(cpu(), config, DType::Float32, kTokens),
          cache(cpu(), config, DType::Float32, 2, kTokens / 2, KvLayers::Shared),
          past(cpu().allocate(DType::Int32, {2})), state(workspace.state(kTokens)) {
        cpu().fillZero(past.view());
        state.batch = {2, kTokens / 2, past.view(), 0};
        state.cache = cache.layer(0);
        std::uint64_t seed = 0;
        for (const TensorView& view :
             {state.residual, state.mixed, state.gated, state.qkv, state.cache.keys, state.cache.values})
            fill(view, ++seed);
    }

    static void fill(TensorView view, std::uint64_t seed) {
        const std::vector<float> values = randomFloats(seed, static_cast<std::size_t>(view.shape().elements()), 1);
        cpu().copy(hostView(values.data(), view.shape()), view);
    }

    static std::vector<float> read(ConstTensorView view) {
        std::vector<float> values(static_cast<std::size_t>(view.shape().elements()));
        cpu().copy(view, hostView(values.data(), view.shape()));
        return values;
    }

    std::vector<std::vector<float>> all() const {
        return {read(state.residual), read(state.mixed),      read(state.gated),
                read(state.qkv),      read(state.cache.keys), read(state.cache.values)};
    }

    Workspace workspace;
    KvCache cache;
    Tensor past;
    BlockState state;
};

struct OpenedModel {
    OpenedModel(const QString& name, bool packed)
        : m_overlay(overlayOf(name, packed)), opened(openCheckpoint(goldenModel(name.toStdString())), m_overlay) {}

    static TensorOverlay overlayOf(const QString& name, bool packed) {
        if (!packed) return {};
        return quantizedLayers(openCheckpoint(goldenModel(name.toStdString())), kRtnMethod,
                               {4, 32, false, GridKind::Uniform});
    }
    const Checkpoint& model() const { return opened.model; }

    TensorOverlay m_overlay;
    OverlaidCheckpoint opened;
};

void StageTest::oneStepEqualsTwo() {
    QFETCH(QString, name);
    QFETCH(bool, packed);
    const OpenedModel opened(name, packed);
    const RotaryTensors rotary(cpu(), opened.model().config.rotary);
    const DecoderBlock block(cpu(), opened.model(), rotary, 1);
    QCOMPARE(block.stages().size(), std::size_t{4});
    for (const Stage& stage : block.stages()) {
        const LinearGroup group = LinearGroup::load(cpu(), *opened.model().weights, stage.modules, DType::Float16);
        RandomState one(opened.model().config), two(opened.model().config);
        const std::vector<std::vector<float>> before = one.all();
        stage.forward(cpu(), group, one.state);
        const ConstTensorView x = stage.prepare(cpu(), two.state);
        QCOMPARE(x.columns(), stage.inputs());
        QCOMPARE(x.rows(), kTokens);
        QVERIFY(two.all() == before);  // preparing changes nothing but scratch
        stage.apply(cpu(), group, x, two.state);
        QVERIFY(one.all() != before);
        QVERIFY(two.all() == one.all());
    }
}

void StageTest::aBlockIsItsStagesInOrder() {
    QFETCH(QString, name);
    QFETCH(bool, packed);
    const OpenedModel opened(name, packed);
    const RotaryTensors rotary(cpu(), opened.model().config.rotary);
    const DecoderBlock block(cpu(), opened.model(), rotary, 0);
    std::vector<LinearGroup> groups;
    std::vector<std::string> modules;
    RandomState whole(opened.model().config), steps(opened.model().config);
    for (const Stage& stage : block.stages()) {
        groups.push_back(LinearGroup::load(cpu(), *opened.model().weights, stage.modules, DType::Float16));
        for (const LinearModule& module : stage.modules)
            modules.push_back(module.name.substr(module.name.rfind('.') + 1));
        stage.forward(cpu(), groups.back(), steps.state);
    }
    block.forward(cpu(), groups, whole.state);
    QVERIFY(steps.all() == whole.all());
    const std::vector<std::string> order{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"};
    QCOMPARE(modules, order);
}

void StageTest::calibrationWalksTheSameModel_data() {
    QTest::addColumn<int>("chunkTokens");
    QTest::newRow("a sequence at a time") << 1;
    QTest::newRow("two at a time, one left over") << 25;
    QTest::newRow("all at once") << 4096;
}

void StageTest::calibrationWalksTheSameModel() {
    QFETCH(int, chunkTokens);
    const std::int64_t samples = 3, length = 12;
    const OpenedModel opened("qwen3-norms", true);
    const Checkpoint& model = opened.model();
    const CalibrationSet set{randomIds(4, samples * length, model.config.vocabulary), samples, length};
    const ModelEnds ends(cpu(), model);
    const RotaryTensors rotary(cpu(), model.config.rotary);
    CalibrationStream stream(cpu(), model, ends, set, chunkTokens);
    QCOMPARE(stream.tokens(), samples * length);
    for (std::int64_t layer = 0; layer < model.config.layers; ++layer) {
        const DecoderBlock block(cpu(), model, rotary, layer);
        for (const Stage& stage : block.stages()) {
            const LinearGroup group = LinearGroup::load(cpu(), *model.weights, stage.modules, model.dtype);
            stream.forEachChunk(
                [&](const BlockState& state) { stage.apply(cpu(), group, stage.prepare(cpu(), state), state); });
        }
    }
    std::vector<float> found;
    stream.forEachChunk([&](const BlockState& state) {
        Tensor normed = cpu().allocate(DType::Float32, state.residual.shape());
        Tensor logits = cpu().allocate(DType::Float32, {state.residual.rows(), model.config.vocabulary});
        ends.logits(cpu(), state.residual, normed.view(), logits.view());
        const std::vector<float> values = RandomState::read(logits.view());
        found.insert(found.end(), values.begin(), values.end());
    });
    std::vector<float> expected;
    for (std::int64_t s = 0; s < samples; ++s) {
        const auto values = logitsOf(model, {set.ids.begin() + s * length, set.ids.begin() + (s + 1) * length});
        expected.insert(expected.end(), values.begin(), values.end());
    }
    QVERIFY(largestDifference(found, expected) < 1e-5);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::StageTest)
#include "stage_test.moc"
