// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Ops of a recorded step that wait for what follows: several become one kernel (packed_chain.cu), one alone is launched as ever.
#include "kernels/cuda/cuda_backend.h"

namespace gptq {

bool CudaBackend::keep(const ChainedOp& op) {
    if (!m_kept.keeps) return false;
    if (!chains(*m_context, m_kept.ops, op)) launchKept();  // it may still be the first of others
    if (!chains(*m_context, m_kept.ops, op)) return false;
    m_kept.ops.push_back(op);
    return true;
}

void CudaBackend::launchKept() {
    const std::vector<ChainedOp> ops = std::exchange(m_kept.ops, {});
    if (ops.size() > 1) {
        const auto multiprocessors = static_cast<std::size_t>(m_context->properties().multiProcessorCount);
        packedChain(*m_context, ops, zeroCounters<Letter>(m_letters, chainLetters(*m_context, ops)),
                    zeroCounters<unsigned>(m_launches, multiprocessors));
    } else if (ops.size() == 1) {
        const auto* const product = std::get_if<DecodeProduct>(&ops.front());
        if (!product) launchAttention(std::get<AttentionCall>(ops.front()));
        else if (!packedDecode(*m_context, *product)) throw Error("a product that was kept back has no kernel");
    }
}

}  // namespace gptq
