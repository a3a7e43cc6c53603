// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The components of a tokenizer.json around its model. What is not understood is an Error with the file and the component.
#pragma once

#include <optional>

#include "core/io/json.h"
#include "core/text/bpe_decoder.h"
#include "core/text/bpe_model.h"
#include "core/text/bpe_normalizer.h"
#include "core/text/bpe_pre_tokenizer.h"
#include "core/text/bpe_vocabulary.h"

namespace gptq {

// Each takes the whole document.
BpeNormalizer readNormalizer(const JsonObject& document);
struct PreTokenizerRead {
    BpePreTokenizer preTokenizer;
    BpeUnits units = BpeUnits::Characters;  // Bytes where it turns a text into bytes
};
PreTokenizerRead readPreTokenizer(const JsonObject& document);
DecoderKind readDecoder(const JsonObject& document);
// The token that the post-processor puts in front; what it puts behind is left out, as the end is what a model writes.
std::optional<TokenId> readOpeningToken(const JsonObject& document, const BpeVocabulary& vocabulary);

}  // namespace gptq
