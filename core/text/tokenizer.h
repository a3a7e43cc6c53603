// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Text to token ids and back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gptq {

using TokenId = std::int32_t;

// Control tokens (BOS, <|im_end|> ...) written out in a text that is encoded: ordinary characters, so that no text can pose
// as a prompt's frame, or the tokens that they name, as a chat template needs it.
enum class SpecialTokens : std::uint8_t { AsText, Parse };
// Control tokens among ids that are decoded: left out, or written out. SentencePiece models always leave them out.
enum class SpecialText : std::uint8_t { Hide, Show };

class Tokenizer {
public:
    virtual ~Tokenizer() = default;

    virtual std::string description() const = 0;  // "SentencePiece BPE, 4096 pieces"
    virtual std::int64_t size() const = 0;        // ids run from 0 to size() - 1
    // Without BOS or EOS. The text is UTF-8.
    virtual std::vector<TokenId> encode(std::string_view text, SpecialTokens special = SpecialTokens::AsText) const = 0;
    virtual std::string decode(const std::vector<TokenId>& ids, SpecialText special = SpecialText::Hide) const = 0;

    // The token that opens a text, where this tokenizer puts one in front.
    virtual std::optional<TokenId> openingToken() const = 0;
    virtual std::vector<TokenId> endTokens() const = 0;
};

// The tokenizer of a model folder: tokenizer.json where there is one, as it is what Hugging Face's library uses, else
// tokenizer.model, else vocab.json and merges.txt. Throws Error that names what is missing or broken. `threads` share out long
// texts; 0: one for each processor. Their number does not change the ids.
std::unique_ptr<Tokenizer> loadTokenizer(const std::filesystem::path& modelFolder, int threads = 0);

// Decodes a growing list of ids piece by piece and never emits half a character.
class StreamingDecoder {
public:
    // `context`: ids before the stream, so that its first piece is spaced as it is in the whole.
    StreamingDecoder(const Tokenizer& tokenizer, std::vector<TokenId> context);
    std::string push(TokenId id);  // the text that became certain; may be empty
    std::string finish();          // what is left

private:
    enum class Take : std::uint8_t { WhatIsCertain, Everything };
    std::string take(Take what);
    void shorten(const std::string& text);

    const Tokenizer& m_tokenizer;
    std::vector<TokenId> m_ids;  // a bounded tail of the stream
    std::string m_shown;         // the begin of decode(m_ids): the context's, and what went out
};

}  // namespace gptq
