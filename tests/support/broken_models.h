// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Models, texts and outputs that must be refused, each with the words that its message owes the user.
#pragma once

#include <QStringList>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/io/json.h"
#include "support/tiny_model.h"

namespace gptq::test {

// What a command is given. All of it lies in one folder, and the output's parent is not there yet.
struct Scene {
    explicit Scene(const std::filesystem::path& root);

    std::filesystem::path root;
    std::filesystem::path model;   // a sound tiny model, to begin with
    std::filesystem::path text;    // some hundred tokens of prose
    std::filesystem::path output;  // not there
    QStringList options;           // of the quantization, beyond those that suit a tiny model
};

struct BadInput {
    const char* name;
    std::function<void(Scene&)> prepare;  // breaks one thing
    QStringList words;                    // each is in the message
};

std::vector<BadInput> brokenConfigs();
std::vector<BadInput> brokenWeights();      // what their headers give away
std::vector<BadInput> brokenShards();       // weights in several files, and their index
std::vector<BadInput> damagedValues();      // NaN or infinity in a tensor
std::vector<BadInput> overflowingModels();  // finite weights, activations that are not; the last one in the last block
std::vector<BadInput> brokenTokenizers();
std::vector<BadInput> brokenTokenizerDocuments();  // tokenizer.json
std::vector<BadInput> brokenVocabularies();        // vocab.json and merges.txt
std::vector<BadInput> badTexts();
std::vector<BadInput> badRecords();      // .jsonl and .json texts
std::vector<BadInput> badCompression();  // .gz texts
std::vector<BadInput> badOutputs();

// Edits of a sound model.
void editJson(const std::filesystem::path& file, const std::function<void(Json&)>& edit);
void editHeader(const std::filesystem::path& safetensors, const std::function<void(Json&)>& edit);
// Splits model.safetensors as large models are: two shards and an index.
void splitIntoShards(const std::filesystem::path& model);
// Sound tokenizers of the other kinds, in the place of the demo's.
void useTokenizerJson(const std::filesystem::path& model);
void useVocabAndMerges(const std::filesystem::path& model);
// A model whose header promises all tensors and whose data is one hole: its files take no room on the disk.
void writeHollow(const TinyModel& model, const std::filesystem::path& folder);

}  // namespace gptq::test
