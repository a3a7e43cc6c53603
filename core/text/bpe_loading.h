// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the readers of tokenizer.json and of vocab.json with merges.txt share.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/io/json.h"
#include "core/text/bpe_tokenizer.h"
#include "core/text/tokenizer_settings.h"

namespace gptq {

inline constexpr std::size_t kMostAddedTokens = 1u << 16;

std::string readTokenizerFile(const std::filesystem::path& file);
void readPieces(const JsonObject& pieces, BpeVocabulary& vocabulary);  // {"piece": id, ...}

// "a b"; `number` counts the merges from 0, for messages.
std::pair<std::string_view, std::string_view> splitMerge(std::string_view merge, const std::string& where,
                                                         std::size_t number);
[[noreturn]] void refuseMerge(const std::string& where, std::size_t number);

// All but the id.
AddedToken readAddedToken(const JsonObject& object);
// Adds those that the vocabulary has not to it.
void checkAddedTokens(const std::vector<AddedToken>& tokens, const std::string& where, BpeVocabulary& vocabulary);

// `ofTemplate`: the opening token where tokenizer_config.json says nothing about it.
std::unique_ptr<Tokenizer> makeTokenizer(BpeParts parts, std::optional<TokenId> ofTemplate,
                                         const TokenizerSettings& settings);

}  // namespace gptq
