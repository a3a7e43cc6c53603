// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/tiny_model.h"

#include <cmath>
#include <span>

#include "core/architecture/model_layout.h"
#include "core/checkpoint/safetensors_writer.h"
#include "support/model_runs.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

namespace {

std::vector<std::byte> bytesAs(StoredType type, const std::vector<float>& values) {
    const auto width = static_cast<std::size_t>(bytesOf(type));
    std::vector<std::byte> bytes(values.size() * width);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Float16 half = toFloat16(values[i]);
        const BFloat16 brain = toBFloat16(values[i]);
        const void* from = &values[i];
        if (type == StoredType::F16) from = &half;
        if (type == StoredType::BF16) from = &brain;
        std::memcpy(bytes.data() + i * width, from, width);
    }
    return bytes;
}

// Norms about 1, biases about 0, matrices so that what goes through keeps its size.
std::vector<float> valuesOf(const ExpectedTensor& tensor, std::uint64_t seed) {
    const auto columns = static_cast<double>(tensor.shape.back());
    std::size_t count = 1;
    for (const std::int64_t extent : tensor.shape) count *= static_cast<std::size_t>(extent);
    const bool isVector = tensor.shape.size() == 1;
    std::vector<float> values = randomFloats(seed, count, isVector ? 0.3 : std::sqrt(3.0 / columns));
    if (isVector && !tensor.name.ends_with(".bias")) {
        for (float& value : values) value += 1;
    }
    return values;
}

const char* torchName(StoredType type) {
    if (type == StoredType::F16) return "float16";
    return type == StoredType::BF16 ? "bfloat16" : "float32";
}

}  // namespace

Json TinyModel::config() const {
    return {{"architectures", {"LlamaForCausalLM"}},
            {"model_type", "llama"},
            {"vocab_size", vocabulary},
            {"hidden_size", hidden},
            {"intermediate_size", feedForward},
            {"num_hidden_layers", layers},
            {"num_attention_heads", heads},
            {"num_key_value_heads", kvHeads},
            {"max_position_embeddings", context},
            {"rope_theta", 10000.0},
            {"rms_norm_eps", 1e-5},
            {"hidden_act", "silu"},
            {"tie_word_embeddings", tiedHead},
            {"attention_bias", biases},
            {"mlp_bias", biases},
            {"torch_dtype", torchName(type)}};
}

void TinyModel::write(const fs::path& folder) const {
    const Json json = config();
    const Architecture& architecture = architectureOf(JsonObject(json, "the tiny model"));
    const ModelConfig parsed = architecture.parse(JsonObject(json, "the tiny model"));
    writeFile(folder / "config.json", json.dump(2));
    std::vector<TensorToWrite> tensors;
    std::uint64_t tensorSeed = seed * 1000;
    for (const ExpectedTensor& tensor : expectedTensors(parsed, architecture.names)) {
        std::vector<float> values = valuesOf(tensor, ++tensorSeed);
        if (change) change(tensor.name, values);
        tensors.push_back({tensor.name, type, tensor.shape,
                           [bytes = bytesAs(type, values)](const auto& sink) { sink(std::span(bytes)); }});
    }
    writeSafetensorsFolder(folder, tensors, std::uint64_t{1} << 30, {});
    for (const char* name : {"tokenizer.model", "tokenizer_config.json", "generation_config.json"})
        fs::copy_file(demoModel() / name, folder / name, fs::copy_options::overwrite_existing);
}

std::string demoText(std::size_t bytes) {
    return readFile(demoModel() / "calibration.txt").substr(0, bytes);
}

}  // namespace gptq::test
