// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/model/kv_cache.h"

namespace gptq {

KvCache::KvCache(Backend& backend, const ModelConfig& config, DType activations, std::int64_t sequences,
                 std::int64_t capacity, KvLayers layers)
    : m_capacity(capacity) {
    const Shape shape{sequences * capacity, config.attention.spec.kvWidth()};
    const std::int64_t count = layers == KvLayers::Shared ? 1 : config.layers;
    for (std::int64_t i = 0; i < count; ++i) {
        m_keys.push_back(backend.allocate(activations, shape));
        m_values.push_back(backend.allocate(activations, shape));
    }
}

KvView KvCache::layer(std::int64_t index) {
    const auto at = m_keys.size() == 1 ? 0 : static_cast<std::size_t>(index);
    return {m_keys.at(at).view(), m_values.at(at).view(), m_capacity};
}

}  // namespace gptq
