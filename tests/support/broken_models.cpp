// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/broken_models.h"

#include "core/architecture/model_layout.h"
#include "core/checkpoint/safetensors_writer.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

namespace {

std::function<void(Scene&)> config(const char* key, const Json& value) {
    return
        [key, value](Scene& scene) { editJson(scene.model / "config.json", [&](Json& json) { json[key] = value; }); };
}

std::function<void(Scene&)> write(const char* file, std::string bytes) {
    return [file, bytes = std::move(bytes)](Scene& scene) { writeFile(scene.model / file, bytes); };
}

std::function<void(Scene&)> truncate(const char* file, std::uintmax_t bytes) {
    return [file, bytes](Scene& scene) { fs::resize_file(scene.model / file, bytes); };
}

}  // namespace

Scene::Scene(const fs::path& folder)
    : root(folder), model(folder / "model"), text(folder / "text.txt"), output(folder / "new" / "deeper" / "out") {
    static const TemporaryFolder sound;  // written once, copied for each scene
    if (!fs::exists(sound / "config.json")) TinyModel().write(sound.path());
    fs::copy(sound.path(), model, fs::copy_options::recursive);
    writeFile(text, demoText(2000));
}

void editJson(const fs::path& file, const std::function<void(Json&)>& edit) {
    Json json = readJson(file);
    edit(json);
    writeFile(file, json.dump(2));
}

void editHeader(const fs::path& safetensors, const std::function<void(Json&)>& edit) {
    const std::string bytes = readFile(safetensors);
    std::size_t length = 0;
    for (std::size_t i = 0; i < 8; ++i)
        length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
    Json header = parseJson(std::string_view(bytes).substr(8, length), safetensors.string());
    edit(header);
    writeFile(safetensors, safetensorsBytes(header.dump(), std::string_view(bytes).substr(8 + length)));
}

void splitIntoShards(const fs::path& model) {
    const fs::path whole = model / "model.safetensors";
    {
        const SafetensorsFile file(openFile(whole));
        std::vector<TensorToWrite> tensors;
        std::uint64_t total = 0;
        for (const auto& [name, stored] : file.tensors()) {
            total += stored.bytes;
            tensors.push_back({name, stored.type, stored.shape, [&file, &tensor = stored](const auto& sink) {
                                   std::vector<std::byte> bytes(tensor.bytes);
                                   file.read(tensor, 0, bytes);
                                   sink(std::span<const std::byte>(bytes));
                               }});
        }
        writeSafetensorsFolder(model, tensors, total - 1, {});
    }
    fs::remove(whole);
}

void writeHollow(const TinyModel& model, const fs::path& folder) {
    const Json json = model.config();
    const Architecture& architecture = architectureOf(JsonObject(json, "the hollow model"));
    Json header = Json::object();
    std::int64_t end = 0;
    for (const ExpectedTensor& tensor :
         expectedTensors(architecture.parse(JsonObject(json, "the hollow model")), architecture.names)) {
        const std::int64_t begin = end;
        std::int64_t bytes = 2;
        for (const std::int64_t extent : tensor.shape) bytes *= extent;
        end += bytes;
        header[tensor.name] = {{"dtype", "F16"}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
    }
    const std::string begin = safetensorsBytes(header.dump(), "");
    writeFile(folder / "config.json", json.dump());
    writeFile(folder / "model.safetensors", begin);
    fs::resize_file(folder / "model.safetensors", begin.size() + static_cast<std::uintmax_t>(end));
}

std::vector<BadInput> brokenConfigs() {
    const auto plain = [](const char* key, const Json& value, const char* words) {
        return BadInput{nullptr, config(key, value), {"config.json", "'" + QString(key) + "'", words}};
    };
    const auto named = [](const char* name, BadInput input) {
        input.name = name;
        return input;
    };
    return {
        {"no model folder", [](Scene& s) { s.model = s.root / "nothing"; }, {"nothing", "no such folder"}},
        {"a file for a model", [](Scene& s) { s.model = s.text; }, {"text.txt", "not a folder"}},
        {"no config.json", [](Scene& s) { fs::remove(s.model / "config.json"); }, {"model", "no config.json"}},
        {"an empty config.json", write("config.json", ""), {"config.json", "line 1"}},
        {"a config.json cut short", truncate("config.json", 40), {"config.json", "line"}},
        {"a config.json that is no object", write("config.json", "[1, 2]"), {"config.json", "must be an object"}},
        {"a config.json nested without end",
         write("config.json", std::string(100'000, '[')),
         {"config.json", "nested more than"}},
        named("a string for a size", plain("hidden_size", "64", "but it is \"64\"")),
        named("a fraction for a size", plain("num_hidden_layers", 2.5, "but it is 2.5")),
        named("null for a size", plain("vocab_size", nullptr, "integer")),
        named("a list for a size", plain("intermediate_size", {96}, "but it is [96]")),
        named("a string for a number", plain("rms_norm_eps", "small", "a number")),
        named("a number for a flag", plain("tie_word_embeddings", 1, "true or false")),
        named("a number for an object", plain("rope_scaling", 2, "an object")),
        named("a string for a list", plain("architectures", "LlamaForCausalLM", "list of names")),
        named("no heads", plain("num_attention_heads", 0, "but it is 0")),
        named("no heads of keys", plain("num_key_value_heads", 0, "but it is 0")),
        named("no layers", plain("num_hidden_layers", 0, "but it is 0")),
        named("no width", plain("hidden_size", 0, "but it is 0")),
        named("a negative width", plain("hidden_size", -64, "but it is -64")),
        named("a negative count of heads", plain("num_attention_heads", -4, "but it is -4")),
        named("a negative context", plain("max_position_embeddings", -1, "but it is -1")),
        named("absurdly many layers", plain("num_hidden_layers", 1'000'000'000, "but it is 1000000000")),
        named("an absurd vocabulary", plain("vocab_size", std::int64_t{1} << 62, "but it is 4611686018427387904")),
        named("an absurd width", plain("intermediate_size", 1e300, "but it is 1e+300")),
        named("absurdly many heads", plain("num_attention_heads", 1 << 30, "but it is 1073741824")),
        named("an absurd head", plain("head_dim", 1 << 20, "but it is 1048576")),
        named("heads that do not divide the width", plain("num_attention_heads", 3, "multiple")),
        named("heads that do not share evenly", plain("num_key_value_heads", 3, "multiple")),
        {"an activation nobody has", config("hidden_act", "swosh"), {"config.json", "activation", "swosh", "silu"}},
        {"a RoPE scaling nobody has",
         config("rope_scaling", {{"rope_type", "spiral"}, {"factor", 2}}),
         {"config.json", "spiral", "llama3"}},
        {"an unsupported architecture",
         config("architectures", {"MambaForCausalLM"}),
         {"config.json", "MambaForCausalLM", "not supported", "Supported: ", "LlamaForCausalLM"}},
        {"quantized by a method that cannot be read",
         config("quantization_config", {{"quant_method", "mystery"}}),
         {"config.json", "already quantized", "mystery"}},
    };
}

}  // namespace gptq::test
