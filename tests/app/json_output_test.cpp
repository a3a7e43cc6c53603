// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The JSON that scripts read: one object, or for a quantization one event a line, with the keys that docs promise.

#include <QTest>
#include <cmath>
#include <optional>

#include "support/broken_models.h"
#include "support/program.h"
#include "support/test_files.h"

using namespace gptq::test;
using gptq::Json;

namespace {

const Program kProgram = gptqProgram();

// Which of "key:type key:type" are absent or of another type.
QStringList lacking(const Json& object, const QString& keys) {
    QStringList missing;
    for (const QString& key : keys.split(' ')) {
        const auto found = object.find(key.section(':', 0, 0).toStdString());
        if (found == object.end() || key.section(':', 1) != found->type_name()) missing << key;
    }
    return missing;
}

// The only object that a command prints. Its standard error stays empty.
Json objectOf(const QStringList& command) {
    const ProgramRun run = kProgram.run(command + QStringList{"--json"});
    if (run.status != 0 || !run.messages.isEmpty()) throw gptq::Error(run.summary().toStdString());
    return run.json();
}

std::vector<Json> eventsNamed(const std::vector<Json>& events, const char* name) {
    std::vector<Json> found;
    for (const Json& event : events) {
        if (event.at("event") == name) found.push_back(event);
    }
    return found;
}

QStringList quantize(const Scene& scene, const QStringList& options) {
    return QStringList{"quantize",
                       argument(scene.model),
                       "--calibration",
                       argument(scene.text),
                       "--out",
                       argument(scene.output),
                       "--device",
                       "cpu",
                       "--json",
                       "--group-size",
                       "32"} +
           options;
}

}  // namespace

class JsonOutputTest : public QObject {
    Q_OBJECT

private slots:
    void init() {
        m_folder.emplace();
        m_scene.emplace(m_folder->path());
    }

    void devices() {
        const Json json = objectOf({"devices"});
        QCOMPARE(lacking(json, "devices:array cuda_absence:string"), QStringList());
        QVERIFY(!json["devices"].empty());
        for (const Json& device : json["devices"])
            QCOMPARE(lacking(device, "name:string description:string memory_bytes:number"), QStringList());
        QCOMPARE(json["devices"].back()["name"].dump(), Json("cpu").dump());
        QVERIFY(json["devices"].back()["memory_bytes"].get<double>() > 1e8);
    }

    void inspect() {
        const Json json = objectOf({"inspect", argument(m_scene->model)});
        const Json expected{{"supported", true},
                            {"architecture", "LlamaForCausalLM"},
                            {"format", "huggingface"},
                            {"dtype", "float16"},
                            {"layers", 2},
                            {"hidden", 64},
                            {"feed_forward", 96},
                            {"heads", 4},
                            {"kv_heads", 2},
                            {"head_size", 16},
                            {"vocabulary", 4096},
                            {"context", 128},
                            {"tied_head", true},
                            {"linear_modules", 14},
                            {"kept_float", 0}};
        for (const auto& [key, value] : expected.items()) QCOMPARE(json.at(key).dump(), value.dump());
        // 4096 x 64, and a block's 2 x 64 x 64 + 2 x 32 x 64 + 3 x 96 x 64 and two norms of 64, and the last norm.
        QCOMPARE(json.at("parameters").get<int>(), 262144 + 2 * (8192 + 4096 + 18432 + 128) + 64);
        QCOMPARE(lacking(json, "model:string tokenizer:string"), QStringList());
        QVERIFY(!json.contains("quantization"));
    }

    void eval() {
        const Json json =
            objectOf({"eval", argument(m_scene->model), "--text", argument(m_scene->text), "--seq-len", "50"});
        QCOMPARE(lacking(json,
                         "model:string text:string perplexity:number nll_sum:number tokens:number windows:number "
                         "sequence_length:number"),
                 QStringList());
        QCOMPARE(json["sequence_length"].dump(), Json(50).dump());
        QCOMPARE(json["tokens"].get<int>(), 49 * json["windows"].get<int>());
        QCOMPARE(std::exp(json["nll_sum"].get<double>() / json["tokens"].get<double>()),
                 json["perplexity"].get<double>());
    }

    void generate() {
        const Json json =
            objectOf({"generate", argument(m_scene->model), "--prompt", "Once upon", "--max-tokens", "7"});
        QCOMPARE(lacking(json,
                         "model:string prompt:string text:string ids:array prompt_tokens:number tokens:number "
                         "end:string prompt_seconds:number decode_seconds:number tokens_per_second:number"),
                 QStringList());
        QCOMPARE(json["prompt"].dump(), Json("Once upon").dump());
        QCOMPARE(json["tokens"].get<std::size_t>(), json["ids"].size());
        QCOMPARE(json["end"].dump(), Json("max_tokens").dump());
    }

