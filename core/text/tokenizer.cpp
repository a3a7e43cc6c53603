// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/text/tokenizer.h"

#include "core/text/bpe_files.h"
#include "core/text/sentencepiece_tokenizer.h"
#include "core/text/tokenizer_settings.h"
#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

// Where a folder has both, tokenizer.json may hold tokens that were added after tokenizer.model was made; a tokenizer.json
// of another kind than BPE was made from tokenizer.model, which says the same.
std::unique_ptr<Tokenizer> loadTokenizer(const fs::path& modelFolder, int threads) {
    const auto has = [&modelFolder](const char* name) {
        std::error_code failure;
        return fs::exists(modelFolder / name, failure);
    };
    const fs::path document = modelFolder / "tokenizer.json";
    const fs::path pieces = modelFolder / "tokenizer.model";
    TokenizerSettings settings = readTokenizerSettings(modelFolder);
    settings.threads = threads;
    if (has("tokenizer.json")) {
        if (auto tokenizer = readTokenizerJson(document, settings)) return tokenizer;
        if (!has("tokenizer.model")) {
            throw Error(document.string(),
                        ": 'model' is of a type that is not supported; only BPE is, and SentencePiece ",
                        "models (tokenizer.model)");
        }
    }
    if (has("tokenizer.model")) {
        // Llama's tokenizers put BOS in front where their configuration does not say.
        const Opening opening = settings.addsBos.value_or(true) ? Opening::Bos : Opening::None;
        return std::make_unique<SentencePieceTokenizer>(pieces, opening, settings.endTokens);
    }
    if (has("vocab.json") && has("merges.txt")) return readVocabAndMerges(modelFolder, settings);
    throw Error(modelFolder.string(),
                " has no tokenizer: looked for tokenizer.json, tokenizer.model, and vocab.json with ",
                "merges.txt; copy the tokenizer's files from where the model came from");
}

}  // namespace gptq
