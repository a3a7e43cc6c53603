// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_json_steps.h"

#include <utility>

#include "core/text/bpe_patterns.h"
#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {

namespace {

constexpr std::size_t kLongestContent = 64;  // bytes that one place of a text may become; known are 1 and 3

// The object under `key`, or where it is a "Sequence" its parts under `listKey`; nothing where it is null.
std::vector<JsonObject> components(const JsonObject& object, std::string_view key, std::string_view listKey) {
    std::vector<JsonObject> found;
    if (!object.has(key)) return found;
    const JsonObject whole = object.object(key);
    if (whole.string("type") != "Sequence") return {whole};
    const auto list = whole.json().find(listKey);
    if (list == whole.json().end() || !list->is_array()) throw Error(whole.where(), ": '", listKey, "' must be a list");
    for (std::size_t i = 0; i < list->size(); ++i) {
        found.emplace_back((*list)[i], text(whole.where(), "[", i, "]"));
    }
    if (found.size() > 64) throw Error(whole.where(), ": it has ", found.size(), " parts; at most 64 are expected");
    return found;
}

[[noreturn]] void refuse(const JsonObject& component) {
    throw Error(component.where(), ": the type ", shown(Json(component.string("type"))), " is not supported");
}

std::string boundedContent(const JsonObject& object, std::string_view key) {
    std::string content = object.string(key);
    if (content.size() > kLongestContent) {
        throw Error(object.where(), ": '", key, "' has ", content.size(), " bytes; at most ", kLongestContent,
                    " are expected");
    }
    return content;
}

ReplaceNormalizer readReplace(const JsonObject& component) {
    const JsonObject pattern = component.object("pattern");
    if (!pattern.has("String")) throw Error(pattern.where(), ": only a \"String\" is supported");
    ReplaceNormalizer step{boundedContent(pattern, "String"), boundedContent(component, "content")};
    if (step.from.empty()) throw Error(pattern.where(), ": the string is empty");
    return step;
}

// ---- pre-tokenizer ------------------------------------------------------------------------------------------------

SplitBehavior behaviorOf(const JsonObject& component) {
    const std::string name = component.string("behavior");
    if (name == "Removed") return SplitBehavior::Removed;
    if (name == "Isolated") return SplitBehavior::Isolated;
    if (name == "MergedWithPrevious") return SplitBehavior::MergedWithPrevious;
    if (name == "MergedWithNext") return SplitBehavior::MergedWithNext;
    if (name == "Contiguous") return SplitBehavior::Contiguous;
    throw Error(component.where(), ": the behavior ", shown(Json(name)), " is not supported");
}

SplitStep readSplit(const JsonObject& component) {
    const JsonObject pattern = component.object("pattern");
    const SplitBehavior behavior = behaviorOf(component);
    const auto matches = component.booleanOr("invert", false) ? SplitMatches::AreGaps : SplitMatches::AreMatches;
    if (pattern.has("Regex")) return splitByRegex(pattern.string("Regex"), behavior, matches, component.where());
    const std::string literal = pattern.string("String");
    return {Regex(pcre2Literal(literal), component.where()), behavior, matches, SplitStep::BeforeSpace::Unknown};
}

using Prefix = SpacePreparation::Prefix;

SpacePreparation readMetaspace(const JsonObject& component) {
    const std::string space = component.string("replacement");
    if (space.empty() || codePointAt(space, 0).bytes != space.size()) {
        throw Error(component.where(), ": 'replacement' must be one character, but it is ", shown(Json(space)));
    }
    const bool adds = component.booleanOr("add_prefix_space", true);
    const std::string scheme = component.stringOr("prepend_scheme", adds ? "always" : "never");
    if (scheme == "never") return {space, Prefix::Never};
    if (!adds) throw Error(component.where(), ": 'add_prefix_space' does not fit 'prepend_scheme'");
    if (scheme == "always") return {space, Prefix::Always};
    if (scheme == "first") return {space, Prefix::AtStart};
    throw Error(component.where(), ": 'prepend_scheme' ", shown(Json(scheme)), " is not supported");
}

class PreTokenizerReader {
public:
    void read(const JsonObject& component) {
        const std::string type = component.string("type");
        if (m_units == BpeUnits::Bytes)
            throw Error(component.where(), ": nothing can follow ByteLevel, but ", type, " does");
        if (type == "Split") {
            m_steps.emplace_back(readSplit(component));
        } else if (type == "Digits") {
            const bool each = component.booleanOr("individual_digits", false);
            m_steps.emplace_back(DigitsStep{each ? DigitsStep::Unit::Each : DigitsStep::Unit::Run});
        } else if (type == "ByteLevel") {
            readByteLevel(component);
        } else if (type == "Metaspace") {
            requireFirst(component);
            m_preparation = readMetaspace(component);
            m_isMetaspace = true;
            if (component.booleanOr("split", true)) {
                m_steps.emplace_back(SplitStep{Regex(pcre2Literal(m_preparation.space), component.where()),
                                               SplitBehavior::MergedWithNext, SplitMatches::AreMatches,
                                               SplitStep::BeforeSpace::Separates});
            }
        } else {
            refuse(component);
        }
        if (m_isMetaspace && type != "Metaspace")
            throw Error(component.where(), ": nothing can follow Metaspace, but ", type, " does");
    }
    PreTokenizerRead finish() { return {BpePreTokenizer(std::move(m_steps), std::move(m_preparation)), m_units}; }

private:
    void requireFirst(const JsonObject& component) const {
        if (m_steps.empty()) return;
        throw Error(component.where(), ": a space in front is supported only where this is the first step");
    }
    void readByteLevel(const JsonObject& component) {
        m_units = BpeUnits::Bytes;
        if (component.boolean("add_prefix_space")) {
            requireFirst(component);
            m_preparation.prefix = Prefix::Always;
        }
        if (!component.booleanOr("use_regex", true)) return;
        m_steps.emplace_back(
            splitByRegex(kGpt2Pattern, SplitBehavior::Isolated, SplitMatches::AreMatches, component.where()));
    }

