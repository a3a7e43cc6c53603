// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Byte-pair encoding as Hugging Face's tokenizers library does it: added tokens, normalizer, pre-tokenizer, merges.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text/added_tokens.h"
#include "core/text/bpe_decoder.h"
#include "core/text/bpe_model.h"
#include "core/text/bpe_normalizer.h"
#include "core/text/bpe_pre_tokenizer.h"
#include "core/text/bpe_vocabulary.h"
#include "core/text/tokenizer.h"

namespace gptq {

struct BpeParts {
    BpeVocabulary vocabulary;  // the added tokens' pieces too
    BpeModel model;
    std::vector<AddedToken> addedTokens;
    BpeNormalizer normalizer;
    BpePreTokenizer preTokenizer;
    DecoderKind decoder;
};

class BpeTokenizer : public Tokenizer {
public:
    // `endTokens`: ids that the tokenizer has not are left out.
    BpeTokenizer(BpeParts parts, std::optional<TokenId> openingToken, std::vector<TokenId> endTokens);

    std::string description() const override;
    std::int64_t size() const override { return m_size; }
    // Long texts are shared out over threads; their number does not change the result.
    std::vector<TokenId> encode(std::string_view text, SpecialTokens special = SpecialTokens::AsText) const override;
    std::string decode(const std::vector<TokenId>& ids, SpecialText special = SpecialText::Hide) const override;
    std::optional<TokenId> openingToken() const override { return m_openingToken; }
    std::vector<TokenId> endTokens() const override { return m_endTokens; }

    // 0 is as many as the processor has. A text is cut where it has so many bytes.
    void setThreads(int threads, std::size_t cutBytes = kCutBytes);

private:
    static constexpr std::size_t kCutBytes = 32u << 10;

    struct Part;
    class Texts;

    void addParts(std::string_view text, bool isStart, SpecialTokens special, Texts& texts) const;
    void cut(std::string_view text, std::vector<Part>& parts) const;
    std::size_t cutAfter(std::string_view text, std::size_t from) const;
    std::vector<TokenId> encodeParts(const Part* begin, const Part* end) const;

    std::string m_name;
    std::int64_t m_size;
    BpeModel m_model;
    AddedTokens m_addedTokens;       // looked for in the text as it is
    AddedTokens m_normalizedTokens;  // in the normalized one
    BpeDecoder m_decoder;
    BpeNormalizer m_normalizer;
    BpePreTokenizer m_preTokenizer;
    std::vector<bool> m_isSpecial;  // by id
    std::optional<TokenId> m_openingToken;
    std::vector<TokenId> m_endTokens;  // sorted
    std::string m_spaceInStretches = " ";
    int m_threads = 0;
    std::size_t m_cutBytes = kCutBytes;
};

}  // namespace gptq
