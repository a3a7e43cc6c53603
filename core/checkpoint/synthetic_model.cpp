// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/synthetic_model.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <map>
#include <random>
#include <span>

#include "core/architecture/model_layout.h"
#include "kernels/convert_floats.h"
#include "kernels/error.h"

namespace gptq {
namespace {

struct SyntheticShape {
    const char* name;
    const char* architecture;
    const char* dtype;
    std::int64_t hidden, feedForward, layers, heads, kvHeads, headSize, vocabulary, context;
    double ropeBase;
    bool tied;
};

// As the models' own config.json files have them; llama-175b has OPT-175B's size with gated feed-forward.
constexpr SyntheticShape kShapes[] = {
    {"smollm2-135m", "LlamaForCausalLM", "float16", 576, 1536, 30, 9, 3, 64, 49152, 8192, 1e5, true},
    {"llama-3.2-1b", "LlamaForCausalLM", "float16", 2048, 8192, 16, 32, 8, 64, 128256, 131072, 5e5, true},
    {"llama-2-7b", "LlamaForCausalLM", "float16", 4096, 11008, 32, 32, 32, 128, 32000, 4096, 1e4, false},
    {"qwen2.5-7b", "Qwen2ForCausalLM", "bfloat16", 3584, 18944, 28, 28, 4, 128, 152064, 32768, 1e6, false},
    {"llama-3-8b", "LlamaForCausalLM", "float16", 4096, 14336, 32, 32, 8, 128, 128256, 8192, 5e5, false},
    {"llama-3-70b", "LlamaForCausalLM", "float16", 8192, 28672, 80, 64, 8, 128, 128256, 8192, 5e5, false},
    {"llama-175b", "LlamaForCausalLM", "float16", 12288, 49152, 96, 96, 96, 128, 32000, 2048, 1e4, false},
};

// Random bytes that tensors are cut from, each at a place that its name decides: cheap, and the same on every run.
class RandomPool {
public:
    RandomPool() : m_bytes(kSize) {
        std::mt19937_64 random(20220101);
        for (std::size_t i = 0; i < kSize; i += 8) {
            const std::uint64_t word = random();
            std::memcpy(&m_bytes[i], &word, 8);
        }
    }

    // Hands `part` the first `count` bytes of the stream that begins at `seed`, piece by piece as they lie here.
    template <class Part>
    void stream(std::uint64_t seed, std::size_t count, const Part& part) const {
        for (std::size_t from = seed % kSize; count > 0; from = 0) {
            const std::size_t piece = std::min(count, kSize - from);
            part(std::span(m_bytes).subspan(from, piece));
            count -= piece;
        }
    }
    // The same bytes in place of what `to` holds.
    void take(std::uint64_t seed, std::size_t count, std::vector<std::uint8_t>& to) const {
        to.clear();
        to.reserve(count);
        stream(seed, count,
               [&to](std::span<const std::uint8_t> piece) { to.insert(to.end(), piece.begin(), piece.end()); });
    }
    // Every byte less than 2^bits from here on.
    void keepBits(int bits) {
        for (std::uint8_t& byte : m_bytes) byte &= static_cast<std::uint8_t>((1 << bits) - 1);
    }

private:
    static constexpr std::size_t kSize = (std::size_t{16} << 20) + 40;  // no multiple of a row's length
    std::vector<std::uint8_t> m_bytes;
};

class SyntheticSource final : public WeightSource {
public:
    SyntheticSource(const ModelConfig& config, const TensorNames& names, DType dtype, std::optional<QuantScheme> scheme)
        : m_dtype(dtype), m_scheme(scheme) {
        for (const ExpectedTensor& tensor : expectedTensors(config, names)) {
            m_shapes[tensor.name] =
                tensor.shape.size() == 1 ? Shape{tensor.shape[0]} : Shape{tensor.shape[0], tensor.shape[1]};
        }
        for (std::int64_t layer = 0; scheme && layer < config.layers; ++layer) {
            for (const LinearModule& module : blockLayout(config, names, layer).modules()) {
                if (module.quantizable()) m_quantized[module.weight()] = module;
            }
        }
        if (scheme) m_codes.keepBits(scheme->bits);
    }

    std::vector<std::string> names() const override {
        std::vector<std::string> all;
        for (const auto& [name, shape] : m_shapes) all.push_back(name);
        return all;
    }
    std::optional<TensorInfo> find(const std::string& name) const override {
        const auto found = m_shapes.find(name);
        return found == m_shapes.end() ? std::nullopt : std::optional(TensorInfo{m_dtype, found->second});
    }
    std::string describe(const std::string& name) const override { return "synthetic model: " + name; }

