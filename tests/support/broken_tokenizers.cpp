// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_alphabet.h"
#include "core/text/utf8.h"
#include "support/broken_models.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

namespace {

const char* const kLfsPointer = "version https://git-lfs.github.com/spec/v1\n";

std::function<void(Scene&)> write(const char* file, std::string bytes) {
    return [file, bytes = std::move(bytes)](Scene& scene) { writeFile(scene.model / file, bytes); };
}

std::function<void(Scene&)> truncate(const char* file, std::uintmax_t bytes) {
    return [file, bytes](Scene& scene) { fs::resize_file(scene.model / file, bytes); };
}

void removeTokenizer(const fs::path& model) {
    for (const char* file : {"tokenizer.model", "tokenizer_config.json"}) fs::remove(model / file);
}

// Every byte, and what the merges make.
Json soundPieces() {
    Json pieces = Json::object();
    for (int byte = 0; byte < 256; ++byte) {
        std::string piece;
        appendUtf8(piece, byteLevelCharacter(static_cast<unsigned char>(byte)));
        pieces[piece] = byte;
    }
    pieces["th"] = 256;
    pieces["the"] = 257;
    return pieces;
}

// A byte-level tokenizer.json, changed by `edit`.
std::function<void(Scene&)> document(const std::function<void(Json&)>& edit) {
    return [edit](Scene& scene) {
        useTokenizerJson(scene.model);
        editJson(scene.model / "tokenizer.json", edit);
    };
}

std::function<void(Scene&)> documentBytes(std::string bytes) {
    return [bytes = std::move(bytes)](Scene& scene) {
        useTokenizerJson(scene.model);
        writeFile(scene.model / "tokenizer.json", bytes);
    };
}

std::function<void(Scene&)> pair(const std::function<void(const fs::path& model)>& edit) {
    return [edit](Scene& scene) {
        useVocabAndMerges(scene.model);
        edit(scene.model);
    };
}

std::function<void(Scene&)> pairFile(const char* file, std::string bytes) {
    return pair([file, bytes = std::move(bytes)](const fs::path& model) { writeFile(model / file, bytes); });
}

}  // namespace

void useTokenizerJson(const fs::path& model) {
    removeTokenizer(model);
    const Json byteLevel{{"type", "ByteLevel"}, {"add_prefix_space", false}};
    const Json end{{"id", 258}, {"content", "<|end|>"}, {"special", true}};
    const Json bpe{{"type", "BPE"}, {"vocab", soundPieces()}, {"merges", {"t h", "th e"}}};
    const Json tokenizer{
        {"added_tokens", Json::array({end})}, {"pre_tokenizer", byteLevel}, {"decoder", byteLevel}, {"model", bpe}};
    writeFile(model / "tokenizer.json", tokenizer.dump(2));
}

void useVocabAndMerges(const fs::path& model) {
    removeTokenizer(model);
    writeFile(model / "vocab.json", soundPieces().dump());
    writeFile(model / "merges.txt", "#version: 0.2\nt h\nth e\n");
}

