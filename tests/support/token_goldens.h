// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The golden token ids of tests/golden/text, and what they are compared with.
#pragma once

#include <QString>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/json.h"
#include "core/text/bpe_tokenizer.h"
#include "core/text/tokenizer.h"

namespace gptq::test {

Json textGolden(const std::string& name);  // of tests/golden/text/NAME.json
Json smolLm2Document();                    // SmolLM2's tokenizer.json

std::unique_ptr<BpeTokenizer> tokenizerOf(const Json& document);  // a tokenizer.json
std::string sha256Of(const std::vector<TokenId>& ids);            // of the ids as little-endian uint32
std::string sha256Of(std::string_view bytes);

// What a stream of these ids shows, piece by piece; throws Error where a piece holds half a character.
std::string streamed(const Tokenizer& tokenizer, const std::vector<TokenId>& ids);

// The first of a golden file's cases whose ids or text differ; empty where none does.
QString firstDifference(const Tokenizer& tokenizer, const Json& golden, SpecialTokens special);

}  // namespace gptq::test
