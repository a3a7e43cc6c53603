// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the files beside a tokenizer say about its use: tokenizer_config.json, generation_config.json, config.json.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/text/tokenizer.h"

namespace gptq {

struct TokenizerSettings {
    std::string file;  // tokenizer_config.json, for messages
    bool hasFile = false;
    std::optional<bool> addsBos;          // "add_bos_token"
    std::optional<bool> addsPrefixSpace;  // "add_prefix_space"
    std::string bos;                      // contents of tokens; empty where there is none
    std::string eos;
    std::string tokenizerClass;              // "Qwen2Tokenizer"; empty where it is not said
    std::vector<std::string> specialTokens;  // contents of all that are named
    // "eos_token_id" of generation_config.json, else of config.json; ids beyond the tokenizer's are the tokenizer's business:
    // a model may have tokens that were added to it later.
    std::vector<TokenId> endTokens;
    int threads = 0;  // said by the caller, not by a file; as in loadTokenizer()
};

// Files that are not there say nothing. Throws Error, naming the file and the key, where one says something impossible.
TokenizerSettings readTokenizerSettings(const std::filesystem::path& modelFolder);

}  // namespace gptq
