// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Rotary angles against their formulas, worked out here in float64.
#include "core/architecture/rotary_config.h"

#include <QTest>
#include <numbers>

#include "support/test_files.h"

namespace gptq::test {

class RotaryConfigTest : public QObject {
    Q_OBJECT

private slots:
    void withoutScalingAnglesFallGeometrically();
    void linearScalingSlowsEveryAngle();
    void llama3SlowsLongWavesAndKeepsShortOnes();
    void yarnRampsBetweenItsTwoEnds();
    void theNewFormSaysTheSame();
    void onlyPartOfAHeadMayTurn();
    void badScalingsAreRefused_data();
    void badScalingsAreRefused();
};

static RotaryConfig parsed(const Json& json, std::int64_t headSize = 64) {
    return parseRotary(JsonObject(json, "config.json"), headSize, 4096);
}

static std::vector<double> unscaled(double base, int width) {
    std::vector<double> angles;
    for (int i = 0; i < width; i += 2) angles.push_back(std::exp(-std::log(base) * i / width));
    return angles;
}

// Float32 powers and quotients: a few units in the last place.
static bool close(const std::vector<float>& found, const std::vector<double>& expected) {
    if (found.size() != expected.size()) return false;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (!(std::abs(found[i] - expected[i]) <= 2e-6 * expected[i])) {
            qWarning("angle %zu is %.9g, expected %.9g", i, found[i], expected[i]);
            return false;
        }
    }
    return true;
}

void RotaryConfigTest::withoutScalingAnglesFallGeometrically() {
    const RotaryAngles angles = rotaryAngles(parsed(Json{{"rope_theta", 500000.0}}));
    QVERIFY(close(angles.frequencies, unscaled(500000, 64)));
    QCOMPARE(angles.magnitude, 1.0f);
    QCOMPARE(angles.frequencies.front(), 1.0f);
    QVERIFY(close(rotaryAngles(parsed(Json::object())).frequencies, unscaled(10000, 64)));  // the usual base
    QVERIFY(close(rotaryAngles(parsed(Json{{"rope_scaling", nullptr}})).frequencies, unscaled(10000, 64)));
    QVERIFY(close(rotaryAngles(parsed(Json{{"rope_scaling", {{"rope_type", "default"}}}})).frequencies,
                  unscaled(10000, 64)));
}

void RotaryConfigTest::linearScalingSlowsEveryAngle() {
    std::vector<double> expected = unscaled(10000, 64);
    for (double& angle : expected) angle /= 4;
    for (const char* key : {"rope_type", "type"}) {  // the key's new and old name
        const Json scaling{{key, "linear"}, {"factor", 4.0}};
        QVERIFY(close(rotaryAngles(parsed(Json{{"rope_scaling", scaling}})).frequencies, expected));
    }
}

static const Json kLlama3{{"rope_type", "llama3"},
                          {"factor", 8.0},
                          {"low_freq_factor", 1.0},
                          {"high_freq_factor", 4.0},
                          {"original_max_position_embeddings", 8192}};

// Llama 3.1's model code, apply_scaling.
static std::vector<double> llama3Expected(int width) {
    std::vector<double> expected;
    int kept = 0, slowed = 0, blended = 0;
    for (const double angle : unscaled(500000, width)) {
        const double turns = 8192 * angle / (2 * std::numbers::pi);  // in the original context
        const double smooth = (turns - 1) / (4 - 1);
        if (turns > 4) expected.push_back(angle), ++kept;
        else if (turns < 1) expected.push_back(angle / 8), ++slowed;
        else expected.push_back((1 - smooth) * angle / 8 + smooth * angle), ++blended;
    }
    if (kept == 0 || slowed == 0 || blended == 0) throw Error("the test does not meet every case");
    return expected;
}

void RotaryConfigTest::llama3SlowsLongWavesAndKeepsShortOnes() {
    const RotaryAngles angles = rotaryAngles(parsed(Json{{"rope_theta", 500000.0}, {"rope_scaling", kLlama3}}, 128));
    QVERIFY(close(angles.frequencies, llama3Expected(128)));
    QCOMPARE(angles.magnitude, 1.0f);
}

void RotaryConfigTest::yarnRampsBetweenItsTwoEnds() {
    const Json scaling{{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 2048}};
    const RotaryAngles angles = rotaryAngles(parsed(Json{{"rope_scaling", scaling}}));
    // Pairs that turn 32 times and once in 2048 positions, to whole pairs outward.
    const auto pairOf = [](double turns) {
        return 64 * std::log(2048 / (turns * 2 * std::numbers::pi)) / (2 * std::log(1e4));
    };
    const double low = std::floor(pairOf(32)), high = std::ceil(pairOf(1));
    std::vector<double> expected = unscaled(10000, 64);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
        expected[i] = expected[i] * (1 - ramp) + expected[i] / 4 * ramp;
    }
    QVERIFY(close(angles.frequencies, expected));
    QVERIFY(std::abs(angles.magnitude - (0.1 * std::log(4.0) + 1)) < 1e-6);
    Json named = scaling;
    named["attention_factor"] = 1.5;
    QCOMPARE(rotaryAngles(parsed(Json{{"rope_scaling", named}})).magnitude, 1.5f);
}

void RotaryConfigTest::theNewFormSaysTheSame() {
    Json parameters = kLlama3;
    parameters["rope_theta"] = 500000.0;
    const Json json{{"rope_theta", 123.0}, {"rope_parameters", parameters}};
    QVERIFY(close(rotaryAngles(parsed(json, 128)).frequencies, llama3Expected(128)));
}

void RotaryConfigTest::onlyPartOfAHeadMayTurn() {
    const RotaryConfig rotary = parsed(Json{{"partial_rotary_factor", 0.25}});
    QCOMPARE(rotary.width, std::int64_t{16});
    QVERIFY(close(rotaryAngles(rotary).frequencies, unscaled(10000, 16)));
}

void RotaryConfigTest::badScalingsAreRefused_data() {
    QTest::addColumn<QString>("scaling");
    QTest::addColumn<QStringList>("parts");
    const auto row = [](const char* name, const QString& scaling, const QStringList& parts) {
        QTest::newRow(name) << scaling << parts;
    };
    row("an unknown kind", R"({"rope_type": "longrope"})", {"'longrope'", "default, linear, llama3, yarn"});
    row("a kind that is no text", R"({"rope_type": 3})", {"'rope_type' must be a string"});
    row("no object", "\"linear\"", {"'rope_scaling' must be an object"});
    row("no factor", R"({"rope_type": "linear"})", {"'factor' is missing"});
    row("a negative factor", R"({"rope_type": "linear", "factor": -2})", {"'factor' must be a number from"});
    row("an absurd factor", R"({"rope_type": "linear", "factor": 1e30})", {"'factor' must be a number from"});
    row("bounds the wrong way round",
        R"({"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4})",
        {"'high_freq_factor' must be above 'low_freq_factor'"});
    row("no bounds", R"({"rope_type": "llama3", "factor": 8})", {"'low_freq_factor' is missing"});
    row("an original context of 0", R"({"type": "linear", "factor": 8, "original_max_position_embeddings": 0})",
        {"'original_max_position_embeddings' must be an integer from 1"});
}

void RotaryConfigTest::badScalingsAreRefused() {
    QFETCH(QString, scaling);
    QFETCH(QStringList, parts);
    const Json json{{"rope_scaling", Json::parse(scaling.toStdString())}};
    QCOMPARE(lackingIn(errorOf([&] { parsed(json); }), parts << "config.json"), QString());
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::RotaryConfigTest)
#include "rotary_config_test.moc"
