// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/architecture/architectures.h"

#include <QTest>

#include "core/architecture/model_layout.h"
#include "support/test_files.h"
#include "support/tiny_model.h"

namespace gptq::test {

class ArchitecturesTest : public QObject {
    Q_OBJECT

private slots:
    void aPlainConfigIsRead();
    void whatAConfigLeavesOutHasItsUsualValue();
    void theClassNameDecides();
    void unknownArchitecturesAreNamedBesideTheSupported_data();
    void unknownArchitecturesAreNamedBesideTheSupported();
    void badValuesAreRefused_data();
    void badValuesAreRefused();
    void everyTensorIsExpectedInItsShape();
    void parametersAreCounted();
};

static ModelConfig parsed(const Json& json) {
    const JsonObject config(json, "model/config.json");
    return architectureOf(config).parse(config);
}

void ArchitecturesTest::aPlainConfigIsRead() {
    const ModelConfig model = parsed(TinyModel{}.config());
    QCOMPARE(model.architecture, std::string("llama"));
    QCOMPARE(model.vocabulary, std::int64_t{4096});
    QCOMPARE(model.hidden, std::int64_t{64});
    QCOMPARE(model.layers, std::int64_t{2});
    QCOMPARE(model.context, std::int64_t{128});
    QCOMPARE(model.feedForward.width, std::int64_t{96});
    QCOMPARE(model.attention.spec.heads, std::int64_t{4});
    QCOMPARE(model.attention.spec.kvHeads, std::int64_t{2});
    QCOMPARE(model.attention.spec.headSize, std::int64_t{16});
    QCOMPARE(model.attention.spec.scale, 0.25f);
    QCOMPARE(model.norm.epsilon, 1e-5f);
    QVERIFY(model.tiedHead && !model.attention.inputBias && !model.feedForward.bias);
}

void ArchitecturesTest::whatAConfigLeavesOutHasItsUsualValue() {
    Json json = TinyModel{}.config();
    for (const char* key : {"num_key_value_heads", "max_position_embeddings", "rope_theta", "rms_norm_eps",
                            "hidden_act", "tie_word_embeddings", "attention_bias", "mlp_bias"})
        json.erase(key);
    const ModelConfig model = parsed(json);
    QCOMPARE(model.attention.spec.kvHeads, std::int64_t{4});  // as many as heads
    QCOMPARE(model.context, std::int64_t{2048});
    QCOMPARE(model.rotary.base, 10000.0);
    QCOMPARE(model.norm.epsilon, 1e-6f);
    QVERIFY(!model.tiedHead && !model.attention.inputBias && !model.feedForward.bias);
    json["head_dim"] = 24;
    QCOMPARE(parsed(json).attention.spec.headSize, std::int64_t{24});
}

void ArchitecturesTest::theClassNameDecides() {
    for (const Architecture& row : architectures()) {
        const Json byClass{{"architectures", {row.className}}, {"model_type", "other"}};
        QVERIFY(architectureOf(JsonObject(byClass, "config.json")).name == row.name);
        const Json byType{{"model_type", row.modelType}};
        QVERIFY(architectureOf(JsonObject(byType, "config.json")).name == row.name);
    }
}

void ArchitecturesTest::unknownArchitecturesAreNamedBesideTheSupported_data() {
    QTest::addColumn<QString>("json");
    QTest::addColumn<QStringList>("parts");
    QTest::newRow("a class") << R"({"architectures": ["GPT2LMHeadModel"], "model_type": "llama"})"
                             << QStringList{"GPT2LMHeadModel is not supported"};
    QTest::newRow("a type") << R"({"model_type": "gpt2"})" << QStringList{"gpt2 is not supported"};
    QTest::newRow("none") << R"({"architectures": null})" << QStringList{"names no architecture"};
}

void ArchitecturesTest::unknownArchitecturesAreNamedBesideTheSupported() {
    QFETCH(QString, json);
    QFETCH(QStringList, parts);
    const Json config = Json::parse(json.toStdString());
    for (const Architecture& row : architectures()) parts << QString::fromStdString(std::string(row.className));
    const auto open = [&] { architectureOf(JsonObject(config, "model/config.json")); };
    QCOMPARE(lackingIn(errorOf(open), parts << "model/config.json"
                                            << "Supported:"),
             QString());
}

void ArchitecturesTest::badValuesAreRefused_data() {
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QStringList>("parts");
    const auto row = [](const char* key, const char* value, const QStringList& parts) {
        QTest::addRow("%s %s", key, value) << key << value << parts;
    };
    for (const char* key : {"vocab_size", "hidden_size", "num_hidden_layers", "intermediate_size",
                            "num_attention_heads", "num_key_value_heads", "max_position_embeddings"}) {
        for (const char* value :
             {"0", "-4", "1.5", "\"64\"", "[64]", "true", "1e400", "99999999999", "18446744073709551615"})
            row(key, value, {QString("'%1' must be an integer from 1").arg(key)});
    }
    for (const char* key :
         {"vocab_size", "hidden_size", "num_hidden_layers", "intermediate_size", "num_attention_heads"})
        row(key, "null", {QString("'%1'").arg(key), "must be an integer"});
    row("num_hidden_layers", "4097", {"from 1 to 4096"});
    row("head_dim", "0", {"'head_dim' must be an integer from 8"});
    row("head_dim", "12", {"head size of 12", "multiple of 8"});
    row("num_attention_heads", "3", {"'hidden_size' 64", "'num_attention_heads' 3", "'head_dim'"});
    row("num_attention_heads", "16", {"head size of 4", "multiple of 8"});
    row("num_key_value_heads", "3", {"'num_attention_heads' 4", "'num_key_value_heads' 3"});
    row("num_key_value_heads", "8", {"'num_attention_heads' 4", "'num_key_value_heads' 8"});
    row("hidden_act", "\"gelu\"", {"'gelu' is not supported", "'silu'"});
    row("hidden_act", "7", {"'hidden_act' must be a string"});
    row("rms_norm_eps", "-1e-5", {"'rms_norm_eps' must be a number from 0"});
    row("rms_norm_eps", "\"small\"", {"'rms_norm_eps' must be a number"});
    row("rope_theta", "0", {"'rope_theta' must be a number from 1"});
    row("tie_word_embeddings", "\"yes\"", {"'tie_word_embeddings' must be true or false"});
    row("attention_bias", "1", {"'attention_bias' must be true or false"});
    row("architectures", "[]", {"'architectures' must be a list of names"});
    row("architectures", "\"LlamaForCausalLM\"", {"'architectures' must be a list of names"});
    row("architectures", "[3]", {"'architectures' must be a list of names"});
}

void ArchitecturesTest::badValuesAreRefused() {
    QFETCH(QString, key);
    QFETCH(QString, value);
    QFETCH(QStringList, parts);
    Json json = TinyModel{}.config();
    // A number beyond float64 cannot be parsed as such; what matters here is that it is no integer.
    json[key.toStdString()] =
        value == "1e400" ? Json(std::numeric_limits<double>::infinity()) : Json::parse(value.toStdString());
    QCOMPARE(lackingIn(errorOf([&] { parsed(json); }), parts << "model/config.json"), QString());
}

void ArchitecturesTest::everyTensorIsExpectedInItsShape() {
    TinyModel tiny;
    tiny.tiedHead = false;
    tiny.biases = true;
    const std::vector<ExpectedTensor> tensors = expectedTensors(parsed(tiny.config()), {});
    const auto shapeOf = [&](const std::string& name) {
        for (const ExpectedTensor& tensor : tensors) {
            if (tensor.name == name) return tensor.shape;
        }
        return std::vector<std::int64_t>{};
    };
    using Extents = std::vector<std::int64_t>;
    QCOMPARE(tensors.size(), std::size_t{3 + 2 * (2 + 14)});
    QCOMPARE(shapeOf("model.embed_tokens.weight"), (Extents{4096, 64}));
    QCOMPARE(shapeOf("lm_head.weight"), (Extents{4096, 64}));
    QCOMPARE(shapeOf("model.norm.weight"), (Extents{64}));
    QCOMPARE(shapeOf("model.layers.0.input_layernorm.weight"), (Extents{64}));
    QCOMPARE(shapeOf("model.layers.1.self_attn.q_proj.weight"), (Extents{64, 64}));
    QCOMPARE(shapeOf("model.layers.1.self_attn.k_proj.weight"), (Extents{32, 64}));
    QCOMPARE(shapeOf("model.layers.1.self_attn.v_proj.bias"), (Extents{32}));
    QCOMPARE(shapeOf("model.layers.1.mlp.gate_proj.weight"), (Extents{96, 64}));
    QCOMPARE(shapeOf("model.layers.1.mlp.down_proj.weight"), (Extents{64, 96}));
    QCOMPARE(shapeOf("model.layers.1.mlp.down_proj.bias"), (Extents{64}));
}

void ArchitecturesTest::parametersAreCounted() {
    const std::int64_t block = 64 * 64 * 2 + 32 * 64 * 2 + 96 * 64 * 3 + 2 * 64;
    QCOMPARE(parameterCount(parsed(TinyModel{}.config()), {}), 4096 * 64 + 2 * block + 64);
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::ArchitecturesTest)
#include "architectures_test.moc"
