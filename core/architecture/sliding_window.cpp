// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which layers see only a window of the past, as transformers' configurations say it.
#include "core/architecture/architectures.h"

namespace gptq {

std::vector<std::int64_t> parseWindows(const JsonObject& config, std::int64_t layers, std::int64_t firstLayer) {
    if (!config.has("sliding_window")) return {};
    const std::int64_t window = config.integer("sliding_window", 1, std::int64_t{1} << 32);
    std::vector<std::int64_t> windows(static_cast<std::size_t>(layers));
    if (!config.has("layer_types")) {
        for (std::int64_t layer = firstLayer; layer < layers; ++layer)
            windows[static_cast<std::size_t>(layer)] = window;
        return windows;
    }
    const Json& types = config.json().at("layer_types");
    if (!types.is_array() || types.size() != windows.size()) {
        throw Error(config.where(), ": 'layer_types' must be a list with one entry for each of the ", layers,
                    " layers");
    }
    for (std::size_t layer = 0; layer < windows.size(); ++layer) {
        const std::string type = types[layer].is_string() ? types[layer].get<std::string>() : types[layer].dump();
        if (type == "sliding_attention") windows[layer] = window;
        else if (type != "full_attention")
            throw Error(config.where(), ": the attention '", type, "' of layer ", layer, " is not supported");
    }
    return windows;
}

}  // namespace gptq
