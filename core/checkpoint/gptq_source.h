// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Reads GPTQ checkpoints, v1 and v2, ours and others': qweight, qzeros, scales, g_idx of each quantized module become its
// canonical matrix.
#pragma once

#include <filesystem>
#include <map>

#include "core/checkpoint/float_source.h"
#include "core/checkpoint/weight_source.h"
#include "core/io/json.h"
#include "core/io/pattern.h"

namespace gptq {

enum class GptqVersion : std::uint8_t { V1, V2 };  // v1 stores a zero as z - 1

// An entry of "dynamic" (GPTQModel): "-:REGEX" leaves modules float, "+:REGEX" or "REGEX" gives them another scheme. The
// first whose expression matches the start of a module's name holds.
struct GptqRule {
    Pattern pattern;
    std::optional<QuantScheme> scheme;
};

struct GptqSettings {
    QuantScheme scheme;
    std::vector<GptqRule> rules;
    GptqVersion version = GptqVersion::V1;

    std::optional<QuantScheme> schemeOf(const std::string& module) const;
};

// From quantization_config of config.json. Throws Error for what cannot be read.
GptqSettings parseGptqSettings(const JsonObject& quantization);

class GptqSource final : public WeightSource {
public:
    GptqSource(const std::filesystem::path& folder, const GptqSettings& settings);

    std::vector<std::string> names() const override;
    std::optional<TensorInfo> find(const std::string& name) const override;
    void read(const std::string& name, DType type, RowRange rows, std::span<std::byte> to) const override;
    bool readQuantized(const std::string& name, QuantizedMatrix& matrix) const override;
    std::string describe(const std::string& name) const override;

private:
    struct Module {
        std::string name;
        std::int64_t out = 0;
        std::int64_t in = 0;
        QuantScheme scheme;
    };
    Module moduleOf(const std::string& name, const TensorInfo& qweight) const;
    void readCodes(const Module& module, std::vector<std::uint8_t>& codes) const;
    std::vector<std::uint8_t> readZeros(const Module& module) const;
    std::vector<std::int32_t> readGroups(const Module& module) const;
    void requireShape(const std::string& name, const Shape& shape) const;
    template <class T>
    std::vector<T> readTensor(const std::string& name, DType type, const Shape& shape) const;

    GptqSettings m_settings;
    FloatSource m_tensors;                    // everything as it is stored
    std::map<std::string, Module> m_modules;  // by the name of the weight they stand for
};

}  // namespace gptq
