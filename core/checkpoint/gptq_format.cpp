// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Hugging Face GPTQ checkpoints, v1 and v2 (GPTQModel, models/writer.py and nn_modules/qlinear):
//
//   NAME.qweight  int32 (in * bits / 32, out)    NAME.qzeros  int32 (groups, out * bits / 32), v1 holds z - 1
//   NAME.scales   float16 (groups, out)          NAME.g_idx   int32 (in), the group of each input
#include <algorithm>
#include <array>

#include "core/checkpoint/checkpoint.h"
#include "core/checkpoint/checkpoint_format.h"
#include "core/checkpoint/gptq_packing.h"
#include "core/checkpoint/gptq_source.h"
#include "core/checkpoint/safetensors_writer.h"
#include "core/io/durable_file.h"
#include "kernels/error.h"

namespace gptq {
namespace {

constexpr std::int64_t kCopyBytes = 8 << 20;  // rows of float tensors are carried over in pieces of about this size

template <class T>
TensorToWrite tensorOf(std::string name, StoredType type, std::vector<std::int64_t> shape,
                       std::function<std::vector<T>()> values) {
    return {std::move(name), type, std::move(shape),
            [values = std::move(values)](const auto& sink) { sink(std::as_bytes(std::span<const T>(values()))); }};
}

StoredType storedTypeOf(DType type) {
    switch (type) {
        case DType::Float32: return StoredType::F32;
        case DType::Float16: return StoredType::F16;
        case DType::BFloat16: return StoredType::BF16;
        case DType::Int32: return StoredType::I32;
        case DType::UInt8: return StoredType::U8;
        default: throw Error("a tensor of ", nameOf(type), " cannot be written");
    }
}

TensorToWrite floatTensor(const WeightSource& source, const std::string& name) {
    const TensorInfo info = source.info(name);
    std::vector<std::int64_t> shape;
    for (int d = 0; d < info.shape.rank(); ++d) shape.push_back(info.shape[d]);
    const auto produce = [&source, name, info](const std::function<void(std::span<const std::byte>)>& sink) {
        const std::int64_t rows = info.shape.rank() < 2 ? 1 : info.shape[0];
        const std::int64_t rowBytes =
            rows == 0 ? 0 : info.shape.elements() / rows * static_cast<std::int64_t>(bytesOf(info.dtype));
        const std::int64_t piece =
            std::clamp<std::int64_t>(rowBytes == 0 ? rows : kCopyBytes / rowBytes, 1, std::max<std::int64_t>(rows, 1));
        std::vector<std::byte> bytes;
        for (std::int64_t row = 0; row < rows; row += piece) {
            const std::int64_t count = std::min(piece, rows - row);
            bytes.resize(static_cast<std::size_t>(count * rowBytes));
            source.read(name, info.dtype, {row, count}, bytes);
            sink(bytes);
        }
    };
    return {name, storedTypeOf(info.dtype), std::move(shape), produce};
}

class GptqFormat final : public CheckpointFormat {
public:
    explicit GptqFormat(GptqVersion version) : m_version(version) {}

    std::string_view name() const override { return m_version == GptqVersion::V1 ? "gptq" : "gptq-v2"; }

    bool detects(const JsonObject& config) const override {
        const auto quantization = config.objectIfAny("quantization_config");
        return quantization && quantization->stringOr("quant_method", "") == "gptq" &&
               parseGptqSettings(*quantization).version == m_version;
    }

    QuantizedCheckpoint read(const std::filesystem::path& folder, const JsonObject& config) const override {
        const GptqSettings settings = parseGptqSettings(config.object("quantization_config"));
        return {std::make_unique<GptqSource>(folder, settings), settings.scheme};
    }

    std::optional<std::string> refuses(const std::vector<ModuleScheme>& modules) const override {
        for (const ModuleScheme& entry : modules) {
            if (!entry.scheme || entry.scheme->symmetric || m_version == GptqVersion::V2) continue;
            return "GPTQ v1 stores each zero less one and cannot hold a zero of 0, which asymmetric weights may need. "
                   "Use the format gptq-v2";
        }
        return std::nullopt;
    }

    void write(const WriteRequest& request) const override {
        std::vector<TensorToWrite> tensors;
        for (const std::string& name : request.weights.names()) {
            const auto entry = std::find_if(request.modules.begin(), request.modules.end(),
                                            [&](const ModuleScheme& module) { return module.module.weight() == name; });
            if (entry != request.modules.end() && entry->scheme)
                addQuantized(request.weights, entry->module, *entry->scheme, tensors);
            else tensors.push_back(floatTensor(request.weights, name));
        }
        writeSafetensorsFolder(request.folder, tensors, request.shardBytes, {});
        writeConfig(request);
        copyCompanionFiles(request.original.folder, request.folder);
    }

private:
    QuantizedMatrix matrixOf(const WeightSource& source, const std::string& name) const {
        auto matrix = source.quantized(name);
        if (!matrix) throw Error(source.describe(name), ": was to be written quantized, but is not");
        return std::move(*matrix);
    }

