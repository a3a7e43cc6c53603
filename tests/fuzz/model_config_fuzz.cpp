// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Any config.json is refused with an Error, or describes a model whose parts agree; the same of the quantization it may hold.
#include <cmath>

#include "core/architecture/model_layout.h"
#include "core/architecture/rotary_config.h"
#include "core/checkpoint/gptq_source.h"
#include "fuzz/fuzz_target.h"

namespace gptq::test {

static std::string config(const std::string& className, const std::string& more) {
    return R"({"architectures":[")" + className +
           R"("],"hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,)" +
           R"("num_key_value_heads":2,"intermediate_size":96,"vocab_size":100,"max_position_embeddings":512,)" +
           R"("rms_norm_eps":1e-05,"hidden_act":"silu",)" + more + "}";
}

std::vector<std::string> fuzzSeeds() {
    return {
        config("LlamaForCausalLM",
               R"("tie_word_embeddings":true,"head_dim":16,"attention_bias":false,"rope_theta":10000.0,"rope_scaling":{
                  "rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,
                  "original_max_position_embeddings":128})"),
        config("Qwen2ForCausalLM",
               R"("use_sliding_window":true,"sliding_window":32,"max_window_layers":1,"rope_scaling":{"type":"yarn",
                  "factor":4.0,"original_max_position_embeddings":128,"beta_fast":32,"beta_slow":1,"truncate":false})"),
        config("MistralForCausalLM", R"("sliding_window":64,"layer_types":["full_attention","sliding_attention"])"),
        config("Qwen3ForCausalLM",
               R"("head_dim":32,"quantization_config":{"quant_method":"gptq","bits":4,"group_size":128,"sym":true,
                  "desc_act":false,"checkpoint_format":"gptq_v2","dynamic":{"-:.*down_proj.*":{},
                  "+:model\\.layers\\.1\\..*":{"bits":8,"group_size":32,"sym":false}}})"),
        R"({"model_type":"llama","quantization_config":{"bits":"4","group_size":-1}})"};
}

static void checkModel(const Architecture& architecture, const ModelConfig& model) {
    const AttentionSpec& attention = model.attention.spec;
    require(model.layers > 0 && model.hidden > 0 && model.vocabulary > 0 && model.context > 0,
            "a size is not positive");
    require(attention.kvHeads > 0 && attention.headSize > 0 && attention.heads % attention.kvHeads == 0,
            "heads do not share out");
    require(model.windows.empty() || static_cast<std::int64_t>(model.windows.size()) == model.layers,
            "a layer has no window");
    require(model.rotary.width <= attention.headSize && model.rotary.width % 2 == 0, "more turns than a head has");
    if (model.rotary.width <= 1024) {
        const RotaryAngles angles = rotaryAngles(model.rotary);
        require(static_cast<std::int64_t>(angles.frequencies.size()) == model.rotary.width / 2, "angles are missing");
        for (const float frequency : angles.frequencies) require(std::isfinite(frequency), "an angle is not finite");
    }
    for (const std::int64_t layer : {std::int64_t{0}, model.layers - 1}) {
        for (const LinearModule& module : blockLayout(model, architecture.names, layer).modules())
            require(module.in > 0 && module.out > 0, "a matrix has no elements");
    }
    require(parameterCount(model, architecture.names) > 0, "parameters overflow");
}

}  // namespace gptq::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gptq;
    test::attempt([&] {
        const Json json = parseJson(test::textOf(data, size), "fuzz");
        if (!json.is_object()) return;
        const JsonObject config(json, "fuzz");
        test::attempt([&] {
            const Architecture& architecture = architectureOf(config);
            test::checkModel(architecture, architecture.parse(config));
        });
        const GptqSettings settings = parseGptqSettings(config.object("quantization_config"));
        for (const char* name : {"model.layers.1.mlp.down_proj", ""}) {
            if (const auto scheme = settings.schemeOf(name)) checkScheme(*scheme);
        }
    });
    return 0;
}