    void quantizePrintsAnEventALine() {
        const ProgramRun run = kProgram.run(quantize(*m_scene, {"--samples", "4", "--seq-len", "64"}));
        QVERIFY2(run.status == 0 && run.messages.isEmpty(), qPrintable(run.summary()));
        const std::vector<Json> events = run.lines();
        for (const Json& event : events) QVERIFY2(event.at("event").is_string(), event.dump().c_str());

        const std::vector<Json> started = eventsNamed(events, "job_started");
        QCOMPARE(started.size(), std::size_t{1});
        QCOMPARE(lacking(started[0],
                         "model:string architecture:string parameters:number blocks:number layers:number "
                         "samples:number sequence_length:number device:string kept_float:array"),
                 QStringList());
        std::string phases;
        for (const Json& event : eventsNamed(events, "phase_changed"))
            phases += event["phase"].get<std::string>() + " ";
        QCOMPARE(phases, std::string("reading quantizing writing "));
        QCOMPARE(eventsNamed(events, "block_finished").size(), std::size_t{2});
        QVERIFY(!eventsNamed(events, "progress").empty() && !eventsNamed(events, "memory").empty());
        QCOMPARE(eventsNamed(events, "progress").back()["done"].get<double>(), 1.0);

        const std::vector<Json> layers = eventsNamed(events, "layer_quantized");
        QCOMPARE(layers.size(), std::size_t{14});
        for (std::size_t i = 0; i < layers.size(); ++i) {
            QCOMPARE(
                lacking(layers[i],
                        "layer:string block:number index:number of:number seconds:number rows:number columns:number "
                        "bits:number group_size:number rel_error:number damping:number attempts:number "
                        "dead_columns:number outcome:string"),
                QStringList());
            QCOMPARE(layers[i]["index"].get<std::size_t>(), i + 1);
        }
    }

    void quantizeEndsWithItsResult() {
        const ProgramRun run = kProgram.run(quantize(*m_scene, {"--samples", "4", "--seq-len", "64"}));
        const std::vector<Json> events = run.lines();
        double sum = 0;
        for (const Json& layer : eventsNamed(events, "layer_quantized")) sum += layer["rel_error"].get<double>();
        const Json& finished = events.back();
        QCOMPARE(finished["event"].dump(), Json("job_finished").dump());
        QCOMPARE(lacking(finished,
                         "stopped:boolean mean_rel_error:number seconds:number seconds_by_phase:object "
                         "peak_vram_bytes:number peak_ram_bytes:number output_bytes:number bits_per_weight:number "
                         "more_damping:array fell_back:array kept_float:array"),
                 QStringList());
        QCOMPARE(finished["mean_rel_error"].get<double>(), sum / 14);
        QVERIFY2(sum / 14 > 1e-4 && sum / 14 < 0.1, finished.dump().c_str());
        QCOMPARE(finished["bits_per_weight"].get<double>(), 4 + (16 + 4) / 32.0);
        QVERIFY(finished["peak_ram_bytes"].get<double>() > 1e6);
        std::uintmax_t bytes = 0;
        for (const auto& [path, content] : treeOf(m_scene->output)) bytes += content.size();
        QCOMPARE(finished["output_bytes"].get<std::uintmax_t>(), bytes);
        const Json inspected = objectOf({"inspect", argument(m_scene->output)});
        QCOMPARE(inspected.at("format").dump(), Json("gptq").dump());
        QCOMPARE(inspected.at("quantization").dump(),
                 Json({{"bits", 4}, {"group_size", 32}, {"symmetric", true}}).dump());
    }

    // One window of 32 tokens leaves the Hessian of 64 inputs without an inverse.
    void hardLayersAreListed() {
        const ProgramRun run = kProgram.run(quantize(*m_scene, {"--samples", "1", "--seq-len", "32", "--damp", "0"}));
        QVERIFY2(run.status == 0, qPrintable(run.summary()));
        const std::vector<Json> events = run.lines();
        std::vector<std::string> harder;
        for (const Json& layer : eventsNamed(events, "layer_quantized")) {
            if (layer["attempts"] == 1) continue;
            QVERIFY(layer["damping"].get<double>() > 0 && !layer["outcome"].get<std::string>().empty());
            harder.push_back(layer["layer"].get<std::string>());
        }
        QCOMPARE(harder.size(), std::size_t{14});
        QCOMPARE(events.back()["more_damping"].dump(), Json(harder).dump());
        QCOMPARE(events.back()["fell_back"].dump(), Json::array().dump());
    }

    void layersThatStayFloatAreListed() {
        TinyModel model;
        model.feedForward = 80;  // not a multiple of 32
        model.write(m_scene->model);
        const ProgramRun run = kProgram.run(quantize(*m_scene, {"--samples", "2", "--seq-len", "64"}));
        QVERIFY2(run.status == 0, qPrintable(run.summary()));
        const std::vector<Json> events = run.lines();
        QCOMPARE(events.back()["kept_float"].size(), std::size_t{6});
        QCOMPARE(events.back()["kept_float"].dump(), eventsNamed(events, "job_started")[0]["kept_float"].dump());
        QCOMPARE(eventsNamed(events, "warning").size(), std::size_t{6});
    }

    void aShortTextIsWarnedOf() {
        const ProgramRun run = kProgram.run(quantize(*m_scene, {"--samples", "128", "--seq-len", "64"}));
        QVERIFY2(run.status == 0 && run.messages.isEmpty(), qPrintable(run.summary()));
        const std::vector<Json> warnings = eventsNamed(run.lines(), "warning");
        QCOMPARE(warnings.size(), std::size_t{1});
        QCOMPARE(lackingIn(warnings[0]["text"].get<std::string>(), {"samples of 64 tokens", "128"}), QString());
    }

private:
    std::optional<TemporaryFolder> m_folder;
    std::optional<Scene> m_scene;
};

QTEST_GUILESS_MAIN(JsonOutputTest)
#include "json_output_test.moc"
