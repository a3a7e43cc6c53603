// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Schemes of single layers, and the figures a plan comes to.
#include "core/quantization/plan.h"

#include <QTest>

#include "support/model_runs.h"
#include "support/test_files.h"

namespace gptq::test {

class PlanTest : public QObject {
    Q_OBJECT

private slots:
    void everyLayerHasItsScheme();
    void overridesAreReadAsWritten_data();
    void overridesAreReadAsWritten();
    void badOverridesAreRefused_data();
    void badOverridesAreRefused();
    void overridesAddUpAndExclusionsWin();
    void bitsAreCountedWithScalesAndZeros_data();
    void bitsAreCountedWithScalesAndZeros();
    void groupsOfMixedSchemesAreWarnedOf();
};

static QuantizationPlan planOf(int bits, int group) {
    QuantizationPlan plan;
    plan.scheme = {bits, group, true, GridKind::Uniform};
    return plan;
}

void PlanTest::everyLayerHasItsScheme() {
    const Checkpoint model = openCheckpoint(goldenModel("llama-gqa-tied"));
    const std::vector<ModuleScheme> modules = moduleSchemes(planOf(4, 64), model);
    QCOMPARE(modules.size(), std::size_t{21});
    QCOMPARE(modules[0].module.name, std::string("model.layers.0.self_attn.q_proj"));
    QCOMPARE(modules[20].module.name, std::string("model.layers.2.mlp.down_proj"));
    for (const ModuleScheme& entry : modules) QVERIFY(*entry.scheme == planOf(4, 64).scheme);
}

void PlanTest::overridesAreReadAsWritten_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<QString>("scheme");
    QTest::newRow("bits") << "down_proj=bits:3"
                          << "down_proj"
                          << "3-bit, group 128, symmetric";
    QTest::newRow("all") << "k=bits:8,group:-1,sym:false"
                         << "k"
                         << "8-bit, whole rows, asymmetric";
    QTest::newRow("another order") << "k=sym:true,group:64"
                                   << "k"
                                   << "4-bit, group 64, symmetric";
    QTest::newRow("an expression with =") << "a=b(?=c)=bits:2"
                                          << "a=b(?=c)"
                                          << "2-bit, group 128, symmetric";
}

void PlanTest::overridesAreReadAsWritten() {
    QFETCH(QString, text);
    QFETCH(QString, pattern);
    QFETCH(QString, scheme);
    const SchemeOverride rule = parseOverride(text.toStdString());
    QCOMPARE(QString::fromStdString(rule.pattern.expression()), pattern);
    SchemeRules rules;
    rules.overrides = {rule};
    rules.overrides[0].pattern = Pattern("");
    QCOMPARE(QString::fromStdString(nameOf(*rules.schemeOf("any", {}))), scheme);
}

void PlanTest::badOverridesAreRefused_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("part");
    const auto row = [](const char* text, const char* part) { QTest::newRow(text) << text << part; };
    row("", "expected REGEX=");
    row("down_proj", "expected REGEX=");
    row("=bits:3", "expected REGEX=");
    row("down_proj=", "expected REGEX=");
    row("down_proj=bits", "'' is not a number");
    row("down_proj=bits:", "'' is not a number");
    row("down_proj=bits:four", "'four' is not a number");
    row("down_proj=bits:4x", "'4x' is not a number");
    row("down_proj=bits:99999999999999999999", "is not a number");
    row("down_proj=bits:5", "5 bits");
    row("down_proj=group:12", "group of 12");
    row("down_proj=sym:yes", "cannot read 'sym:yes'");
    row("down_proj=colour:3", "cannot read 'colour:3'");
    row("down_proj=bits:3,", "cannot read ''");
    row("a(b=bits:3", "wrong at character");
}

void PlanTest::badOverridesAreRefused() {
    QFETCH(QString, text);
    QFETCH(QString, part);
    QCOMPARE(lackingIn(errorOf([&] { parseOverride(text.toStdString()); }), {part}), QString());
}

