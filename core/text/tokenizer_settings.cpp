// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/tokenizer_settings.h"

#include <limits>

#include "core/io/json.h"
#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

namespace {

std::optional<Json> jsonIfAny(const fs::path& path) {
    std::error_code failure;
    if (!fs::exists(path, failure)) return std::nullopt;
    return readJson(path);
}

// "eos_token_id" is one id, a list of them, or null.
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

// A token is written as its content, or as an object that has it.
std::string tokenContent(const JsonObject& object, const std::string& key) {
    if (!object.has(key)) return {};
    if (object.json().at(key).is_object()) return object.object(key).stringOr("content", {});
    return object.string(key);
}

void readSpecialTokens(const JsonObject& object, TokenizerSettings& settings) {
    for (const char* key : {"bos_token", "eos_token", "unk_token", "pad_token"}) {
        const std::string content = tokenContent(object, key);
        if (!content.empty()) settings.specialTokens.push_back(content);
    }
    if (settings.bos.empty()) settings.bos = tokenContent(object, "bos_token");
    if (settings.eos.empty()) settings.eos = tokenContent(object, "eos_token");
}

}  // namespace

TokenizerSettings readTokenizerSettings(const fs::path& modelFolder) {
    TokenizerSettings settings;
    settings.file = (modelFolder / "tokenizer_config.json").string();
    if (const std::optional<Json> json = jsonIfAny(settings.file)) {
        const JsonObject object(*json, settings.file);
        settings.hasFile = true;
        if (object.has("add_bos_token")) settings.addsBos = object.boolean("add_bos_token");
        if (object.has("add_prefix_space")) settings.addsPrefixSpace = object.boolean("add_prefix_space");
        settings.tokenizerClass = object.stringOr("tokenizer_class", {});
        readSpecialTokens(object, settings);
    }
    const fs::path map = modelFolder / "special_tokens_map.json";
    if (const std::optional<Json> json = jsonIfAny(map)) readSpecialTokens(JsonObject(*json, map.string()), settings);
    auto endTokens = endTokensOf(modelFolder / "generation_config.json");
    if (!endTokens) endTokens = endTokensOf(modelFolder / "config.json");
    if (endTokens) settings.endTokens = std::move(*endTokens);
    return settings;
}

}  // namespace gptq
