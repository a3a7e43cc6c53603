// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The SentencePiece library behind the Tokenizer interface.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/text/added_tokens.h"
#include "core/text/tokenizer.h"

namespace gptq {

enum class Opening : std::uint8_t { None, Bos };

class SentencePieceTokenizer : public Tokenizer {
public:
    // `endTokens`: besides the model's own EOS; ids that it has not are left out.
    SentencePieceTokenizer(const std::filesystem::path& modelFile, Opening opening,
                           const std::vector<TokenId>& endTokens);
    ~SentencePieceTokenizer() override;

    std::string description() const override;
    std::int64_t size() const override;
    // At most 64 MiB at once. SpecialTokens::Parse: control pieces; each stretch of text between them begins anew.
    std::vector<TokenId> encode(std::string_view text, SpecialTokens special = SpecialTokens::AsText) const override;
    std::string decode(const std::vector<TokenId>& ids, SpecialText special = SpecialText::Hide) const override;
    std::optional<TokenId> openingToken() const override { return m_openingToken; }
    std::vector<TokenId> endTokens() const override { return m_endTokens; }

private:
    struct Library;

    void appendIds(std::string_view text, std::vector<TokenId>& ids) const;

    std::unique_ptr<Library> m_library;
    std::string m_name;
    std::string m_kind;
    std::optional<TokenId> m_openingToken;
    std::vector<TokenId> m_endTokens;  // sorted
    AddedTokens m_controlPieces;
};

}  // namespace gptq
