// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the commands produce: the reference's text, the same bytes each time, checkpoints that read alike in every form.

#include <QTest>
#include <optional>

#include "core/text/tokenizer.h"
#include "support/broken_models.h"
#include "support/model_runs.h"
#include "support/program.h"
#include "support/test_files.h"

using namespace gptq::test;
using gptq::Json;

namespace fs = std::filesystem;

namespace {

const Program kProgram = gptqProgram();

// What the command prints; throws where it fails.
ProgramRun done(const QStringList& command) {
    ProgramRun run = kProgram.run(command);
    if (run.status != 0) throw gptq::Error(command.join(' ').toStdString(), ": ", run.summary().toStdString());
    return run;
}

Json generated(const fs::path& model, const QStringList& options) {
    return done(QStringList{"generate", argument(model), "--prompt", "The little fox", "--max-tokens", "40", "--device",
                            "cpu", "--json"} +
                options)
        .json();
}

}  // namespace

class ResultsTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { m_scene.emplace(m_folder.path()); }

    void theDemoContinuesAsTheReferenceDoes() {
        const Json golden = gptq::readJson(demoGolden("golden.json"));
        auto promptIds = golden.at("prompt_ids").get<std::vector<gptq::TokenId>>();
        promptIds.erase(promptIds.begin());  // the opening token, which the program puts there itself
        const auto prompt = QString::fromStdString(gptq::loadTokenizer(demoModel())->decode(promptIds));
        const QStringList command{"generate", "demo", "--prompt",     prompt,
                                  "--device", "cpu",  "--max-tokens", QString::number(golden.at("greedy_ids").size())};
        const Json json = done(command + QStringList{"--json"}).json();
        QCOMPARE(json.at("ids").dump(), golden.at("greedy_ids").dump());
        QCOMPARE(json.at("prompt").get<std::string>() + json.at("text").get<std::string>(),
                 golden.at("greedy_text").get<std::string>());
        QCOMPARE(done(command).out.toStdString(), golden.at("greedy_text").get<std::string>() + "\n");
    }

    void theSameSeedGivesTheSameText() {
        const QStringList sampled{"--temperature", "1", "--top-k", "200", "--top-p", "0.95", "--min-p", "0.01"};
        const Json first = generated("demo", sampled + QStringList{"--seed", "7"});
        QCOMPARE(generated("demo", sampled + QStringList{"--seed", "7"}).at("ids").dump(), first.at("ids").dump());
        QVERIFY(generated("demo", sampled + QStringList{"--seed", "8"}).at("ids").dump() != first.at("ids").dump());
        QVERIFY(generated("demo", {}).at("ids").dump() != first.at("ids").dump());
    }

    void twoRunsGiveTheSameBytes_data() {
        QTest::addColumn<QStringList>("options");
        QTest::newRow("as it is") << QStringList{};
        QTest::newRow("act-order") << QStringList{"--act-order"};
        QTest::newRow("asymmetric, 3 bits") << QStringList{"--asym", "--bits", "3"};
        QTest::newRow("shuffled") << QStringList{"--shuffle", "11"};
        QTest::newRow("rounded to nearest") << QStringList{"--method", "rtn"};
    }
    void twoRunsGiveTheSameBytes() {
        QFETCH(QStringList, options);
        const TemporaryFolder folder;
        quantize(folder / "first", options);
        quantize(folder / "second", options);
        const auto first = treeOf(folder / "first");
        QVERIFY(first.size() >= 5);
        QVERIFY(first == treeOf(folder / "second"));
    }

    void optionsReachTheResult() {
        const TemporaryFolder folder;
        quantize(folder / "plain", {});
        const std::string plain = readFile(folder / "plain" / "model.safetensors");
        int number = 0;
        for (const QStringList& options : {QStringList{"--act-order"},
                                           {"--asym"},
                                           {"--damp", "0.1"},
                                           {"--bits", "8"},
                                           {"--group-size", "-1"},
                                           {"--method", "rtn"},
                                           {"--shuffle", "3"},
                                           {"--samples", "2"},
                                           {"--block-size", "16"}}) {
            const fs::path output = folder / std::to_string(++number);
            quantize(output, options);
            // The block size moves roundings only; on so small a model they need not show in a code.
            if (options.front() == "--block-size") continue;
            QVERIFY2(readFile(output / "model.safetensors") != plain, qPrintable(options.join(' ')));
        }
    }

    void whatTravelsWithTheModelIsCarriedAlong() {
        const TemporaryFolder folder;
        quantize(folder / "out", {});
        for (const char* name : {"tokenizer.model", "tokenizer_config.json", "generation_config.json"})
            QVERIFY2(readFile(folder / "out" / name) == readFile(m_scene->model / name), name);
        Json config = gptq::readJson(folder / "out" / "config.json");
        QCOMPARE(config.at("quantization_config").at("quant_method").dump(), Json("gptq").dump());
        config.erase("quantization_config");
        QCOMPARE(config.dump(), gptq::readJson(m_scene->model / "config.json").dump());
    }

    void shardsHoldTheSameModel() {
        const TemporaryFolder folder;
        quantize(folder / "whole", {});
        quantize(folder / "shards", {"--shard-size", "8K"});
        QVERIFY(!fs::exists(folder / "shards" / "model.safetensors"));
        std::size_t files = 0, tensors = 0;
        for (const auto& [name, bytes] : treeOf(folder / "shards")) {
            if (!name.ends_with(".safetensors")) continue;
            const gptq::SafetensorsFile shard(gptq::openFile(folder / "shards" / name));
            std::uint64_t size = 0;
            for (const auto& [tensor, stored] : shard.tensors()) size += stored.bytes;
            QVERIFY2(size <= 8192 || shard.tensors().size() == 1, name.c_str());
            tensors += shard.tensors().size();
            ++files;
        }
        QVERIFY2(files > 3, qPrintable(QString::number(files)));
        QVERIFY(fs::exists(folder / "shards" / gptq::text("model-00001-of-0000", files, ".safetensors")));
        const gptq::SafetensorsFile whole(gptq::openFile(folder / "whole" / "model.safetensors"));
        QCOMPARE(tensors, whole.tensors().size());
        const Json index = gptq::readJson(folder / "shards" / "model.safetensors.index.json");
        QCOMPARE(index.at("weight_map").size(), tensors);
        QCOMPARE(generated(folder / "shards", {}).at("ids").dump(), generated(folder / "whole", {}).at("ids").dump());
    }

    void bothVersionsOfTheFormatReadAlike() {
        const TemporaryFolder folder;
        quantize(folder / "v1", {});
        quantize(folder / "v2", {"--format", "gptq-v2"});
        quantize(folder / "asymmetric", {"--asym"});
        const auto versionOf = [&](const char* name) {
            return gptq::readJson(folder / name / "config.json")
                .at("quantization_config")
                .at("checkpoint_format")
                .dump();
        };
        QCOMPARE(versionOf("v1"), std::string("\"gptq\""));
        QCOMPARE(versionOf("v2"), std::string("\"gptq_v2\""));
        QCOMPARE(versionOf("asymmetric"), std::string("\"gptq_v2\""));
        QVERIFY(readFile(folder / "v1" / "model.safetensors") != readFile(folder / "v2" / "model.safetensors"));
        const QStringList sampled{"--temperature", "1", "--seed", "5"};  // so that every logit has its say
        for (const QStringList& options : {QStringList{}, sampled})
            QCOMPARE(generated(folder / "v1", options).at("ids").dump(),
                     generated(folder / "v2", options).at("ids").dump());
        QCOMPARE(generated(folder / "asymmetric", {}).at("ids").size(), std::size_t{40});
    }

    void theTableNamesEveryLayer() {
        const TemporaryFolder folder;
        const ProgramRun run = done(command(folder / "out", {}));
        const std::string table = run.out.toStdString();
        QCOMPARE(lackingIn(table, {"model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj", "64x96",
                                   "mean relative error", "4.625 bits per weight", argument(folder / "out")}),
                 QString());
        QCOMPARE(run.out.count("model.layers."), qsizetype{14});
        QCOMPARE(run.messages, QByteArray());
    }

private:
    QStringList command(const fs::path& output, QStringList options) const {
        const auto addDefault = [&options](const QString& name, const QString& value) {
            if (!options.contains(name)) options << name << value;
        };
        addDefault("--group-size", "32");
        addDefault("--samples", "6");
        addDefault("--seq-len", "64");
        return QStringList{"quantize", argument(m_scene->model), "--calibration", argument(m_scene->text),
                           "--out",    argument(output),         "--device",      "cpu"} +
               options;
    }
    void quantize(const fs::path& output, const QStringList& options) const { done(command(output, options)); }

    TemporaryFolder m_folder;
    std::optional<Scene> m_scene;
};

QTEST_GUILESS_MAIN(ResultsTest)
#include "results_test.moc"
