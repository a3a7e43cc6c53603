// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The files that byte-pair encodings are kept in. Whatever is not understood is an Error with the file and the part.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/text/tokenizer.h"
#include "core/text/tokenizer_settings.h"

namespace gptq {

// Hugging Face's tokenizer.json. Nothing where its model is no byte-pair encoding (Unigram, WordPiece ...).
std::unique_ptr<Tokenizer> readTokenizerJson(const std::filesystem::path& file, const TokenizerSettings& settings);
// The same from the file's content; `name` is for messages.
std::unique_ptr<Tokenizer> parseTokenizerJson(std::string_view content, const std::string& name,
                                              const TokenizerSettings& settings);
// GPT-2's vocab.json and merges.txt; Qwen2's too where the settings name its class.
std::unique_ptr<Tokenizer> readVocabAndMerges(const std::filesystem::path& folder, const TokenizerSettings& settings);

}  // namespace gptq