void PlanTest::overridesAddUpAndExclusionsWin() {
    SchemeRules rules;
    rules.overrides = {parseOverride("mlp=bits:3"), parseOverride("down=group:64"),
                       parseOverride("layers\\.0\\.mlp=bits:8")};
    rules.exclusions = {Pattern("^model\\.layers\\.2\\.")};
    const auto scheme = [&](const char* name) {
        const auto found = rules.schemeOf(name, {});
        return found ? nameOf(*found) : "float";
    };
    QCOMPARE(scheme("model.layers.1.self_attn.q_proj"), std::string("4-bit, group 128, symmetric"));
    QCOMPARE(scheme("model.layers.1.mlp.up_proj"), std::string("3-bit, group 128, symmetric"));
    QCOMPARE(scheme("model.layers.1.mlp.down_proj"), std::string("3-bit, group 64, symmetric"));
    QCOMPARE(scheme("model.layers.0.mlp.down_proj"), std::string("8-bit, group 64, symmetric"));
    QCOMPARE(scheme("model.layers.2.mlp.down_proj"), std::string("float"));
    QCOMPARE(scheme("model.layers.22.mlp.down_proj"), std::string("3-bit, group 64, symmetric"));
}

void PlanTest::bitsAreCountedWithScalesAndZeros_data() {
    QTest::addColumn<int>("bits");
    QTest::addColumn<int>("group");
    QTest::addColumn<double>("expected");
    QTest::newRow("4 bits, group 32") << 4 << 32 << 4 + 20 / 32.0;
    QTest::newRow("3 bits, group 8") << 3 << 8 << 3 + 19 / 8.0;
    // q, k, v, o, gate, up have rows of 64, down rows of 96; 64 * 64 * 4 + 96 * 64 * 3 weights.
    const double weights = 64 * 64 * 4 + 96 * 64 * 3;
    QTest::newRow("whole rows") << 8 << -1 << 8 + 24 * (64 * 4 + 96 * 2 + 64) / weights;
    QTest::newRow("a ragged group") << 4 << 40 << 4 + 20 * (2 * (64 * 4 + 96 * 2) + 3 * 64) / weights;
}

void PlanTest::bitsAreCountedWithScalesAndZeros() {
    QFETCH(int, bits);
    QFETCH(int, group);
    QFETCH(double, expected);
    const Checkpoint model = openCheckpoint(goldenModel("llama-untied"));
    const std::vector<ModuleScheme> modules = moduleSchemes(planOf(bits, group), model);
    QVERIFY(std::abs(bitsPerWeight(modules) - expected) < 1e-12);
    const double quantized = 2 * (64 * 64 * 4 + 96 * 64 * 3), floats = 320 * 64 * 2 + 5 * 64;
    const double bytes = floats * 2 + quantized * expected / 8;
    QVERIFY(std::abs(static_cast<double>(estimateOutputBytes(model, modules)) - bytes) <= 1);
}

void PlanTest::groupsOfMixedSchemesAreWarnedOf() {
    const Checkpoint model = openCheckpoint(goldenModel("llama-untied"));
    QuantizationPlan plan = planOf(4, 32);
    const auto warnings = [&] { return planWarnings(plan, model, moduleSchemes(plan, model)); };
    QVERIFY(warnings().empty());
    plan.rules.overrides = {parseOverride("mlp=bits:8"), parseOverride("o_proj=bits:3")};
    QVERIFY(warnings().empty());  // gate and up alike
    plan.rules.overrides = {parseOverride("up_proj=bits:8")};
    QCOMPARE(warnings().size(), std::size_t{1});
    QCOMPARE(lackingIn(warnings()[0], {"model.layers.0.mlp.gate_proj", "2 such groups", "vLLM"}), QString());
    plan.rules.overrides = {};
    plan.rules.exclusions = {Pattern("1.self_attn.v_proj"), Pattern("lm_head")};
    QCOMPARE(warnings().size(), std::size_t{2});
    QCOMPARE(lackingIn(warnings()[0], {"'lm_head'", "matches no layer"}), QString());
    QCOMPARE(lackingIn(warnings()[1], {"model.layers.1.self_attn.q_proj", "1 such groups"}), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::PlanTest)
#include "plan_test.moc"
