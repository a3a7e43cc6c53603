// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <utility>

#include "core/checkpoint/safetensors.h"
#include "core/io/json.h"
#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

bool isThere(const fs::path& path) {
    std::error_code failure;
    return fs::exists(path, failure);
}

// What else is there that a user may take for the weights.
std::string hintFrom(const fs::path& folder) {
    bool hasBin = false;
    bool hasGguf = false;
    bool hasShard = false;
    std::error_code failure;
    for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure)) {
        const fs::path name = entry->path().filename();
        hasBin = hasBin || (name.extension() == ".bin" && name.string().starts_with("pytorch_model"));
        hasBin = hasBin || name.extension() == ".pth";
        hasGguf = hasGguf || name.extension() == ".gguf";
        hasShard = hasShard || name.extension() == ".safetensors";
    }
    if (hasShard)
        return "; there are other .safetensors files: download the index too, or name a single file model.safetensors";
    if (hasBin)
        return "; PyTorch's .bin and .pth files are not supported: get the model's safetensors files or convert them";
    if (hasGguf) return "; a .gguf file is there: give that file instead of the folder";
    return "; download the model again";
}

[[noreturn]] void refuseWithoutWeights(const fs::path& folder) {
    std::error_code failure;
    if (!isThere(folder)) throw Error(folder.string(), ": there is no such folder");
    if (!fs::is_directory(folder, failure)) throw Error(folder.string(), " is a file; a model folder was expected");
    throw Error(folder.string(), " has no weights: looked for ", kSingleFile, " and ", kIndexFile, hintFrom(folder));
}

// Shards lie beside their index: a name with a folder in it would read files that are not the model's.
void checkShardName(const std::string& name, const std::string& tensor, const std::string& index) {
    const auto isControl = [](char c) { return static_cast<unsigned char>(c) < ' '; };
    if (name.empty() || name == "." || name == ".." || name.find_first_of("/\\") != std::string::npos ||
        std::any_of(name.begin(), name.end(), isControl)) {
        throw Error(index, ": the tensor ", shown(tensor), " is said to be in ", shown(name),
                    ", which is no plain file name; ", "shards must lie in the model's own folder");
    }
}

// Tensor to shard, as the index says it.
std::map<std::string, std::string> readIndex(const fs::path& path) {
    const Json json = readJson(path);
    const JsonObject weightMap = JsonObject(json, path.string()).object("weight_map");
    std::map<std::string, std::string> shards;
    for (const auto& [tensor, shard] : weightMap.json().items()) {
        if (!shard.is_string()) {
            throw Error(weightMap.where(), ": the file of ", shown(tensor), " must be a string, but it is ",
                        shown(shard));
        }
        checkShardName(shard.get<std::string>(), tensor, path.string());
        shards[tensor] = shard.get<std::string>();
    }
    if (shards.empty()) throw Error(path.string(), ": weight_map is empty; download the file again");
    return shards;
}

void requireShards(const fs::path& folder, const std::map<std::string, const SafetensorsFile*>& shards) {
    std::vector<std::string> missing;
    for (const auto& [shard, file] : shards) {
        if (!isThere(folder / shard)) missing.push_back(shard);
    }
    if (missing.empty()) return;
    const std::string others = missing.size() == 1 ? "" : text(" (and ", missing.size() - 1, " more)");
    throw Error((folder / missing.front()).string(), others, " is missing, though ", kIndexFile,
                " names it; download the model again");
}

}  // namespace

SafetensorsFolder::SafetensorsFolder(const fs::path& folder) {
    const auto open = [this](const fs::path& path) {
        m_paths.push_back(path);
        return m_files.emplace_back(std::make_unique<SafetensorsFile>(openFile(path))).get();
    };
    if (isThere(folder / kSingleFile)) {
        const SafetensorsFile* file = open(folder / kSingleFile);
        for (const auto& [name, tensor] : file->tensors()) m_entries[name] = {file, &tensor};
        if (m_entries.empty()) throw Error(file->name(), " holds no tensors; download the file again");
        return;
    }
    if (!isThere(folder / kIndexFile)) refuseWithoutWeights(folder);
    const std::map<std::string, std::string> index = readIndex(folder / kIndexFile);
    std::map<std::string, const SafetensorsFile*> shards;
    for (const auto& [tensor, shard] : index) shards[shard] = nullptr;
    requireShards(folder, shards);
    for (auto& [shard, file] : shards) file = open(folder / shard);
    for (const auto& [name, shard] : index) {
        const SafetensorsFile* file = shards[shard];
        const auto found = file->tensors().find(name);
        if (found == file->tensors().end()) {
            throw Error(file->name(), ": the tensor ", shown(name), " is missing, though ", kIndexFile,
                        " says it is here; the files belong to different models or are damaged: download them again");
        }
        m_entries[name] = {file, &found->second};
    }
}

const SafetensorsFolder::Entry* SafetensorsFolder::find(const std::string& name) const {
    const auto found = m_entries.find(name);
    return found == m_entries.end() ? nullptr : &found->second;
}

}  // namespace gptq
