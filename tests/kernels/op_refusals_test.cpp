// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Attention and elementwise ops whose arguments have a wrong shape or type are refused by every backend before they start,
// and the argument named.

#include <QTest>

#include "support/attention_case.h"
#include "support/backend_fixture.h"
#include "support/refusals.h"

namespace gptq::test {
namespace {

// Two sequences, of 2 + 4 and 0 + 4 tokens, in a cache of 8 positions each.
Refusal attentionRefusal(const char* name, const QStringList& parts, void (*spoil)(AttentionCall&)) {
    return {name, parts, [spoil](const OpTarget& on) {
                AttentionThere there(
                    on, randomParts({.norms = HeadNorms::Both, .tokensEach = 4, .pastLengths = {2, 0}}, on.activation));
                spoil(there.call);
                on.backend->attend(there.call);
            }};
}

std::vector<Refusal> attentionRefusals() {
    return {
        attentionRefusal("heads that cannot be shared", {"attention", "4 heads", "3 heads"},
                         [](AttentionCall& call) { call.spec.kvHeads = 3; }),
        attentionRefusal("no heads", {"attention", "0 heads"}, [](AttentionCall& call) { call.spec.heads = 0; }),
        attentionRefusal("an empty batch", {"attention", "empty batch"},
                         [](AttentionCall& call) { call.batch.tokensEach = 0; }),
        attentionRefusal("qkv of another width", {"attention: qkv", "(8, 256)", "(8, 255)"},
                         [](AttentionCall& call) { call.qkv = call.qkv.columnRange(0, 255); }),
        attentionRefusal("qkv of other tokens", {"attention: qkv", "(8, 256)", "(7, 256)"},
                         [](AttentionCall& call) { call.qkv = call.qkv.rowRange(0, 7); }),
        attentionRefusal("y of another width", {"attention: y", "(8, 128)", "(8, 127)"},
                         [](AttentionCall& call) { call.y = call.y.columnRange(0, 127); }),
        attentionRefusal(
            "past lengths of other sequences", {"attention: past lengths", "(2)"},
            [](AttentionCall& call) { call.batch.sequences = 1, call.batch.tokensEach = 8, call.batch.pastLimit = 0; }),
        attentionRefusal("no past lengths", {"attention: past lengths"},
                         [](AttentionCall& call) { call.batch.pastLengths = {}; }),
        attentionRefusal("a cache that is too short", {"attention", "5 + 4 positions", "8"},
                         [](AttentionCall& call) { call.batch.pastLimit = 5; }),
        attentionRefusal("keys for fewer sequences", {"attention: key cache", "(16, 64)", "(15, 64)"},
                         [](AttentionCall& call) { call.cache.keys = call.cache.keys.rowRange(0, 15); }),
        attentionRefusal("values of another width", {"attention: value cache", "(16, 64)", "(16, 63)"},
                         [](AttentionCall& call) { call.cache.values = call.cache.values.columnRange(0, 63); }),
        attentionRefusal("no values", {"attention: value cache"}, [](AttentionCall& call) { call.cache.values = {}; }),
        attentionRefusal("too many rotary dimensions", {"attention", "32 rotary dimensions", "head of 16"},
                         [](AttentionCall& call) {
                             call.spec.headSize = 16;
                             call.qkv = call.qkv.columnRange(0, 128), call.y = call.y.columnRange(0, 64);
                             call.cache.keys = call.cache.keys.columnRange(0, 32);
                             call.cache.values = call.cache.values.columnRange(0, 32);
                         }),
        attentionRefusal("frequencies of another type", {"attention: rotary frequencies", "int32"},
                         [](AttentionCall& call) { call.rotary.frequencies = call.batch.pastLengths; }),
        attentionRefusal("a query norm of another size", {"attention: query norm", "32", "(16)"},
                         [](AttentionCall& call) { call.queryNorm->weight = call.rotary.frequencies; }),
        attentionRefusal("a key norm of another size", {"attention: key norm", "32", "(16)"},
                         [](AttentionCall& call) { call.keyNorm->weight = call.rotary.frequencies; }),
    };
}

// Sound arguments of the elementwise ops: 3 tokens, 8 wide.
struct RowsThere {
    explicit RowsThere(const OpTarget& on)
        : backend(*on.backend), x(filled(backend, on.activation, 3, 8, 0)),
          half(filled(backend, on.activation, 3, 4, 0)), stream(filled(backend, DType::Float32, 3, 8, 0)),
          vector(uploadedVector(backend, Matrix(1, 8, 1))), loss(uploadedVector(backend, Matrix(1, 3))),
          ids(uploadedInts(backend, {1, 2, 0})), twoIds(uploadedInts(backend, {1, 2})),
          codes(backend.allocate(DType::UInt8, {3, 8})) {}

