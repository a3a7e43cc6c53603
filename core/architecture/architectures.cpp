// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/architecture/architectures.h"

namespace gptq {

const std::vector<Architecture>& architectures() {
    static const std::vector<Architecture> table{kLlama, kMistral, kQwen2, kQwen3};
    return table;
}

std::string nameInLayer(const std::string& pattern, std::int64_t layer) {
    const auto at = pattern.find("{}");
    return at == std::string::npos ? pattern : pattern.substr(0, at) + std::to_string(layer) + pattern.substr(at + 2);
}

const Architecture& architectureOf(const JsonObject& config) {
    std::string className;
    if (config.has("architectures")) {
        const Json& list = config.json().at("architectures");
        if (!list.is_array() || list.empty() || !list.front().is_string()) {
            throw Error(config.where(), ": 'architectures' must be a list of names");
        }
        className = list.front().get<std::string>();
    }
    const std::string modelType = config.stringOr("model_type", "");
    std::string supported;
    for (const Architecture& row : architectures()) {
        if (className.empty() ? row.modelType == modelType : row.className == className) return row;
        supported += (supported.empty() ? "" : ", ") + std::string(row.className);
    }
    if (className.empty() && modelType.empty())
        throw Error(config.where(), ": names no architecture ('architectures', 'model_type'). Supported: ", supported);
    throw Error(config.where(), ": the architecture ", className.empty() ? modelType : className,
                " is not supported. Supported: ", supported);
}

}  // namespace gptq
