// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Keys and values of the tokens so far.
#pragma once

#include <vector>

#include "core/architecture/model_config.h"
#include "kernels/backend.h"

namespace gptq {

// Shared: all layers use one layer's room, for batches that pass through a block and never come back to it.
enum class KvLayers : std::uint8_t { Each, Shared };

class KvCache {
public:
    KvCache(Backend& backend, const ModelConfig& config, DType activations, std::int64_t sequences,
            std::int64_t capacity, KvLayers layers);

    KvView layer(std::int64_t index);
    std::int64_t capacity() const { return m_capacity; }

private:
    std::int64_t m_capacity;
    std::vector<Tensor> m_keys;
    std::vector<Tensor> m_values;
};

}  // namespace gptq