    void read(const std::string& name, DType type, RowRange rows, std::span<std::byte> to) const override {
        const Shape shape = info(name).shape;
        const std::uint64_t begin = seedOf(name) + static_cast<std::uint64_t>(rows.first * shape[shape.rank() - 1]);
        // Norms near 1; matrices of a size that keeps activations in range.
        const float middle = shape.rank() == 1 ? 1.0f : 0.0f, step = shape.rank() == 1 ? 0.001f : 0.0003f;
        std::array<float, 256> values;
        for (std::size_t byte = 0; byte < values.size(); ++byte)
            values[byte] = middle + (static_cast<float>(byte) - 127.5f) * step;
        const auto fill = [&]<class Bits>(Bits) {
            std::array<Bits, 256> valueOfByte;
            convertFloats(DType::Float32, reinterpret_cast<const std::byte*>(values.data()), type,
                          reinterpret_cast<std::byte*>(valueOfByte.data()), values.size());
            std::byte* out = to.data();
            m_pool.stream(begin, to.size() / sizeof(Bits), [&](std::span<const std::uint8_t> bytes) {
                for (const std::uint8_t byte : bytes) {
                    std::memcpy(out, &valueOfByte[byte], sizeof(Bits));
                    out += sizeof(Bits);
                }
            });
        };
        bytesOf(type) == 2 ? fill(std::uint16_t{}) : fill(std::uint32_t{});
    }

    bool readQuantized(const std::string& name, QuantizedMatrix& matrix) const override {
        const auto found = m_quantized.find(name);
        if (found == m_quantized.end()) return false;
        matrix.scheme = *m_scheme;
        matrix.rows = found->second.out;
        matrix.columns = found->second.in;
        matrix.groupOfColumn.clear();
        const std::uint64_t seed = seedOf(name);
        m_codes.take(seed, static_cast<std::size_t>(matrix.rows * matrix.columns), matrix.codes);
        const auto grids = static_cast<std::size_t>(matrix.groups() * matrix.rows);
        takeScales(seed, grids, matrix.scales);
        if (m_scheme->symmetric) matrix.zeros.assign(grids, static_cast<std::uint8_t>(m_scheme->middleCode()));
        else m_codes.take(seed + 1, grids, matrix.zeros);
        return true;
    }

private:
    void takeScales(std::uint64_t seed, std::size_t count, std::vector<Float16>& scales) const {
        const float middle = 0.04f / static_cast<float>(m_scheme->topCode());
        std::array<Float16, 256> scaleOfByte;
        for (std::size_t byte = 0; byte < scaleOfByte.size(); ++byte)
            scaleOfByte[byte] = toFloat16(middle * (0.75f + static_cast<float>(byte) / 512.0f));
        scales.resize(count);
        auto scale = scales.begin();
        m_pool.stream(seed, count, [&](std::span<const std::uint8_t> bytes) {
            for (const std::uint8_t byte : bytes) *scale++ = scaleOfByte[byte];
        });
    }
    static std::uint64_t seedOf(const std::string& name) {
        std::uint64_t hash = 14695981039346656037u;  // FNV-1a
        for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
        return hash >> 32;
    }

    DType m_dtype;
    std::optional<QuantScheme> m_scheme;
    std::map<std::string, Shape> m_shapes;
    std::map<std::string, LinearModule> m_quantized;
    RandomPool m_pool, m_codes;
};

Json configOf(const SyntheticShape& shape, std::int64_t layers) {
    return {{"architectures", {shape.architecture}},
            {"hidden_size", shape.hidden},
            {"intermediate_size", shape.feedForward},
            {"num_hidden_layers", layers},
            {"num_attention_heads", shape.heads},
            {"num_key_value_heads", shape.kvHeads},
            {"head_dim", shape.headSize},
            {"vocab_size", shape.vocabulary},
            {"max_position_embeddings", shape.context},
            {"rope_theta", shape.ropeBase},
            {"rms_norm_eps", 1e-5},
            {"tie_word_embeddings", shape.tied}};
}

}  // namespace

std::vector<std::string> syntheticShapes() {
    std::vector<std::string> names;
    for (const SyntheticShape& shape : kShapes) names.emplace_back(shape.name);
    return names;
}

Checkpoint syntheticModel(const std::string& name, std::optional<QuantScheme> scheme) {
    const std::string base = name.substr(0, name.find(':'));
    const auto* shape =
        std::find_if(std::begin(kShapes), std::end(kShapes), [&](const SyntheticShape& s) { return base == s.name; });
    std::string known;
    for (const SyntheticShape& s : kShapes) known += (known.empty() ? "" : ", ") + std::string(s.name);
    if (shape == std::end(kShapes)) throw Error("there is no shape '", base, "'. Shapes: ", known);
    std::int64_t layers = shape->layers;
    if (base.size() < name.size()) {
        const char* end = name.data() + name.size();
        const auto parsed = std::from_chars(name.data() + base.size() + 1, end, layers);
        if (parsed.ec != std::errc{} || parsed.ptr != end || layers < 1 || layers > shape->layers) {
            throw Error("'", name, "': after the colon comes a number of blocks, from 1 to ", shape->layers);
        }
    }
    Checkpoint model;
    model.folder = name;
    model.configJson = configOf(*shape, layers);
    const JsonObject config(model.configJson, name);
    model.architecture = &architectureOf(config);
    model.config = model.architecture->parse(config);
    model.dtype = std::string_view(shape->dtype) == "bfloat16" ? DType::BFloat16 : DType::Float16;
    model.format = "synthetic";
    model.scheme = scheme;
    model.weights = std::make_unique<SyntheticSource>(model.config, model.names(), model.dtype, scheme);
    return model;
}

}  // namespace gptq
