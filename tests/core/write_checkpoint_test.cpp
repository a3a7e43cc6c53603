// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The table of formats, what they refuse, and that a checkpoint is there whole or not at all.
#include <QTest>

#include "support/saved_model.h"
#include "support/stage_problem.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

class WriteCheckpointTest : public QObject {
    Q_OBJECT

private slots:
    void init() { m_folder = std::make_unique<TemporaryFolder>(); }
    void formatsGoByName();
    void unknownQuantizationsAreNamed();
    void theFirstVersionRefusesAsymmetricSchemes();
    void theFirstVersionCannotHoldAZeroOfZero();
    void aLayerThatIsNotQuantizedIsNamed();
    void asymmetricMatricesWithCentredZerosComeBack();
    void whatReadsBackOtherwiseIsNotKept();
    void aStopLeavesNothing();

private:
    fs::path model() const { return goldenModel("llama-untied"); }
    fs::path out() const { return *m_folder / "out"; }
    bool nothingIsLeft() const { return fs::is_empty(m_folder->path()); }

    std::unique_ptr<TemporaryFolder> m_folder;
};

static const QuantScheme kSymmetric{4, 32, true, GridKind::Uniform};
static const QuantScheme kAsymmetric{4, 32, false, GridKind::Uniform};

void WriteCheckpointTest::formatsGoByName() {
    QCOMPARE(&formatNamed("gptq"), &gptqFormat());
    QCOMPARE(&formatNamed("gptq-v2"), &gptqV2Format());
    for (const CheckpointFormat* format : checkpointFormats()) QCOMPARE(&formatNamed(format->name()), format);
    QCOMPARE(lackingIn(errorOf([] { formatNamed("zip"); }), {"'zip'", "gptq", "gptq-v2"}), QString());
}

void WriteCheckpointTest::unknownQuantizationsAreNamed() {
    const auto detect = [](const char* text) {
        const Json json = Json::parse(text);
        return detectFormat(JsonObject(json, "m/config.json"));
    };
    QCOMPARE(detect("{}"), nullptr);
    QCOMPARE(detect(R"({"quantization_config": null})"), nullptr);
    QCOMPARE(detect(R"({"quantization_config": {"quant_method": "gptq", "bits": 4}})"), &gptqFormat());
    QCOMPARE(detect(R"({"quantization_config": {"quant_method": "gptq", "bits": 4, "checkpoint_format": "gptq_v2"}})"),
             &gptqV2Format());
    QCOMPARE(detect(R"({"quantization_config": {"quant_method": "gptq", "bits": 4, "format": "gptq_v2"}})"),
             &gptqV2Format());
    const auto unknown = [&](const char* text) { return errorOf([&] { detect(text); }); };
    QCOMPARE(lackingIn(unknown(R"({"quantization_config": {"quant_method": "awq"}})"),
                       {"m/config.json", "already quantized", "'awq'", "GPTQ v1 and v2"}),
             QString());
    QCOMPARE(lackingIn(unknown(R"({"quantization_config": {}})"), {"'unknown'"}), QString());
    QCOMPARE(lackingIn(unknown(R"({"quantization_config": []})"),
                       {"m/config.json", "'quantization_config' must be an object"}),
             QString());
    QCOMPARE(
        lackingIn(
            unknown(R"({"quantization_config": {"quant_method": "gptq", "bits": 4, "checkpoint_format": "marlin"}})"),
            {"'marlin'", "gptq or gptq_v2"}),
        QString());
    QCOMPARE(lackingIn(unknown(R"({"quantization_config": {"quant_method": "gptq"}})"), {"'bits'"}), QString());
    QCOMPARE(lackingIn(unknown(R"({"quantization_config": {"quant_method": "gptq", "bits": 5}})"),
                       {"m/config.json", "5 bits"}),
             QString());
    QCOMPARE(lackingIn(unknown(R"({"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 20}})"),
                       {"m/config.json", "group of 20"}),
             QString());
}

void WriteCheckpointTest::theFirstVersionRefusesAsymmetricSchemes() {
    const LinearModule module{"layer", 64, 64, false};
    const std::vector<ModuleScheme> mixed{{module, kSymmetric}, {module, std::nullopt}, {module, kAsymmetric}};
    const auto reason = gptqFormat().refuses(mixed);
    QCOMPARE(lackingIn(reason.value_or(""), {"zero", "gptq-v2"}), QString());
    QVERIFY(!gptqFormat().refuses({mixed[0], mixed[1]}));
    QVERIFY(!gptqV2Format().refuses(mixed));
}

