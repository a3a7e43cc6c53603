// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products that follow each other in a recorded step, as those of a decoder block do: a device may make one kernel of them.

#include <QTest>
#include <deque>

#include "support/backend_fixture.h"
#include "support/recorded_layer.h"

namespace gptq::test {

struct BlockShape {
    std::int64_t hidden, inner, mixed;  // what attention puts out is as wide as `mixed`
    QuantScheme scheme;
    bool bias = false;

    QString name() const {
        return QString("%1, %2, %3, ").arg(hidden).arg(inner).arg(mixed) + QString::fromStdString(nameOf(scheme)) +
               (bias ? ", bias" : "");
    }
};

// Two blocks without attention: the next product's outputs, gated, are what the next block begins with.
class TwoBlocks {
public:
    TwoBlocks(const OpTarget& on, const BlockShape& shape, unsigned seed)
        : m_on(on), m_shape(shape), m_residual(there(DType::Float32, shape.hidden)),
          m_mixed(there(on.activation, shape.mixed)), m_gated(there(on.activation, shape.inner)),
          m_next(there(on.activation, 2 * shape.mixed)), m_normed(there(on.activation, shape.hidden)),
          m_product(there(on.activation, 2 * shape.inner)) {
        const auto add = [&](std::int64_t outputs, std::int64_t inputs) {
            m_layers.emplace_back(on, shape.scheme, outputs, inputs, shape.bias, seed += 10);
        };
        for (int block = 0; block < 2; ++block) {
            add(shape.hidden, shape.mixed);
            add(2 * shape.inner, shape.hidden);
            add(shape.hidden, shape.inner);
            add(2 * shape.mixed, shape.hidden);
        }
        m_step = on.backend->record([this] { run(); });
    }

    // The step for these inputs; empty where it did as it should.
    QString difference(unsigned seed) {
        Backend& backend = *m_on.backend;
        Matrix residual = roundedTo(DType::Float32, randomMatrix(1, m_shape.hidden, seed));
        Matrix mixed = roundedTo(m_on.activation, randomMatrix(1, m_shape.mixed, seed + 1));
        put(residual, m_residual);
        put(mixed, m_mixed);
        m_step->replay();
        for (std::size_t first = 0; first < m_layers.size(); first += 4) {
            residual = reference::sum(residual, m_layers[first].of(mixed));
            const Matrix gated = reference::siluGate(m_layers[first + 1].ofNormed(residual));
            residual = reference::sum(residual, m_layers[first + 2].of(gated));
            mixed = reference::siluGate(m_layers[first + 3].ofNormed(residual));
        }
        // Where the oracle rounds to float16 or bfloat16 whatever a device stores so, outputs differ from it by up to 2.2 roundings of the
        // largest, the residual stream by 0.23. Devices also round what lies between, and add up in another order.
        const QString ofMixed = differenceOf(downloaded(backend, m_mixed.view()), mixed, m_on.tolerance(8));
        return ofMixed + differenceOf(downloaded(backend, m_residual.view()), residual, m_on.tolerance(2));
    }

private:
    Tensor there(DType type, std::int64_t width) { return m_on.backend->allocate(type, {1, width}); }
    void put(const Matrix& values, Tensor& to) {
        const Tensor from = uploaded(*m_on.backend, values, to.view().dtype());
        m_on.backend->copy(from.view(), to.view());
    }
    void call(const RecordedLayer& layer, ConstTensorView x, TensorView y, bool norm, Epilogue epilogue) {
        layer.call(*m_on.backend, x, y, norm, epilogue, m_normed.view(), m_product.view());
    }
    void run() {
        for (std::size_t first = 0; first < m_layers.size(); first += 4) {
            call(m_layers[first], m_mixed.view(), m_residual.view(), false, Epilogue::AddResidual);
            call(m_layers[first + 1], m_residual.view(), m_gated.view(), true, Epilogue::SiluGate);
            call(m_layers[first + 2], m_gated.view(), m_residual.view(), false, Epilogue::AddResidual);
            call(m_layers[first + 3], m_residual.view(), m_next.view(), true, Epilogue::None);
            m_on.backend->siluGate(m_next.view(), m_mixed.view());
        }
    }

    const OpTarget& m_on;
    BlockShape m_shape;
    Tensor m_residual, m_mixed, m_gated, m_next, m_normed, m_product;
    std::deque<RecordedLayer> m_layers;
    std::unique_ptr<RecordedStep> m_step;
};

class RecordedProductsTest : public QObject {
    Q_OBJECT

private slots:
    void aStepOfTwoBlocksIsWhatItsProductsAre_data();
    void aStepOfTwoBlocksIsWhatItsProductsAre();
    void stepsOfTwoModelsTakeTurns_data() { addTargetRows(m_targets); }
    void stepsOfTwoModelsTakeTurns();

private:
    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    std::vector<OpTarget> m_targets = openTargets();
};

void RecordedProductsTest::aStepOfTwoBlocksIsWhatItsProductsAre_data() {
    std::vector<BlockShape> shapes;
    for (const int bits : supportedBits()) {
        for (const std::int64_t group : {-1, 32, 64, 128}) {
            const bool symmetric = (bits + group) % 3 != 0;
            shapes.push_back({192, 320, 96, {bits, group, symmetric, GridKind::Uniform}, group == 64});
        }
    }
    const QuantScheme plain{4, 128, true, GridKind::Uniform};
    shapes.push_back({576, 1536, 576, plain});                              // SmolLM2-135M's
    shapes.push_back({96, 2240, 160, plain, true});                         // more strips than multiprocessors
    shapes.push_back({3040, 96, 64, plain});                                // more inputs than warps take at once
    shapes.push_back({2304, 64, 192, {3, 576, false, GridKind::Uniform}});  // inputs that are one group, and more
    shapes.push_back({192, 320, 96, {4, 24, true, GridKind::Uniform}});     // groups that no fast kernel takes
    shapes.push_back(
        {1024, 2080, 1024, {4, 128, false, GridKind::Uniform}, true});  // gate and up too large for a chain
    addRows(m_targets, shapes);
}

void RecordedProductsTest::aStepOfTwoBlocksIsWhatItsProductsAre() {
    QFETCH(int, target);
    QFETCH(BlockShape, shape);
    TwoBlocks blocks(at(target), shape, 40);
    for (unsigned token = 0; token < 3; ++token) QCOMPARE(blocks.difference(200 + 2 * token), QString());
}

void RecordedProductsTest::stepsOfTwoModelsTakeTurns() {
    QFETCH(int, target);
    const QuantScheme scheme{4, 32, true, GridKind::Uniform};
    TwoBlocks one(at(target), {192, 320, 96, scheme}, 40), other(at(target), {576, 96, 160, scheme}, 140);
    for (unsigned token = 0; token < 3; ++token) {
        QCOMPARE(one.difference(300 + token), QString());
        QCOMPARE(other.difference(310 + token), QString());
        QCOMPARE(other.difference(320 + token), QString());
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::RecordedProductsTest)
#include "recorded_products_test.moc"
