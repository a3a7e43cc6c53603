// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>

#include "core/io/byte_source.h"
#include "core/text/sentencepiece_model.h"
#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {

namespace {

constexpr std::uint64_t kModelFileLimit = 64u << 20;  // the largest known (256,000 pieces) has 5 MB
constexpr std::size_t kTextLimit = 64u << 20;         // the library counts in int and takes some 100 bytes a character

}  // namespace

struct SentencePieceTokenizer::Library {
    sentencepiece::SentencePieceProcessor processor;
};

SentencePieceTokenizer::SentencePieceTokenizer(const std::filesystem::path& modelFile, Opening opening,
                                               const std::vector<TokenId>& endTokens)
    : m_library(std::make_unique<Library>()), m_name(modelFile.string()) {
    const std::string bytes = readWhole(modelFile, kModelFileLimit);
    if (isGitLfsPointer(bytes)) {
        throw Error(m_name, " is only a Git LFS pointer; fetch the file itself (git lfs pull)");
    }
    m_kind = checkSentencePieceModel(bytes, m_name).kind;
    auto& processor = m_library->processor;
    std::string complaint;
    try {
        const auto status = processor.LoadFromSerializedProto(bytes);
        if (!status.ok()) complaint = status.message();
    } catch (const std::exception& failure) {
        complaint = failure.what();
    }
    if (!complaint.empty()) {
        throw Error(m_name, " is no usable SentencePiece model: ", complaint, "; download the file again");
    }
    if (opening == Opening::Bos && processor.bos_id() >= 0) m_openingToken = processor.bos_id();
    m_endTokens = endTokens;
    m_endTokens.push_back(processor.eos_id());  // -1 where there is none
    std::erase_if(m_endTokens, [this](TokenId id) { return id < 0 || id >= size(); });
    std::sort(m_endTokens.begin(), m_endTokens.end());
    m_endTokens.erase(std::unique(m_endTokens.begin(), m_endTokens.end()), m_endTokens.end());
    std::vector<AddedToken> controlPieces;
    for (TokenId id = 0; id < size(); ++id) {
        if (!processor.IsControl(id) || processor.IdToPiece(id).empty()) continue;
        AddedToken& piece = controlPieces.emplace_back();
        piece.content = processor.IdToPiece(id);
        piece.id = id;
    }
    m_controlPieces = AddedTokens(std::move(controlPieces));
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

std::string SentencePieceTokenizer::description() const {
    return text("SentencePiece ", m_kind, ", ", size(), " pieces");
}

std::int64_t SentencePieceTokenizer::size() const {
    return m_library->processor.GetPieceSize();
}

std::vector<TokenId> SentencePieceTokenizer::encode(std::string_view text, SpecialTokens special) const {
    if (text.size() > kTextLimit) {
        throw Error("a text of ", text.size(), " bytes is too long to be tokenized at once; cut it below ", kTextLimit);
    }
    if (const auto invalid = firstInvalidUtf8(text)) throw Error("the text is not UTF-8 at byte ", *invalid);
    std::vector<TokenId> ids;
    if (special == SpecialTokens::AsText) {
        appendIds(text, ids);
        return ids;
    }
    m_controlPieces.split(text, special, [this, &ids](std::string_view part, std::optional<TokenId> id) {
        if (id) {
            ids.push_back(*id);
        } else {
            appendIds(part, ids);
        }
    });
    return ids;
}

void SentencePieceTokenizer::appendIds(std::string_view text, std::vector<TokenId>& ids) const {
    std::vector<int> found;
    const auto status = m_library->processor.Encode(text, &found);
    if (!status.ok()) throw Error(m_name, ": a text cannot be tokenized: ", status.message());
    ids.insert(ids.end(), found.begin(), found.end());
}

std::string SentencePieceTokenizer::decode(const std::vector<TokenId>& ids, SpecialText /*special*/) const {
    for (const TokenId id : ids) {
        if (id < 0 || id >= size()) throw Error(m_name, ": there is no token ", id, "; ids run from 0 to ", size() - 1);
    }
    std::string text;
    const auto status = m_library->processor.Decode(ids, &text);
    if (!status.ok()) throw Error(m_name, ": tokens cannot be turned into text: ", status.message());
    return text;
}

}  // namespace gptq
