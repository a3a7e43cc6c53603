// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a SentencePiece model file (sentencepiece_model.proto) says about itself, checked where the library trusts it: the
// library reads outside its memory where the file's normalization rules or nested user-defined pieces mislead it.
#pragma once

#include <string>
#include <string_view>

namespace gptq {

struct SentencePieceModel {
    std::string kind = "Unigram";  // "BPE", ...; the field's default is the first
};

// Throws Error that names `what` where the bytes are no SentencePiece model, or one that is not safe to use.
SentencePieceModel checkSentencePieceModel(std::string_view bytes, const std::string& what);

}  // namespace gptq
