// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/text/bpe_files.h"
#include "core/text/bpe_loading.h"
#include "core/text/bpe_patterns.h"
#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

namespace {

// The tokenizers of Hugging Face's library that these two files are enough for, by the names of their classes.
struct Family {
    std::string_view pattern;
    bool composes;  // NFC
};

Family familyOf(const TokenizerSettings& settings) {
    std::string name = settings.tokenizerClass;
    if (name.ends_with("Fast")) name.resize(name.size() - 4);
    if (name.empty() || name == "GPT2Tokenizer") return {kGpt2Pattern, false};
    if (name == "Qwen2Tokenizer") return {kQwen2Pattern, true};
    throw Error(settings.file, ": the class ", shown(Json(settings.tokenizerClass)),
                " is not supported with vocab.json and merges.txt; a tokenizer.json is needed");
}

// One merge a line. A first line "#version: 0.2" is none.
BpeModel::Merges readMerges(std::string_view lines, const std::string& where) {
    BpeModel::Merges merges;
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n');
        std::string_view line = lines.substr(0, end);
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const bool isLast = lines.find_first_not_of("\r\n") == std::string_view::npos;
        if (line.starts_with("#version") || (line.empty() && isLast)) continue;
        merges.push_back(splitMerge(line, where, merges.size()));
    }
    return merges;
}

TokenId idIn(const std::string& digits, const std::string& where) {
    TokenId id = -1;
    const char* end = digits.data() + digits.size();
    const auto [stop, failure] = std::from_chars(digits.data(), end, id);
    if (failure != std::errc() || stop != end || id < 0) throw Error(where, ": ", shown(Json(digits)), " is no id");
    return id;
}

// tokenizer_config.json's "added_tokens_decoder": {"50256": {"content": ...}, ...}
void readAddedTokensDecoder(const fs::path& file, std::vector<AddedToken>& tokens) {
    std::error_code failure;
    if (!fs::exists(file, failure)) return;
    const Json json = readJson(file);
    const auto decoder = JsonObject(json, file.string()).objectIfAny("added_tokens_decoder");
    if (!decoder) return;
    for (const auto& [id, token] : decoder->json().items()) {
        if (tokens.size() > kMostAddedTokens) return;  // refused later
        tokens.push_back(readAddedToken({token, text(decoder->where(), ": ", id)}));
        tokens.back().id = idIn(id, decoder->where());
    }
}

// added_tokens.json: {"content": id, ...}
void readAddedTokensFile(const fs::path& file, std::vector<AddedToken>& tokens) {
    std::error_code failure;
    if (!fs::exists(file, failure)) return;
    const Json json = readJson(file);
    BpeVocabulary added(file.string());
    const JsonObject object(json, file.string());
    if (json.empty()) return;
    for (const auto& entry : object.json().items()) {
        const std::string& content = entry.key();
        const Json& id = entry.value();
        if (!id.is_number_integer())
            throw Error(file.string(), ": the id of ", shownPiece(content), " must be an integer");
        if (tokens.size() > kMostAddedTokens) return;
        added.add(content, id.is_number_unsigned() ? static_cast<std::int64_t>(std::min<std::uint64_t>(
                                                         id.get<std::uint64_t>(), BpeVocabulary::kMostIds))
                                                   : id.get<std::int64_t>());
        const auto isSame = [&content](const AddedToken& token) { return token.content == content; };
        if (std::any_of(tokens.begin(), tokens.end(), isSame)) continue;
        AddedToken token;
        token.content = content;
        token.id = *added.find(content);
        token.isNormalized = true;
        tokens.push_back(std::move(token));
    }
}

// Tokens that the configuration names, and those that it does not but the class implies, are control tokens.
void addSpecialTokens(const TokenizerSettings& settings, const BpeVocabulary& vocabulary,
                      std::vector<AddedToken>& tokens) {
    for (const std::string& content : settings.specialTokens) {
        const auto same =
            std::find_if(tokens.begin(), tokens.end(), [&](const AddedToken& t) { return t.content == content; });
        if (same != tokens.end()) {
            same->isSpecial = true;
            same->isNormalized = false;
        } else if (const auto id = vocabulary.find(content)) {
            AddedToken token;
            token.content = content;
            token.id = *id;
            token.isSpecial = true;
            tokens.push_back(std::move(token));
        }
    }
}

}  // namespace

std::unique_ptr<Tokenizer> readVocabAndMerges(const fs::path& folder, const TokenizerSettings& givenSettings) {
    TokenizerSettings settings = givenSettings;
    const Family family = familyOf(settings);
    if (settings.specialTokens.empty() && settings.tokenizerClass.empty()) {
        settings.specialTokens = {"<|endoftext|>"};  // GPT-2's only one, which its class knows without any file
        settings.eos = settings.specialTokens[0];
    }
    const std::string vocabularyName = (folder / "vocab.json").string();
    const std::string mergesName = (folder / "merges.txt").string();
    BpeVocabulary vocabulary(vocabularyName);
    const Json pieces = parseJson(readTokenizerFile(vocabularyName), vocabularyName);
    readPieces(JsonObject(pieces, vocabularyName), vocabulary);
    const std::string lines = readTokenizerFile(mergesName);
    BpeModel model(vocabulary, readMerges(lines, mergesName), BpeModelOptions{});

    std::vector<AddedToken> tokens;
    readAddedTokensDecoder(settings.file, tokens);
    readAddedTokensFile(folder / "added_tokens.json", tokens);
    addSpecialTokens(settings, vocabulary, tokens);
    checkAddedTokens(tokens, vocabularyName, vocabulary);

    std::vector<NormalizerStep> normalizer;
    if (family.composes) normalizer.emplace_back(NfcNormalizer{});
    std::vector<PreTokenizerStep> steps;
    steps.emplace_back(splitByRegex(family.pattern, SplitBehavior::Isolated, SplitMatches::AreMatches, vocabularyName));
    SpacePreparation preparation;
    if (settings.addsPrefixSpace.value_or(false)) preparation.prefix = SpacePreparation::Prefix::Always;
    return makeTokenizer(
        {std::move(vocabulary), std::move(model), std::move(tokens), BpeNormalizer(std::move(normalizer)),
         BpePreTokenizer(std::move(steps), std::move(preparation)), ByteLevelDecoder{}},
        std::nullopt, settings);
}

}  // namespace gptq
