// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_loading.h"

#include <set>

#include "core/io/byte_source.h"
#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestAddedToken = 1024;  // bytes

// As Hugging Face's library: what tokenizer_config.json says comes before the post-processor's template.
std::optional<TokenId> openingToken(const TokenizerSettings& settings, std::optional<TokenId> ofTemplate,
                                    const BpeVocabulary& vocabulary) {
    if (!settings.addsBos) return ofTemplate;
    if (!*settings.addsBos) return std::nullopt;
    if (settings.bos.empty() && ofTemplate) return ofTemplate;
    if (settings.bos.empty()) throw Error(settings.file, ": 'add_bos_token' is true, but there is no 'bos_token'");
    const auto id = vocabulary.find(settings.bos);
    if (!id)
        throw Error(settings.file, ": 'bos_token' ", shownPiece(settings.bos), " is no piece of ", vocabulary.where());
    return id;
}

}  // namespace

std::string readTokenizerFile(const fs::path& file) {
    std::string content = readWhole(file, kJsonFileLimit);
    if (isGitLfsPointer(content)) {
        throw Error(file.string(), " is only a Git LFS pointer; fetch the file itself (git lfs pull)");
    }
    return content;
}

void readPieces(const JsonObject& pieces, BpeVocabulary& vocabulary) {
    // Not by key, which would search the whole object each time.
    for (const auto& [piece, id] : pieces.json().items()) {
        if (!id.is_number_integer()) {
            throw Error(pieces.where(), ": the id of ", shownPiece(piece), " must be an integer, but it is ",
                        shown(id));
        }
        if (id.is_number_unsigned() && id.get<std::uint64_t>() >= BpeVocabulary::kMostIds) {
            throw Error(pieces.where(), ": the id of ", shownPiece(piece), " must be below ", BpeVocabulary::kMostIds,
                        ", but it is ", shown(id));
        }
        vocabulary.add(piece, id.get<std::int64_t>());
    }
    vocabulary.checkHoles();
}

void refuseMerge(const std::string& where, std::size_t number) {
    throw Error(where, ": merge ", number, " must be two pieces, with one space between them or as a list");
}

std::pair<std::string_view, std::string_view> splitMerge(std::string_view merge, const std::string& where,
                                                         std::size_t number) {
    const std::size_t space = merge.find(' ');
    if (space == std::string_view::npos || merge.find(' ', space + 1) != std::string_view::npos)
        refuseMerge(where, number);
    return {merge.substr(0, space), merge.substr(space + 1)};
}

AddedToken readAddedToken(const JsonObject& object) {
    AddedToken token;
    token.content = object.string("content");
    token.isSpecial = object.booleanOr("special", false);
    token.isNormalized = object.booleanOr("normalized", !token.isSpecial);
    token.singleWord = object.booleanOr("single_word", false);
    token.takesSpaceBefore = object.booleanOr("lstrip", false);
    token.takesSpaceAfter = object.booleanOr("rstrip", false);
    return token;
}

void checkAddedTokens(const std::vector<AddedToken>& tokens, const std::string& where, BpeVocabulary& vocabulary) {
    if (tokens.size() > kMostAddedTokens) {
        throw Error(where, ": there are ", tokens.size(), " added tokens; at most ", kMostAddedTokens, " are expected");
    }
    std::set<std::string_view> seen;
    for (const AddedToken& token : tokens) {
        if (token.content.empty()) throw Error(where, ": the added token ", token.id, " has no content");
        if (token.content.size() > kLongestAddedToken) {
            throw Error(where, ": the added token ", token.id, " has ", token.content.size(), " bytes; at most ",
                        kLongestAddedToken, " are expected");
        }
        if (!seen.insert(token.content).second) {
            throw Error(where, ": the added token ", shownPiece(token.content), " is there twice");
        }
        const auto known = vocabulary.find(token.content);
        if (known && *known != token.id) {
            throw Error(where, ": the added token ", shownPiece(token.content), " has the id ", token.id,
                        ", but the vocabulary says ", *known);
        }
        if (!known) vocabulary.add(token.content, token.id);
    }
    vocabulary.checkHoles();
}

std::unique_ptr<Tokenizer> makeTokenizer(BpeParts parts, std::optional<TokenId> ofTemplate,
                                         const TokenizerSettings& settings) {
    const auto opening = openingToken(settings, ofTemplate, parts.vocabulary);
    std::vector<TokenId> ends = settings.endTokens;
    if (const auto eos = parts.vocabulary.find(settings.eos)) ends.push_back(*eos);
    auto tokenizer = std::make_unique<BpeTokenizer>(std::move(parts), opening, std::move(ends));
    tokenizer->setThreads(settings.threads);
    return tokenizer;
}

}  // namespace gptq
