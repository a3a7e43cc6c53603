// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A recorded step of whole decoder blocks, token after token, against float64: a device may make one kernel of several blocks.

#include <QTest>
#include <algorithm>
#include <deque>

#include "support/attention_case.h"
#include "support/backend_fixture.h"
#include "support/recorded_layer.h"

namespace gptq::test {

struct DecoderShape {
    std::int64_t hidden, inner;
    AttentionShape attention;  // of one sequence, whose past is as long as the first token's
    QuantScheme scheme{4, 32, true, GridKind::Uniform};
    int blocks = 2;
    bool bias = false;

    QString name() const {
        return QString("%1 blocks of %2, %3, ").arg(blocks).arg(hidden).arg(inner) +
               QString::fromStdString(nameOf(scheme)) + (bias ? ", bias, " : ", ") + attention.name();
    }
};

class DecoderBlocks {
public:
    DecoderBlocks(const OpTarget& on, const DecoderShape& shape, unsigned seed)
        : m_on(on), m_shape(shape), m_past(uploadedInts(*on.backend, shape.attention.pastLengths)),
          m_residual(there(DType::Float32, shape.hidden)), m_qkv(there(on.activation, spec().qkvWidth())),
          m_normed(there(on.activation, shape.hidden)), m_product(there(on.activation, 2 * shape.inner)),
          m_between(there(on.activation, std::max(spec().queryWidth(), shape.inner))) {
        for (int block = 0; block < shape.blocks; ++block) m_blocks.emplace_back(on, shape, seed += 100);
        m_step = on.backend->record([this] { run(); });
    }

    // The next token's step; empty where it did as it should.
    QString difference(unsigned seed) {
        Backend& backend = *m_on.backend;
        Matrix residual = roundedTo(DType::Float32, randomMatrix(1, m_shape.hidden, seed));
        const Tensor from = uploaded(backend, residual, DType::Float32);
        backend.copy(from.view(), m_residual.view());
        const Tensor past = uploadedInts(backend, {m_position});
        backend.copy(past.view(), m_past.view());
        m_step->replay();
        for (Block& block : m_blocks) residual = block.of(residual, m_position);
        ++m_position;
        // Where the oracle rounds to float16 or bfloat16 whatever a device stores so, the residual stream differs from it by up to 0.23
        // roundings of the largest, keys and values by 1.4. Devices also round what lies between, and add up in another order.
        QString difference = differenceOf(downloaded(backend, m_residual.view()), residual, m_on.tolerance(2));
        for (Block& block : m_blocks) {
            const auto compare = [&](Framed& there, const Matrix& expected) {
                difference += differenceOf(comparable(there.inner()), comparable(expected), m_on.tolerance(6));
            };
            compare(block.attention.keys, block.parts.keys);
            compare(block.attention.values, block.parts.values);
            if (!block.attention.keys.intact() || !block.attention.values.intact())
                difference += "written beside the cache";
        }
        return difference;
    }

private:
    // There and by definition.
    struct Block {
        Block(const OpTarget& on, const DecoderShape& shape, unsigned seed)
            : qkv(on, shape.scheme, shape.attention.spec.qkvWidth(), shape.hidden, shape.bias, seed),
              out(on, shape.scheme, shape.hidden, shape.attention.spec.queryWidth(), false, seed + 10),
              gateUp(on, shape.scheme, 2 * shape.inner, shape.hidden, false, seed + 20),
              down(on, shape.scheme, shape.hidden, shape.inner, false, seed + 30),
              parts(randomParts(shape.attention, on.activation)), attention(on, parts) {
            parts.tokensEach = 1;
        }

        Matrix of(const Matrix& residual, std::int32_t position) {
            parts.qkv = qkv.ofNormed(residual);
            parts.pastLengths = {position};
            const reference::AttentionResult attended = reference::attend(parts);
            parts.keys = attended.keys;
            parts.values = attended.values;
            const Matrix between = reference::sum(residual, out.of(attended.y));
            return reference::sum(between, down.of(reference::siluGate(gateUp.ofNormed(between))));
        }

        RecordedLayer qkv, out, gateUp, down;
        reference::AttentionParts parts;
        AttentionThere attention;
    };