    Backend& backend;
    Tensor x, half, stream, vector, loss, ids, twoIds, codes;
};

Refusal rowsRefusal(const char* name, const QStringList& parts, void (*call)(RowsThere&)) {
    return {name, parts, [call](const OpTarget& on) {
                RowsThere there(on);
                call(there);
            }};
}

std::vector<Refusal> rowsRefusals() {
    return {
        rowsRefusal("embed: fewer ids", {"embed: ids", "3", "(2)"},
                    [](RowsThere& r) { r.backend.embed(r.twoIds.view(), r.x.view(), r.stream.view()); }),
        rowsRefusal("embed: ids of another type", {"embed: ids", "int32", "float32"},
                    [](RowsThere& r) { r.backend.embed(r.loss.view(), r.x.view(), r.stream.view()); }),
        rowsRefusal("embed: a table of another width", {"embed: table", "(3, 8)", "(3, 4)"},
                    [](RowsThere& r) { r.backend.embed(r.ids.view(), r.half.view(), r.stream.view()); }),
        rowsRefusal("embed: a residual of codes", {"embed: residual", "uint8"},
                    [](RowsThere& r) { r.backend.embed(r.ids.view(), r.x.view(), r.codes.view()); }),
        rowsRefusal("norm: x of codes", {"norm: x", "uint8"},
                    [](RowsThere& r) { r.backend.normalize({.weight = r.vector.view()}, r.codes.view(), r.x.view()); }),
        rowsRefusal(
            "norm: y of another width", {"norm: y", "(3, 8)", "(3, 4)"},
            [](RowsThere& r) { r.backend.normalize({.weight = r.vector.view()}, r.stream.view(), r.half.view()); }),
        rowsRefusal("norm: a weight of another width", {"norm: weight", "8", "(3)"},
                    [](RowsThere& r) { r.backend.normalize({.weight = r.loss.view()}, r.stream.view(), r.x.view()); }),
        rowsRefusal("gate: as wide as y", {"silu gate: gate and up", "(3, 16)", "(3, 8)"},
                    [](RowsThere& r) { r.backend.siluGate(r.x.view(), r.x.view()); }),
        rowsRefusal("gate: y of codes", {"silu gate", "uint8"},
                    [](RowsThere& r) { r.backend.siluGate(r.x.view(), r.codes.view().columnRange(0, 4)); }),
        rowsRefusal("residual: x of another width", {"add residual: x", "(3, 8)", "(3, 4)"},
                    [](RowsThere& r) { r.backend.addResidual(r.half.view(), r.stream.view()); }),
        rowsRefusal("residual: of codes", {"add residual: residual", "uint8"},
                    [](RowsThere& r) { r.backend.addResidual(r.x.view(), r.codes.view()); }),
        rowsRefusal("loss: logits of codes", {"cross entropy: logits", "uint8"},
                    [](RowsThere& r) { r.backend.crossEntropy(r.codes.view(), r.ids.view(), r.loss.view()); }),
        rowsRefusal("loss: fewer targets", {"cross entropy: targets", "3", "(2)"},
                    [](RowsThere& r) { r.backend.crossEntropy(r.stream.view(), r.twoIds.view(), r.loss.view()); }),
        rowsRefusal("loss: of another length", {"cross entropy: loss", "3", "(8)"},
                    [](RowsThere& r) { r.backend.crossEntropy(r.stream.view(), r.ids.view(), r.vector.view()); }),
    };
}

}  // namespace

class OpRefusalsTest : public QObject {
    Q_OBJECT

private slots:
    void soundCallsPass_data() { addTargetRows(m_targets); }
    void soundCallsPass();
    void wrongArgumentsOfAttentionAreNamed_data() { addRows(m_targets, attentionRefusals()); }
    void wrongArgumentsOfAttentionAreNamed() { checkRefusal(m_targets); }
    void wrongArgumentsOfElementwiseOpsAreNamed_data() { addRows(m_targets, rowsRefusals()); }
    void wrongArgumentsOfElementwiseOpsAreNamed() { checkRefusal(m_targets); }
    void tokensBeyondTheVocabularyAreNamed();

private:
    std::vector<OpTarget> m_targets = openTargets();
};

// Else the refusals below might have other reasons.
void OpRefusalsTest::soundCallsPass() {
    QFETCH(int, target);
    const OpTarget& on = m_targets[static_cast<std::size_t>(target)];
    attentionRefusal("", {}, [](AttentionCall&) {}).call(on);
    RowsThere r(on);
    r.backend.embed(r.ids.view(), r.x.view(), r.stream.view());
    r.backend.normalize({.weight = r.vector.view()}, r.stream.view(), r.x.view());
    r.backend.siluGate(r.x.view(), r.half.view());
    r.backend.addResidual(r.x.view(), r.stream.view());
    r.backend.crossEntropy(r.stream.view(), r.ids.view(), r.loss.view());
    r.backend.synchronize();
}

// Ids lie on the device: only the CPU looks at them before it uses them.
void OpRefusalsTest::tokensBeyondTheVocabularyAreNamed() {
    if (m_targets.back().backend->device() != Device{}) QSKIP("the CPU is not among the targets");
    RowsThere r(m_targets.back());
    for (const std::int32_t id : {-1, 3}) {
        const Tensor ids = uploadedInts(r.backend, {1, id, 2});
        const QStringList parts{QString("token %1").arg(id), "vocabulary of 3"};
        const auto embed = [&] { r.backend.embed(ids.view(), r.x.view(), r.stream.view()); };
        QCOMPARE(lackingIn(errorOf(embed), parts + QStringList{"embed"}), QString());
        const auto loss = [&] { r.backend.crossEntropy(r.stream.view().columnRange(0, 3), ids.view(), r.loss.view()); };
        QCOMPARE(lackingIn(errorOf(loss), parts + QStringList{"cross entropy"}), QString());
    }
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::OpRefusalsTest)
#include "op_refusals_test.moc"
