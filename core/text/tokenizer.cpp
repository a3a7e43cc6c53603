// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/tokenizer.h"

#include <limits>

#include "core/io/json.h"
#include "core/text/sentencepiece_tokenizer.h"
#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

namespace {

std::optional<Json> jsonIfAny(const fs::path& path) {
    std::error_code failure;
    if (!fs::exists(path, failure)) return std::nullopt;
    return readJson(path);
}

// "eos_token_id" is one id, a list of them, or null. Ids beyond the tokenizer's are the tokenizer's business: a model may
// have tokens that were added to it later.
std::optional<std::vector<TokenId>> endTokensOf(const fs::path& file) {
    const std::optional<Json> json = jsonIfAny(file);
    if (!json) return std::nullopt;
    constexpr std::int64_t kMost = std::numeric_limits<TokenId>::max();
    const JsonObject object(*json, file.string());
    if (!object.has("eos_token_id")) return std::nullopt;
    const Json& value = json->at("eos_token_id");
    if (!value.is_array()) return std::vector{static_cast<TokenId>(object.integer("eos_token_id", 0, kMost))};
    std::vector<TokenId> ids;
    for (const Json& id : value) {
        const Json single{{"eos_token_id", id}};
        ids.push_back(static_cast<TokenId>(JsonObject(single, file.string()).integer("eos_token_id", 0, kMost)));
    }
    return ids;
}

}  // namespace

std::unique_ptr<Tokenizer> loadTokenizer(const fs::path& modelFolder) {
    std::error_code failure;
    const fs::path modelFile = modelFolder / "tokenizer.model";
    if (!fs::exists(modelFile, failure)) {
        if (fs::exists(modelFolder / "tokenizer.json", failure)) {
            throw Error(modelFolder.string(),
                        " has a tokenizer.json and no tokenizer.model; this kind of tokenizer is ",
                        "not supported yet, only SentencePiece models (tokenizer.model) are");
        }
        throw Error(modelFolder.string(), " has no tokenizer: looked for tokenizer.model and tokenizer.json; ",
                    "copy the tokenizer's files from where the model came from");
    }
    Opening opening = Opening::Bos;  // as Llama's tokenizers have it where their configuration does not say
    const fs::path configuration = modelFolder / "tokenizer_config.json";
    if (const std::optional<Json> json = jsonIfAny(configuration)) {
        const JsonObject object(*json, configuration.string());
        opening = object.booleanOr("add_bos_token", true) ? Opening::Bos : Opening::None;
    }
    auto endTokens = endTokensOf(modelFolder / "generation_config.json");
    if (!endTokens) endTokens = endTokensOf(modelFolder / "config.json");
    return std::make_unique<SentencePieceTokenizer>(modelFile, opening, endTokens.value_or(std::vector<TokenId>{}));
}

}  // namespace gptq
