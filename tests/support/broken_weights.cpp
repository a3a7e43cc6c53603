// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <limits>

#include "support/broken_models.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

namespace {

const char* const kUp = "model.layers.0.mlp.up_proj.weight";      // (96, 64) float16
const char* const kGate = "model.layers.0.mlp.gate_proj.weight";  // the same
const char* const kFile = "model.safetensors";
const char* const kIndex = "model.safetensors.index.json";

std::function<void(Scene&)> header(const std::function<void(Json&)>& edit) {
    return [edit](Scene& scene) { editHeader(scene.model / kFile, edit); };
}

// One field of one tensor.
std::function<void(Scene&)> field(const char* key, const Json& value) {
    return header([key, value](Json& json) { json[kUp][key] = value; });
}

// The data offsets of one tensor, moved by so many bytes.
std::function<void(Scene&)> moved(const char* tensor, std::int64_t begin, std::int64_t end) {
    return header([tensor, begin, end](Json& json) {
        Json& offsets = json[tensor]["data_offsets"];
        offsets = {offsets[0].get<std::int64_t>() + begin, offsets[1].get<std::int64_t>() + end};
    });
}

std::function<void(Scene&)> file(std::string bytes) {
    return [bytes = std::move(bytes)](Scene& scene) { writeFile(scene.model / kFile, bytes); };
}

// The weights in shards, then one thing broken.
std::function<void(Scene&)> shards(const std::function<void(const fs::path& model)>& breakOne) {
    return [breakOne](Scene& scene) {
        splitIntoShards(scene.model);
        breakOne(scene.model);
    };
}

std::function<void(Scene&)> index(const std::function<void(Json& json)>& edit) {
    return shards([edit](const fs::path& model) { editJson(model / kIndex, edit); });
}

void cutBy(const fs::path& path, std::uintmax_t bytes) {
    fs::resize_file(path, fs::file_size(path) - bytes);
}

// A model of one kind of number, with one value put into one tensor.
std::function<void(Scene&)> damaged(const char* tensor, float value, StoredType type) {
    return [=](Scene& scene) {
        TinyModel model;
        model.type = type;
        model.change = [=](const std::string& name, std::vector<float>& values) {
            if (name == tensor) values[70 % values.size()] = value;
        };
        model.write(scene.model);
    };
}

// A norm that lifts its output so far that what follows overflows float32.
std::function<void(Scene&)> lifted(const char* norm) {
    return [norm](Scene& scene) {
        TinyModel model;
        model.type = StoredType::F32;
        model.change = [norm](const std::string& name, std::vector<float>& values) {
            if (name == norm) values.assign(values.size(), 1e30f);
        };
        model.write(scene.model);
    };
}

// A header of that length, as the first eight bytes say it.
std::string lengthOnly(std::uint64_t length) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
    return bytes + "{\"x\": 1}";
}

}  // namespace

std::vector<BadInput> brokenWeights() {
    return {
        {"no weights", [](Scene& s) { fs::remove(s.model / kFile); }, {"model", "no weights", kFile}},
        {"only .bin weights",
         [](Scene& s) { fs::rename(s.model / kFile, s.model / "pytorch_model.bin"); },
         {"no weights", ".bin", "not supported"}},
        {"a folder for the weights",
         [](Scene& s) {
             fs::remove(s.model / kFile);
             fs::create_directory(s.model / kFile);
         },
         {kFile, "is a folder"}},
        {"weights cut short", [](Scene& s) { cutBy(s.model / kFile, 1000); }, {kFile, "cut short", "download"}},
        {"weights of four bytes", file("abcd"), {kFile, "only 4 bytes"}},
        {"weights that Git LFS kept", file("version https://git-lfs.github.com/spec/v1\n"), {kFile, "Git LFS pointer"}},
        {"bytes after the weights",
         [](Scene& s) { fs::resize_file(s.model / kFile, fs::file_size(s.model / kFile) + 7); },
         {kFile, "7 bytes follow"}},
        {"a header longer than the file", file(lengthOnly(4096)), {kFile, "4096 bytes", "only 16"}},
        {"a header as long as a number can say", file(lengthOnly(~std::uint64_t{0})), {kFile, "header"}},
        {"a header that is no JSON", file(safetensorsBytes("{]", "")), {kFile, "header", "line 1"}},
        {"a header that is a list", file(safetensorsBytes("[]", "")), {kFile, "header", "must be an object"}},
        {"tensors that overlap", moved(kUp, -2, -2), {kFile, "overlap"}},
        {"two tensors in one place",
         header([](Json& json) { json[kUp]["data_offsets"] = json[kGate]["data_offsets"]; }),
         {kFile, "overlap", kUp, kGate}},
        {"a tensor outside the file", moved("model.norm.weight", 1 << 20, 1 << 20), {kFile, "model.norm.weight"}},
        {"offsets beyond every file",
         moved("model.norm.weight", std::int64_t{1} << 61, std::int64_t{1} << 61),
         {kFile, "model.norm.weight"}},
        {"negative offsets", field("data_offsets", {-128, 12160}), {kFile, kUp, "data_offsets", "-128"}},
        {"an end before the begin", field("data_offsets", {12288, 0}), {kFile, kUp, "ends at 0", "begins at 12288"}},
        {"offsets that are no list", field("data_offsets", 7), {kFile, kUp, "data_offsets"}},
        {"a shape larger than its bytes", field("shape", {97, 64}), {kFile, kUp, "97, 64", "12416", "12288"}},
        {"a shape that overflows",
         field("shape", {std::int64_t{1} << 40, std::int64_t{1} << 40}),
         {kFile, kUp, "overflows"}},
        {"a shape that overflows to what fits",
         field("shape", {std::int64_t{1} << 33, std::int64_t{1} << 30, 6144}),
         {kFile, kUp, "overflows"}},
        {"a negative shape", field("shape", {-96, -64}), {kFile, kUp, "shape", "-96"}},
        {"a type nobody has", field("dtype", "F7"), {kFile, kUp, "F7", "F16"}},
        {"a type that is no string", field("dtype", 16), {kFile, kUp, "dtype"}},
        {"integers for weights", field("dtype", "I16"), {kFile, kUp, "I16"}},
        {"a tensor under another name",
         header([](Json& json) {
             json["renamed"] = json[kUp];
             json.erase(kUp);
         }),
         {"model", kUp, "is missing"}},
        {"a matrix on its side", field("shape", {64, 96}), {kFile, kUp, "shape", "(64, 96)", "(96, 64)"}},
        {"a matrix without its second dimension", field("shape", {6144}), {kFile, kUp, "shape", "(96, 64)"}},
        {"five dimensions", field("shape", {1, 1, 1, 96, 64}), {kFile, kUp, "5 dimensions"}},
    };
}