std::vector<BadInput> brokenTokenizers() {
    return {
        {"no tokenizer",
         [](Scene& s) { fs::remove(s.model / "tokenizer.model"); },
         {"no tokenizer", "tokenizer.model"}},
        {"an empty tokenizer", write("tokenizer.model", ""), {"tokenizer.model", "no usable"}},
        {"a tokenizer cut short", truncate("tokenizer.model", 30'001), {"tokenizer.model", "no usable", "download"}},
        {"a tokenizer of noise", write("tokenizer.model", "\x8f\xff\x03 noise"), {"tokenizer.model", "no usable"}},
        {"a tokenizer that Git LFS kept",
         write("tokenizer.model", "version https://git-lfs.github.com/spec/v1\n"),
         {"tokenizer.model", "Git LFS pointer"}},
        {"a broken tokenizer_config.json", write("tokenizer_config.json", "{,}"), {"tokenizer_config.json", "line 1"}},
        {"an end token that is none",
         write("generation_config.json", "{\"eos_token_id\": \"stop\"}"),
         {"generation_config.json", "'eos_token_id'", "stop"}},
        {"more tokens than the embedding has rows",
         [](Scene& s) {
             TinyModel model;
             model.vocabulary = 4000;
             model.write(s.model);
         },
         {"model", "4096 tokens", "4000 rows"}},
    };
}

std::vector<BadInput> brokenTokenizerDocuments() {
    const char* const kFile = "tokenizer.json";
    const auto inModel = [](const char* key, const Json& value) {
        return document([key, value](Json& json) { json["model"][key] = value; });
    };
    const auto part = [](const char* key, const Json& value) {
        return document([key, value](Json& json) { json[key] = value; });
    };
    const auto piece = [](const char* name, const Json& id) {
        return document([name, id](Json& json) { json["model"]["vocab"][name] = id; });
    };
    const auto split = [&part](const char* regex) {
        return part("pre_tokenizer", {{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}});
    };
    return {
        {"empty", documentBytes(""), {kFile, "line 1"}},
        {"cut short",
         [](Scene& s) {
             useTokenizerJson(s.model);
             fs::resize_file(s.model / "tokenizer.json", 200);
         },
         {kFile, "line"}},
        {"no object", documentBytes("[1]"), {kFile, "must be an object"}},
        {"not UTF-8", documentBytes("{\"model\": \"\xff\"}"), {kFile, "line 1"}},
        {"nested without end", documentBytes(std::string(100'000, '[')), {kFile, "nested more than"}},
        {"kept by Git LFS", documentBytes(kLfsPointer), {kFile, "Git LFS pointer"}},
        {"a folder",
         [](Scene& s) {
             fs::remove(s.model / "tokenizer.model");
             fs::create_directory(s.model / "tokenizer.json");
         },
         {kFile, "is a folder"}},
        {"no model", document([](Json& json) { json.erase("model"); }), {kFile, "'model'", "missing"}},
        {"a model of another kind", inModel("type", "Unigram"), {kFile, "only BPE"}},
        {"no vocabulary", document([](Json& json) { json["model"].erase("vocab"); }), {kFile, "'vocab'", "missing"}},
        {"an empty vocabulary", inModel("vocab", Json::object()), {kFile, "no piece"}},
        {"a list for a vocabulary", inModel("vocab", {"a", "b"}), {kFile, "'vocab'", "object"}},
        {"a string for an id", piece("th", "256"), {kFile, "th", "integer", "256"}},
        {"a negative id", piece("th", -1), {kFile, "th", "-1"}},
        {"an absurd id", piece("th", std::uint64_t{1} << 63), {kFile, "th", "must be below"}},
        {"two pieces with one id", piece("he", 256), {kFile, "the same id 256"}},
        {"ids with a wide gap", piece("far", 1'000'000), {kFile, "the ids reach 1000000"}},
        {"no merges", document([](Json& json) { json["model"].erase("merges"); }), {kFile, "'merges' must be a list"}},
        {"a merge of one piece", inModel("merges", {"th"}), {kFile, "merge 0", "two pieces"}},
        {"a merge of no string", inModel("merges", {7}), {kFile, "merge 0"}},
        {"a merge of an unknown piece", inModel("merges", {"t h", "th zz"}), {kFile, "merge 1", "zz", "no piece"}},
        {"an unknown token that is none", inModel("unk_token", "<unk>"), {kFile, "'unk_token'", "<unk>"}},
        {"dropout", inModel("dropout", 0.1), {kFile, "'dropout'", "not supported"}},
        {"an added token with another id",
         document([](Json& json) { json["added_tokens"][0]["content"] = "th"; }),
         {kFile, "added token", "th", "258", "256"}},
        {"an added token of nothing",
         document([](Json& json) { json["added_tokens"][0]["content"] = ""; }),
         {kFile, "added token 258", "no content"}},
        {"a normalizer nobody has", part("normalizer", {{"type", "Shout"}}), {kFile, "normalizer", "Shout"}},
        {"a pre-tokenizer nobody has", part("pre_tokenizer", {{"type", "Guess"}}), {kFile, "pre_tokenizer", "Guess"}},
        {"a post-processor nobody has", part("post_processor", {{"type", "Wrap"}}), {kFile, "post_processor", "Wrap"}},
        {"no decoder", document([](Json& json) { json.erase("decoder"); }), {kFile, "'decoder' is missing"}},
        {"a broken expression", split("(["), {kFile, "expression"}},
        {"an expression that may take too long", split("(a+)+b"), {kFile, "regular expression", "not supported"}},
        {"more tokens than the embedding has rows",
         [](Scene& s) {
             TinyModel model;
             model.vocabulary = 256;
             model.write(s.model);
             useTokenizerJson(s.model);
         },
         {"model", "259 tokens", "256 rows"}},
    };
}

std::vector<BadInput> brokenVocabularies() {
    const char* const vocab = "vocab.json";
    const char* const merges = "merges.txt";
    return {
        {"no merges.txt", pair([=](const fs::path& model) { fs::remove(model / merges); }), {"no tokenizer", merges}},
        {"no vocab.json", pair([=](const fs::path& model) { fs::remove(model / vocab); }), {"no tokenizer", vocab}},
        {"an empty vocab.json", pairFile(vocab, ""), {vocab, "line 1"}},
        {"a vocab.json cut short", pairFile(vocab, "{\"a\": 0, \"b"), {vocab, "line 1"}},
        {"a vocab.json that is no object", pairFile(vocab, "[\"a\"]"), {vocab, "must be an object"}},
        {"a vocab.json without pieces", pairFile(vocab, "{}"), {vocab, "no piece"}},
        {"a vocab.json that Git LFS kept", pairFile(vocab, kLfsPointer), {vocab, "Git LFS pointer"}},
        {"a string for an id", pairFile(vocab, "{\"a\": \"0\"}"), {vocab, "integer"}},
        {"two pieces with one id", pairFile(vocab, "{\"a\": 0, \"b\": 0}"), {vocab, "the same id 0"}},
        {"a merge of three", pairFile(merges, "#version: 0.2\nt h e\n"), {merges, "merge 0", "two pieces"}},
        {"a merge of noise", pairFile(merges, "a page of HTML, in truth"), {merges, "merge 0", "two pieces"}},
        {"a merge of an unknown piece", pairFile(merges, "t h\nth zz\n"), {"merge 1", "zz", "no piece"}},
        {"merges that Git LFS kept", pairFile(merges, kLfsPointer), {merges, "Git LFS pointer"}},
        {"a class that these files are not enough for",
         pair([](const fs::path& model) {
             writeFile(model / "tokenizer_config.json", "{\"tokenizer_class\": \"BloomTokenizer\"}");
         }),
         {"tokenizer_config.json", "BloomTokenizer", "tokenizer.json is needed"}},
        {"more tokens than the embedding has rows",
         [](Scene& s) {
             TinyModel model;
             model.vocabulary = 128;
             model.write(s.model);
             useVocabAndMerges(s.model);
         },
         {"model", "tokens", "128 rows"}},
    };
}

}  // namespace gptq::test
