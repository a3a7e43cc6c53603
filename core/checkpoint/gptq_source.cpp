// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/checkpoint/gptq_source.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/checkpoint/gptq_packing.h"
#include "kernels/error.h"

namespace gptq {
namespace {

constexpr std::string_view kCodesSuffix = ".qweight";
constexpr std::array<std::string_view, 4> kSuffixes{kCodesSuffix, ".qzeros", ".scales", ".g_idx"};
constexpr std::int64_t kPieceWords = 1 << 18;  // read at a time

}  // namespace

namespace {

QuantScheme parseScheme(const JsonObject& json, const QuantScheme& base) {
    QuantScheme scheme = base;
    scheme.bits = static_cast<int>(json.integerOr("bits", base.bits, 1, 8));
    scheme.groupSize = json.integerOr("group_size", base.groupSize, -1, std::int64_t{1} << 24);
    scheme.symmetric = json.booleanOr("sym", base.symmetric);
    try {
        checkScheme(scheme);
    } catch (const Error& error) {
        throw Error(json.where(), ": ", error.what());
    }
    return scheme;
}

std::vector<GptqRule> parseRules(const JsonObject& dynamic, const QuantScheme& base) {
    std::vector<GptqRule> rules;
    for (const auto& [key, value] : dynamic.json().items()) {
        const bool prefixed = key.starts_with("-:") || key.starts_with("+:");
        Pattern pattern(prefixed ? key.substr(2) : key);
        if (key.starts_with("-:")) rules.push_back({std::move(pattern), std::nullopt});
        else rules.push_back({std::move(pattern), parseScheme(JsonObject(value, dynamic.where() + ": " + key), base)});
    }
    return rules;
}

}  // namespace

GptqSettings parseGptqSettings(const JsonObject& quantization) {
    GptqSettings settings;
    if (!quantization.has("bits")) throw Error(quantization.where(), ": has no 'bits'");
    settings.scheme = parseScheme(quantization, {});
    if (const auto dynamic = quantization.objectIfAny("dynamic"))
        settings.rules = parseRules(*dynamic, settings.scheme);
    const std::string fallback = quantization.stringOr("format", "gptq");
    const std::string version = quantization.stringOr("checkpoint_format", fallback);
    if (version != "gptq" && version != "gptq_v2") {
        throw Error(quantization.where(), ": the GPTQ format '", version, "' cannot be read; expected gptq or gptq_v2");
    }
    settings.version = version == "gptq" ? GptqVersion::V1 : GptqVersion::V2;
    return settings;
}

std::optional<QuantScheme> GptqSettings::schemeOf(const std::string& module) const {
    for (const GptqRule& rule : rules) {
        if (rule.pattern.matchesStartOf(module)) return rule.scheme;
    }
    return scheme;
}

GptqSource::GptqSource(const std::filesystem::path& folder, const GptqSettings& settings)
    : m_settings(settings), m_tensors(folder) {
    for (const std::string& name : m_tensors.names()) {
        if (!name.ends_with(kCodesSuffix)) continue;
        const std::string module = name.substr(0, name.size() - kCodesSuffix.size());
        m_modules.emplace(module + ".weight", moduleOf(module, m_tensors.info(name)));
    }
    if (m_modules.empty())
        throw Error(folder.string(),
                    ": config.json says that the model is quantized, but no tensor is called *.qweight");
}

GptqSource::Module GptqSource::moduleOf(const std::string& name, const TensorInfo& qweight) const {
    const auto scheme = m_settings.schemeOf(name);
    if (!scheme) throw Error(describe(name + ".qweight"), ": is quantized, but config.json leaves this module float");
    const std::int64_t bits = scheme->bits;
    if (qweight.dtype != DType::Int32 || qweight.shape.rank() != 2 || qweight.shape[0] * 32 % bits != 0) {
        throw Error(describe(name + ".qweight"), ": expected int32 words of ", bits, "-bit codes, found ",
                    nameOf(qweight.dtype), " ", nameOf(qweight.shape));
    }
    const Module module{name, qweight.shape[1], qweight.shape[0] * 32 / bits, *scheme};
    if (module.in % 32 != 0 || module.out % 32 != 0)
        throw Error(describe(name + ".qweight"), ": ", module.out, " x ", module.in, " is not in multiples of 32");
    return module;
}

std::vector<std::string> GptqSource::names() const {
    std::vector<std::string> names;
    for (const std::string& name : m_tensors.names()) {
        const bool packed = std::any_of(kSuffixes.begin(), kSuffixes.end(), [&](std::string_view suffix) {
            return name.ends_with(suffix) &&
                   m_modules.contains(name.substr(0, name.size() - suffix.size()) + ".weight");
        });
        if (!packed) names.push_back(name);
    }
    for (const auto& [name, module] : m_modules) names.push_back(name);
    std::sort(names.begin(), names.end());
    return names;
}

std::optional<TensorInfo> GptqSource::find(const std::string& name) const {
    const auto module = m_modules.find(name);
    if (module == m_modules.end()) return m_tensors.find(name);
    return TensorInfo{DType::Float16, {module->second.out, module->second.in}};
}

void GptqSource::read(const std::string& name, DType type, RowRange rows, std::span<std::byte> to) const {
    if (m_modules.contains(name)) throw Error(describe(name), ": a quantized matrix was read as ", nameOf(type));
    m_tensors.read(name, type, rows, to);
}

std::string GptqSource::describe(const std::string& name) const {
    const auto module = m_modules.find(name);
    return m_tensors.describe(module == m_modules.end() ? name : module->second.name + ".qweight");
}

void GptqSource::requireShape(const std::string& name, const Shape& shape) const {
    const auto info = m_tensors.find(name);
    if (!info) throw Error(describe(name), ": the tensor ", name, " is missing");
    if (info->shape != shape)
        throw Error(describe(name), ": has the shape ", nameOf(info->shape), ", expected ", nameOf(shape));
}

template <class T>
std::vector<T> GptqSource::readTensor(const std::string& name, DType type, const Shape& shape) const {
    requireShape(name, shape);
    std::vector<T> values(static_cast<std::size_t>(shape.elements()));
    m_tensors.read(name, type, {0, shape.rank() == 1 ? 1 : shape[0]}, std::as_writable_bytes(std::span(values)));
    return values;
}

// In pieces of whole streams of 32 codes, so that words are unpacked while the cache holds them.
void GptqSource::readCodes(const Module& module, std::vector<std::uint8_t>& codes) const {
    const std::string name = module.name + ".qweight";
    const std::int64_t bits = module.scheme.bits, wordRows = streamWords(module.in, module.scheme.bits);
    requireShape(name, {wordRows, module.out});
    codes.resize(static_cast<std::size_t>(module.out * module.in));
    const std::int64_t pieceRows = std::max(kPieceWords / module.out / bits, std::int64_t{1}) * bits;
    std::vector<std::uint32_t> words;
    for (std::int64_t row = 0; row < wordRows; row += pieceRows) {
        const std::int64_t count = std::min(pieceRows, wordRows - row);
        words.resize(static_cast<std::size_t>(count * module.out));
        m_tensors.read(name, DType::Int32, {row, count}, std::as_writable_bytes(std::span(words)));
        unpackAcross(words, module.out, count * 32 / bits, module.scheme.bits, codes.data() + row * 32 / bits,
                     module.in);
    }
}

std::vector<std::uint8_t> GptqSource::readZeros(const Module& module) const {
    const QuantScheme& scheme = module.scheme;
    const std::int64_t groups = scheme.groups(module.in);
    const auto words =
        readTensor<std::int32_t>(module.name + ".qzeros", DType::Int32, {groups, streamWords(module.out, scheme.bits)});
    auto zeros = unpackAlong({reinterpret_cast<const std::uint32_t*>(words.data()), words.size()}, groups, module.out,
                             scheme.bits);
    if (m_settings.version == GptqVersion::V2) return zeros;
    for (std::uint8_t& zero : zeros) {
        if (zero == 255)
            throw Error(describe(module.name + ".qzeros"),
                        ": a zero of 256, which an 8-bit code cannot be compared with");
        ++zero;
    }
    return zeros;
}

std::vector<std::int32_t> GptqSource::readGroups(const Module& module) const {
    const QuantScheme& scheme = module.scheme;
    if (!m_tensors.find(module.name + ".g_idx")) return {};
    auto groups = readTensor<std::int32_t>(module.name + ".g_idx", DType::Int32, {module.in});
    bool inOrder = true;
    for (std::int64_t column = 0; column < module.in; ++column)
        inOrder = inOrder && groups[static_cast<std::size_t>(column)] == column / scheme.groupColumns(module.in);
    return inOrder ? std::vector<std::int32_t>{} : groups;
}

bool GptqSource::readQuantized(const std::string& name, QuantizedMatrix& matrix) const {
    const auto found = m_modules.find(name);
    if (found == m_modules.end()) return false;
    const Module& module = found->second;
    matrix.scheme = module.scheme;
    matrix.rows = module.out;
    matrix.columns = module.in;
    readCodes(module, matrix.codes);
    matrix.scales = readTensor<Float16>(module.name + ".scales", DType::Float16, {matrix.groups(), module.out});
    matrix.zeros = readZeros(module);
    matrix.groupOfColumn = readGroups(module);
    // A checkpoint may call itself asymmetric and be symmetric, or the other way round: the zeros decide.
    const auto middle = static_cast<std::uint8_t>(matrix.scheme.middleCode());
    matrix.scheme.symmetric =
        std::all_of(matrix.zeros.begin(), matrix.zeros.end(), [&](std::uint8_t zero) { return zero == middle; });
    checkMatrix(matrix, describe(name));
    return true;
}

}  // namespace gptq
