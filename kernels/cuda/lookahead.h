// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Which weights a step reads next. A step runs once before it is recorded (CudaBackend::record), so while it is recorded the order of its
// products is known. Where kernels cannot be chained (launch.h), memory idles between the end of one and the first reads of the next;
// what a product asks for ahead, as it ends, comes into the L2 cache meanwhile.
#pragma once

#include <cstddef>
#include <vector>

namespace gptq {

struct ComingWeights {
    const std::byte* data = nullptr;
    std::size_t bytes = 0;
};

class Lookahead {
public:
    // A step's products follow: once to be learned, then, again, to be told what comes after each. Until end().
    void learn() {
        m_products.clear();
        m_state = State::Learns;
    }
    void tell() {
        m_at = 0;
        m_state = State::Tells;
    }
    void end() { m_state = State::Idle; }

    // A product that reads these; what the one after it reads, nothing where that is not known.
    ComingWeights pass(const ComingWeights& weights) {
        if (m_state == State::Learns) m_products.push_back(weights);
        if (m_state != State::Tells) return {};
        if (m_at < m_products.size() && m_products[m_at].data == weights.data) ++m_at;
        else end();  // another step than the one that was learned
        return m_state == State::Tells && m_at < m_products.size() ? m_products[m_at] : ComingWeights{};
    }

private:
    enum class State { Idle, Learns, Tells };
    State m_state = State::Idle;
    std::vector<ComingWeights> m_products;
    std::size_t m_at = 0;
};

}  // namespace gptq