    const AttentionSpec& spec() const { return m_shape.attention.spec; }
    Tensor there(DType type, std::int64_t width) { return m_on.backend->allocate(type, {1, width}); }
    void call(const RecordedLayer& layer, ConstTensorView x, TensorView y, bool norm, Epilogue epilogue) {
        layer.call(*m_on.backend, x, y, norm, epilogue, m_normed.view(), m_product.view());
    }
    void run() {
        const TensorView mixed = m_between.view().columnRange(0, spec().queryWidth()),
                         gated = m_between.view().columnRange(0, m_shape.inner);
        for (Block& block : m_blocks) {
            call(block.qkv, m_residual.view(), m_qkv.view(), true, Epilogue::None);
            AttentionCall attend = block.attention.call;
            attend.qkv = m_qkv.view();
            attend.rotary.frequencies = m_frequencies.view();  // a model's, of all its blocks
            attend.batch = {
                .sequences = 1, .tokensEach = 1, .pastLengths = m_past.view(), .pastLimit = block.parts.capacity - 1};
            attend.y = mixed;
            m_on.backend->attend(attend);
            call(block.out, mixed, m_residual.view(), false, Epilogue::AddResidual);
            call(block.gateUp, m_residual.view(), gated, true, Epilogue::SiluGate);
            call(block.down, gated, m_residual.view(), false, Epilogue::AddResidual);
        }
    }

    const OpTarget& m_on;
    DecoderShape m_shape;
    std::int32_t m_position = m_shape.attention.pastLengths.front();
    Tensor m_frequencies = uploadedVector(*m_on.backend, randomParts(m_shape.attention, m_on.activation).frequencies);
    Tensor m_past, m_residual, m_qkv, m_normed, m_product;
    Tensor m_between;  // what attention puts out, then gate and up, which write over it
    std::deque<Block> m_blocks;
    std::unique_ptr<RecordedStep> m_step;
};

class RecordedBlocksTest : public QObject {
    Q_OBJECT

private slots:
    void aStepOfBlocksIsWhatItsOpsAre_data();
    void aStepOfBlocksIsWhatItsOpsAre();

private:
    static constexpr int kTokens = 3;

    const OpTarget& at(int target) const { return m_targets[static_cast<std::size_t>(target)]; }

    std::vector<OpTarget> m_targets = openTargets();
};

void RecordedBlocksTest::aStepOfBlocksIsWhatItsOpsAre_data() {
    std::vector<DecoderShape> shapes;
    const auto add = [&](int heads, int kvHeads, std::int32_t past, const auto& change) {
        DecoderShape shape{
            .hidden = 192,
            .inner = 320,
            .attention = {.spec = {.heads = heads, .kvHeads = kvHeads, .headSize = 64, .scale = 0.125f, .window = 0},
                          .rotary = 64,
                          .tokensEach = kTokens,
                          .pastLengths = {past}}};
        change(shape);
        shapes.push_back(shape);
    };
    const auto asItIs = [](DecoderShape&) {};
    // Of a context a round, two, then splits; each ends at every place of it.
    for (const int past : {0, 1, 15, 62, 189, 190, 191, 192, 300, 381, 382, 383, 384, 574, 575, 1000, 2500})
        add(6, 2, past, asItIs);
    for (const auto& [heads, kvHeads] : {std::pair{1, 1}, {3, 3}, {4, 2}, {9, 3}, {8, 1}, {9, 1}}) {
        add(heads, kvHeads, 40, asItIs);
        add(heads, kvHeads, 900, asItIs);
    }
    for (const int window : {1, 64, 200, 385, 500, 1000})
        add(4, 2, 800, [&](DecoderShape& shape) { shape.attention.spec.window = window; });
    add(4, 2, 500, [](DecoderShape& shape) { shape.attention.magnitude = 1.25f; });
    add(4, 2, 500, [](DecoderShape& shape) { shape.bias = true; });
    add(4, 2, 500, [](DecoderShape& shape) { shape.attention.norms = HeadNorms::Both; });
    add(4, 2, 500, [](DecoderShape& shape) { shape.attention.rotary = 32; });
    add(4, 2, 500, [](DecoderShape& shape) { shape.attention.spec.headSize = shape.attention.rotary = 32; });
    add(4, 2, 500, [](DecoderShape& shape) { shape.blocks = 1; });
    add(4, 2, 500, [](DecoderShape& shape) { shape.blocks = 20; });  // more than one kernel takes
    for (const int bits : supportedBits())
        add(4, 2, 500, [&](DecoderShape& shape) { shape.scheme = {bits, 64, bits % 2 == 0, GridKind::Uniform}; });
    add(9, 3, 700, [](DecoderShape& shape) {  // SmolLM2-135M's
        shape.hidden = 576, shape.inner = 1536, shape.scheme.groupSize = 128, shape.blocks = 3;
    });
    addRows(m_targets, shapes);
}

void RecordedBlocksTest::aStepOfBlocksIsWhatItsOpsAre() {
    QFETCH(int, target);
    QFETCH(DecoderShape, shape);
    DecoderBlocks blocks(at(target), shape, 1000);
    for (unsigned token = 0; token < kTokens; ++token) QCOMPARE(blocks.difference(200 + token), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::RecordedBlocksTest)
#include "recorded_blocks_test.moc"