    std::vector<PreTokenizerStep> m_steps;
    SpacePreparation m_preparation;
    BpeUnits m_units = BpeUnits::Characters;
    bool m_isMetaspace = false;
};

// ---- decoder ------------------------------------------------------------------------------------------------------

std::size_t countOf(const JsonObject& component, std::string_view key) {
    return static_cast<std::size_t>(component.integer(key, 0, 1024));
}

SequenceDecoder readSequenceDecoder(const std::vector<JsonObject>& parts) {
    SequenceDecoder decoder;
    int height = 0;  // of the kinds' order; each may come again only where that changes nothing
    bool isFused = false;
    const auto rise = [&height](const JsonObject& part, int to) {
        if (to < height)
            throw Error(part.where(), ": ", part.string("type"), " is not supported this late in the sequence");
        height = to;
    };
    for (const JsonObject& part : parts) {
        const std::string type = part.string("type");
        if (type == "Replace") {
            rise(part, 0);
            decoder.replacements.push_back(readReplace(part));
        } else if (type == "ByteFallback") {
            rise(part, 1);
            decoder.byteFallback = true;
        } else if (type == "Fuse") {
            rise(part, 2);
            isFused = true;
        } else if (type == "Strip") {
            rise(part, 4);
            if (!isFused) throw Error(part.where(), ": Strip is supported only after Fuse");
            decoder.stripped = part.string("content");
            if (decoder.stripped.empty() || codePointAt(decoder.stripped, 0).bytes != decoder.stripped.size()) {
                throw Error(part.where(), ": 'content' must be one character");
            }
            decoder.stripStart = countOf(part, "start");
            decoder.stripStop = countOf(part, "stop");
            height = 5;  // a second one is refused
        } else {
            refuse(part);
        }
    }
    return decoder;
}

// ---- post-processor -----------------------------------------------------------------------------------------------

// Tokens before the text in a template such as [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}].
std::vector<std::string> tokensInFront(const JsonObject& component) {
    const auto list = component.json().find("single");
    if (list == component.json().end() || !list->is_array())
        throw Error(component.where(), ": 'single' must be a list");
    std::vector<std::string> names;
    for (const Json& item : *list) {
        const JsonObject object(item, text(component.where(), ": single"));
        if (object.has("Sequence")) break;
        names.push_back(object.object("SpecialToken").string("id"));
    }
    return names;
}

TokenId tokenOfTemplate(const JsonObject& component, const std::string& name, const BpeVocabulary& vocabulary) {
    const JsonObject token = component.object("special_tokens").object(name);
    const auto ids = token.json().find("ids");
    if (ids == token.json().end() || !ids->is_array() || ids->size() != 1) {
        throw Error(token.where(), ": 'ids' must be a list of one id");
    }
    const Json single{{"ids", (*ids)[0]}};
    const std::int64_t id = JsonObject(single, token.where()).integer("ids", 0, vocabulary.size() - 1);
    return static_cast<TokenId>(id);
}

}  // namespace

BpeNormalizer readNormalizer(const JsonObject& document) {
    std::vector<NormalizerStep> steps;
    for (const JsonObject& component : components(document, "normalizer", "normalizers")) {
        const std::string type = component.string("type");
        if (type == "NFC") {
            steps.emplace_back(NfcNormalizer{});
        } else if (type == "Replace") {
            steps.emplace_back(readReplace(component));
        } else if (type == "Prepend") {
            steps.emplace_back(PrependNormalizer{boundedContent(component, "prepend")});
        } else {
            refuse(component);
        }
    }
    return BpeNormalizer(std::move(steps));
}

PreTokenizerRead readPreTokenizer(const JsonObject& document) {
    PreTokenizerReader reader;
    for (const JsonObject& component : components(document, "pre_tokenizer", "pretokenizers")) reader.read(component);
    return reader.finish();
}

DecoderKind readDecoder(const JsonObject& document) {
    const std::vector<JsonObject> parts = components(document, "decoder", "decoders");
    if (parts.empty()) throw Error(document.where(), ": 'decoder' is missing; without one, pieces cannot become text");
    const std::string type = parts[0].string("type");
    if (parts.size() == 1 && type == "ByteLevel") return ByteLevelDecoder{};
    if (parts.size() > 1 || type != "Metaspace") return readSequenceDecoder(parts);
    const SpacePreparation metaspace = readMetaspace(parts[0]);
    return MetaspaceDecoder{metaspace.space, metaspace.prefix != Prefix::Never};
}

std::optional<TokenId> readOpeningToken(const JsonObject& document, const BpeVocabulary& vocabulary) {
    std::optional<TokenId> opening;
    for (const JsonObject& component : components(document, "post_processor", "processors")) {
        const std::string type = component.string("type");
        if (type == "ByteLevel") continue;  // adjusts offsets only
        if (type != "TemplateProcessing") refuse(component);
        const std::vector<std::string> names = tokensInFront(component);
        if (names.size() > 1 || (opening && !names.empty())) {
            throw Error(component.where(), ": it puts more than one token in front of a text; that is not supported");
        }
        if (!names.empty()) opening = tokenOfTemplate(component, names[0], vocabulary);
    }
    return opening;
}

}  // namespace gptq