std::vector<BadInput> brokenShards() {
    const char* const first = "model-00001-of-00002.safetensors";
    const char* const second = "model-00002-of-00002.safetensors";
    const auto pointsTo = [](const Json& shard) {
        return index([shard](Json& json) { json["weight_map"]["model.norm.weight"] = shard; });
    };
    return {
        {"a missing shard", shards([=](const fs::path& model) { fs::remove(model / second); }), {second, "is missing"}},
        {"a shard cut short", shards([=](const fs::path& model) { cutBy(model / second, 10); }), {second, "cut short"}},
        {"a shard of noise",
         shards([=](const fs::path& model) { writeFile(model / first, "a page of HTML, in truth"); }),
         {first, "header"}},
        {"shards without their index",
         shards([](const fs::path& model) { fs::remove(model / kIndex); }),
         {"model", "no weights", "download the index"}},
        {"an index cut short",
         shards([](const fs::path& model) { fs::resize_file(model / kIndex, 100); }),
         {kIndex, "line"}},
        {"an index without a map", index([](Json& json) { json.erase("weight_map"); }), {kIndex, "'weight_map'"}},
        {"an index with an empty map",
         index([](Json& json) { json["weight_map"] = Json::object(); }),
         {kIndex, "weight_map", "empty"}},
        {"an index that points to a parent",
         pointsTo("../secret.safetensors"),
         {kIndex, "model.norm.weight", "../secret.safetensors", "the model's own folder"}},
        {"an index that points to the root", pointsTo("/etc/passwd"), {kIndex, "/etc/passwd", "no plain file name"}},
        {"an index that points to a folder", pointsTo(".."), {kIndex, "no plain file name"}},
        {"an index that points to a number", pointsTo(3), {kIndex, "model.norm.weight", "a string"}},
        {"an index that points to the wrong shard", pointsTo(first), {first, "model.norm.weight", "is missing"}},
        {"an index without a tensor",
         index([](Json& json) { json["weight_map"].erase("model.norm.weight"); }),
         {"model.norm.weight", "is missing"}},
    };
}

std::vector<BadInput> damagedValues() {
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();
    const char* const down = "model.layers.1.mlp.down_proj.weight";
    const char* const embedding = "model.embed_tokens.weight";
    const char* const norm = "model.norm.weight";
    return {
        {"NaN, float16", damaged(down, kNan, StoredType::F16), {kFile, down, "row 0, column 70", "nan"}},
        {"NaN, bfloat16", damaged(down, kNan, StoredType::BF16), {kFile, down, "row 0, column 70", "nan"}},
        {"NaN, float32", damaged(down, kNan, StoredType::F32), {kFile, down, "row 0, column 70", "nan"}},
        {"infinity", damaged(down, -kInfinity, StoredType::F16), {kFile, down, "row 0, column 70", "-inf"}},
        {"NaN in the embedding",
         damaged(embedding, kNan, StoredType::F16),
         {kFile, embedding, "row 1, column 6", "nan"}},
        {"NaN in the last norm", damaged(norm, kNan, StoredType::F16), {kFile, norm, "column 6", "nan"}},
    };
}

std::vector<BadInput> overflowingModels() {
    const QStringList words{"NaN or infini", "damaged", "its activations"};
    return {
        {"in the first block", lifted("model.layers.0.input_layernorm.weight"), words},
        {"in the last block", lifted("model.layers.1.post_attention_layernorm.weight"), words},
    };
}

}  // namespace gptq::test
