// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <utility>

#include "core/text/bpe_files.h"
#include "core/text/bpe_json_steps.h"
#include "core/text/bpe_loading.h"
#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

namespace {

// "a b" or ["a", "b"]
BpeModel::Merges readMerges(const JsonObject& model) {
    const auto list = model.json().find("merges");
    if (list == model.json().end() || !list->is_array()) throw Error(model.where(), ": 'merges' must be a list");
    BpeModel::Merges merges;
    merges.reserve(list->size());
    for (const Json& merge : *list) {
        if (merge.is_string()) {
            const std::string_view pair = merge.get_ref<const std::string&>();
            if (pair.starts_with("#version")) continue;
            merges.push_back(splitMerge(pair, model.where(), merges.size()));
        } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
            merges.emplace_back(merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>());
        } else {
            refuseMerge(model.where(), merges.size());
        }
    }
    return merges;
}

std::vector<AddedToken> readAddedTokens(const JsonObject& document, BpeVocabulary& vocabulary) {
    std::vector<AddedToken> tokens;
    if (document.has("added_tokens")) {
        const Json& list = document.json().at("added_tokens");
        if (!list.is_array()) throw Error(document.where(), ": 'added_tokens' must be a list, but it is ", shown(list));
        for (std::size_t i = 0; i < list.size() && i <= kMostAddedTokens; ++i) {
            const JsonObject object(list[i], text(document.where(), ": added_tokens[", i, "]"));
            tokens.push_back(readAddedToken(object));
            tokens.back().id = static_cast<TokenId>(object.integer("id", 0, BpeVocabulary::kMostIds - 1));
        }
    }
    checkAddedTokens(tokens, document.where(), vocabulary);
    return tokens;
}

void refuseUnlessEmpty(const JsonObject& model, std::string_view key) {
    if (model.has(key) && !model.string(key).empty()) throw Error(model.where(), ": '", key, "' is not supported");
}

BpeModelOptions readModelOptions(const JsonObject& model, const BpeVocabulary& vocabulary, BpeUnits units) {
    refuseUnlessEmpty(model, "continuing_subword_prefix");
    refuseUnlessEmpty(model, "end_of_word_suffix");
    if (model.numberOr("dropout", 0, 0, 1) != 0) throw Error(model.where(), ": 'dropout' is not supported");
    BpeModelOptions options;
    options.units = units;
    options.ignoreMerges = model.booleanOr("ignore_merges", false);
    options.unknown.byteFallback = model.booleanOr("byte_fallback", false);
    options.unknown.fuse = model.booleanOr("fuse_unk", false);
    if (model.has("unk_token")) {
        const std::string piece = model.string("unk_token");
        options.unknown.token = vocabulary.find(piece);
        if (!options.unknown.token)
            throw Error(model.where(), ": 'unk_token' ", shownPiece(piece), " is no piece of the vocabulary");
    }
    return options;
}

}  // namespace

std::unique_ptr<Tokenizer> readTokenizerJson(const fs::path& file, const TokenizerSettings& settings) {
    return parseTokenizerJson(readTokenizerFile(file), file.string(), settings);
}

std::unique_ptr<Tokenizer> parseTokenizerJson(std::string_view content, const std::string& name,
                                              const TokenizerSettings& settings) {
    const Json json = parseJson(content, name);
    const JsonObject document(json, name);
    const JsonObject model = document.object("model");
    if (model.stringOr("type", "BPE") != "BPE") return nullptr;
    BpeVocabulary vocabulary(name);
    readPieces(model.object("vocab"), vocabulary);
    PreTokenizerRead read = readPreTokenizer(document);
    const BpeModelOptions options = readModelOptions(model, vocabulary, read.units);
    BpeModel bpe(vocabulary, readMerges(model), options);
    if (options.units == BpeUnits::Bytes && options.unknown.byteFallback && !bpe.alphabet().knowsEveryByte()) {
        throw Error(model.where(), ": 'byte_fallback' with ByteLevel is not supported where some byte has no piece");
    }
    std::vector<AddedToken> addedTokens = readAddedTokens(document, vocabulary);
    const auto opening = readOpeningToken(document, vocabulary);
    return makeTokenizer({std::move(vocabulary), std::move(bpe), std::move(addedTokens), readNormalizer(document),
                          std::move(read.preTokenizer), readDecoder(document)},
                         opening, settings);
}

}  // namespace gptq