void WriteCheckpointTest::theFirstVersionCannotHoldAZeroOfZero() {
    TensorOverlay overlay = quantizedLayers(openCheckpoint(model()), kRtnMethod, kAsymmetric);
    // Without a zero of 0 a finished asymmetric run fits.
    saveQuantized(gptqFormat(), model(), overlay, kAsymmetric, out());
    QCOMPARE(openCheckpoint(out()).format, std::string("gptq"));
    fs::remove_all(out());
    std::get<QuantizedMatrix>(overlay.at("model.layers.1.mlp.up_proj.weight")).zeros[100] = 0;
    const auto save = [&] { saveQuantized(gptqFormat(), model(), overlay, kAsymmetric, out()); };
    QCOMPARE(lackingIn(errorOf(save), {"model.layers.1.mlp.up_proj.weight", "zero of 0", "gptq-v2"}), QString());
    QVERIFY(nothingIsLeft());
    saveQuantized(gptqV2Format(), model(), overlay, kAsymmetric, out());
}

void WriteCheckpointTest::aLayerThatIsNotQuantizedIsNamed() {
    const Checkpoint original = openCheckpoint(model());
    std::vector<ModuleScheme> modules = schemesOf(original, {});
    modules[3].scheme = kSymmetric;
    const auto save = [&] {
        writeCheckpoint(gptqFormat(), {original, *original.weights, kSymmetric, modules, {}, out()}, [] {});
    };
    QCOMPARE(lackingIn(errorOf(save), {"o_proj.weight", "was to be written quantized, but is not"}), QString());
    QVERIFY(nothingIsLeft());
}

// Weights whose least is minus their greatest, as of ternary models: every asymmetric zero is the middle one.
void WriteCheckpointTest::asymmetricMatricesWithCentredZerosComeBack() {
    TensorOverlay overlay = quantizedLayers(openCheckpoint(model()), kRtnMethod, kAsymmetric);
    auto& matrix = std::get<QuantizedMatrix>(overlay.begin()->second);
    std::fill(matrix.zeros.begin(), matrix.zeros.end(), std::uint8_t{8});
    saveQuantized(gptqV2Format(), model(), overlay, kAsymmetric, out());
    const Checkpoint reloaded = openCheckpoint(out());
    QCOMPARE(dequantize(*reloaded.weights->quantized(overlay.begin()->first)), dequantize(matrix));
}

// Writes the codes of another matrix than it was given.
class FaultyFormat final : public CheckpointFormat {
public:
    std::string_view name() const override { return "gptq"; }
    bool detects(const JsonObject& config) const override { return gptqFormat().detects(config); }
    QuantizedCheckpoint read(const fs::path& folder, const JsonObject& config) const override {
        return gptqFormat().read(folder, config);
    }
    std::optional<std::string> refuses(const std::vector<ModuleScheme>&) const override { return std::nullopt; }
    void write(const WriteRequest& request) const override {
        TensorOverlay changed;
        QuantizedMatrix matrix = *request.weights.quantized("model.layers.1.mlp.down_proj.weight");
        matrix.codes[700] ^= 1;
        changed.emplace("model.layers.1.mlp.down_proj.weight", matrix);
        const OverlaySource weights(request.weights, changed);
        gptqFormat().write({request.original, weights, request.scheme, request.modules, request.recipe, request.folder,
                            request.shardBytes});
    }
};

void WriteCheckpointTest::whatReadsBackOtherwiseIsNotKept() {
    const TensorOverlay overlay = quantizedLayers(openCheckpoint(model()), kRtnMethod, kSymmetric);
    const auto save = [&] { saveQuantized(FaultyFormat(), model(), overlay, kSymmetric, out()); };
    QCOMPARE(lackingIn(errorOf(save), {"model.layers.1.mlp.down_proj", "reads back other than it was written"}),
             QString());
    QVERIFY(nothingIsLeft());
}

void WriteCheckpointTest::aStopLeavesNothing() {
    const Checkpoint original = openCheckpoint(model());
    const TensorOverlay overlay = quantizedLayers(original, kRtnMethod, kSymmetric);
    const OverlaySource weights(*original.weights, overlay);
    int calls = 0;
    const auto write = [&](int stopAt) {
        calls = 0;
        const auto check = [&] {
            if (++calls == stopAt) throw Error("stop");
        };
        writeCheckpoint(gptqFormat(), {original, weights, kSymmetric, schemesOf(original, overlay), {}, out()}, check);
    };
    for (const int at : {1, 2, 15}) {
        QCOMPARE(errorOf([&] { write(at); }), std::string("stop"));
        QVERIFY(nothingIsLeft());
    }
    write(0);
    QCOMPARE(calls, 15);  // before each of the 14 comparisons, and before the first
    QVERIFY(fs::exists(out() / "model.safetensors"));
}

}  // namespace gptq::test

QTEST_APPLESS_MAIN(gptq::test::WriteCheckpointTest)
#include "write_checkpoint_test.moc"