    std::vector<std::uint32_t> packedZeros(const QuantizedMatrix& matrix, const std::string& name) const {
        std::vector<std::uint8_t> zeros = matrix.zeros;
        if (m_version == GptqVersion::V1) {
            for (std::uint8_t& zero : zeros) {
                if (zero == 0)
                    throw Error(name, ": has a zero of 0, which GPTQ v1 cannot hold. Use the format gptq-v2");
                --zero;
            }
        }
        return packAlong(zeros, matrix.groups(), matrix.rows, matrix.scheme.bits);
    }

    void addQuantized(const WeightSource& source, const LinearModule& module, const QuantScheme& scheme,
                      std::vector<TensorToWrite>& tensors) const {
        const std::int64_t groups = scheme.groups(module.in);
        const std::string weight = module.weight();
        tensors.push_back(
            tensorOf<std::int32_t>(module.name + ".g_idx", StoredType::I32, {module.in}, [this, &source, weight] {
                const QuantizedMatrix matrix = matrixOf(source, weight);
                std::vector<std::int32_t> groupOfColumn;
                for (std::int64_t column = 0; column < matrix.columns; ++column)
                    groupOfColumn.push_back(matrix.groupOf(column));
                return groupOfColumn;
            }));
        tensors.push_back(tensorOf<std::uint32_t>(
            module.name + ".qweight", StoredType::I32, {streamWords(module.in, scheme.bits), module.out},
            [this, &source, weight] {
                const QuantizedMatrix matrix = matrixOf(source, weight);
                return packAcross(matrix.codes, matrix.rows, matrix.columns, matrix.scheme.bits);
            }));
        tensors.push_back(tensorOf<std::uint32_t>(
            module.name + ".qzeros", StoredType::I32, {groups, streamWords(module.out, scheme.bits)},
            [this, &source, weight] { return packedZeros(matrixOf(source, weight), weight); }));
        tensors.push_back(tensorOf<Float16>(module.name + ".scales", StoredType::F16, {groups, module.out},
                                            [this, &source, weight] { return matrixOf(source, weight).scales; }));
    }

    Json quantizationConfig(const WriteRequest& request) const {
        const char* version = m_version == GptqVersion::V1 ? "gptq" : "gptq_v2";
        Json config{{"bits", request.scheme.bits},
                    {"group_size", request.scheme.groupSize},
                    {"desc_act", false},
                    {"sym", request.scheme.symmetric},
                    {"lm_head", false},
                    {"quant_method", "gptq"},
                    {"format", version},
                    {"checkpoint_format", version},
                    {"pack_dtype", "int32"}};
        for (const ModuleScheme& entry : request.modules) {
            if (entry.scheme == request.scheme) continue;
            // GPTQModel's rules match module names; one exact rule a module means the same to every reader.
            const std::string pattern = text("^", escaped(entry.module.name), "$");
            if (!entry.scheme) config["dynamic"]["-:" + pattern] = Json::object();
            else
                config["dynamic"]["+:" + pattern] = {{"bits", entry.scheme->bits},
                                                     {"group_size", entry.scheme->groupSize},
                                                     {"sym", entry.scheme->symmetric}};
        }
        config["meta"] = request.recipe;
        return config;
    }

    static std::string escaped(const std::string& name) {
        std::string pattern;
        for (const char c : name) pattern.append(c == '.' ? "\\" : "").push_back(c);
        return pattern;
    }

    void writeConfig(const WriteRequest& request) const {
        const Json quantization = quantizationConfig(request);
        Json config = request.original.configJson;
        config["quantization_config"] = quantization;
        writeJson(request.folder / "config.json", config);
        writeJson(request.folder / "quantize_config.json", quantization);
    }

    static void writeJson(const std::filesystem::path& path, const Json& json) {
        FileWriter file(path);
        file.write(json.dump(2) + "\n");
        file.finish();
    }

    GptqVersion m_version;
};

}  // namespace

const CheckpointFormat& gptqFormat() {
    static const GptqFormat format(GptqVersion::V1);
    return format;
}

const CheckpointFormat& gptqV2Format() {
    static const GptqFormat format(GptqVersion::V2);
    return format;
}

}  // namespace gptq
