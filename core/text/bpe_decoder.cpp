// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/bpe_decoder.h"

#include <charconv>

#include "core/text/bpe_alphabet.h"
#include "core/text/utf8.h"

namespace gptq {

namespace {

// Pieces that are not written in the byte alphabet, added tokens, stand for themselves.
std::string textOf(const ByteLevelDecoder&, std::string_view piece) {
    if (auto bytes = byteLevelBytes(piece)) return std::move(*bytes);
    return std::string(piece);
}

std::string textOf(const SequenceDecoder& decoder, std::string_view piece) {
    std::string text(piece);
    for (const ReplaceNormalizer& step : decoder.replacements) text = replaced(text, step.from, step.to);
    if (decoder.byteFallback && text.size() == 6 && text.starts_with("<0x") && text.back() == '>') {
        unsigned int byte = 0;
        const char* digits = text.data() + 3;
        if (std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) return {static_cast<char>(byte)};
    }
    return text;
}

std::string textOf(const MetaspaceDecoder&, std::string_view piece) {
    return std::string(piece);  // what its spaces become depends on where it stands
}

std::string joined(const std::vector<std::string>& texts, const std::vector<TokenId>& ids) {
    std::string text;
    for (const TokenId id : ids) text += texts[static_cast<std::size_t>(id)];
    return text;
}

std::string decodeAs(const ByteLevelDecoder&, const std::vector<std::string>& texts, const std::vector<TokenId>& ids) {
    return withReplacements(joined(texts, ids), Replacement::EachPiece);
}

// Where some bytes of a run form no character, Hugging Face's library shows all of the run as U+FFFD; SentencePiece, whose
// pieces these are, and this decoder keep its characters, so that what was shown of a stream stays true.
std::string decodeAs(const SequenceDecoder& decoder, const std::vector<std::string>& texts,
                     const std::vector<TokenId>& ids) {
    std::string text = withReplacements(joined(texts, ids), Replacement::EachByte);
    if (decoder.stripped.empty()) return text;
    std::string_view rest = text;
    for (std::size_t i = 0; i < decoder.stripStart && rest.starts_with(decoder.stripped); ++i) {
        rest.remove_prefix(decoder.stripped.size());
    }
    for (std::size_t i = 0; i < decoder.stripStop && rest.ends_with(decoder.stripped); ++i) {
        rest.remove_suffix(decoder.stripped.size());
    }
    return std::string(rest);
}

std::string decodeAs(const MetaspaceDecoder& decoder, const std::vector<std::string>& texts,
                     const std::vector<TokenId>& ids) {
    std::string text;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const bool drops = i == 0 && decoder.dropsFirst;
        text += replaced(texts[static_cast<std::size_t>(ids[i])], decoder.space, drops ? "" : " ");
    }
    return text;
}

}  // namespace

void BpeDecoder::addPiece(std::string_view piece) {
    m_texts.push_back(std::visit([piece](const auto& kind) { return textOf(kind, piece); }, m_kind));
}

std::string BpeDecoder::decode(const std::vector<TokenId>& ids) const {
    return std::visit([&](const auto& kind) { return decodeAs(kind, m_texts, ids); }, m_kind);
}

}  // namespace gptq
