// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cpu/thread_pool.h"

#include <algorithm>

namespace gptq {

ThreadPool::ThreadPool(int threads) {
    for (int i = 1; i < threads; ++i) m_workers.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
    {
        const std::lock_guard lock(m_mutex);
        m_ending = true;
    }
    m_wake.notify_all();
    for (std::thread& worker : m_workers) worker.join();
}

void ThreadPool::parallelFor(std::int64_t count, std::int64_t grain, const Part& part) {
    if (count <= 0) return;
    if (m_workers.empty() || count <= grain) {
        for (std::int64_t begin = 0; begin < count; begin += grain) part(begin, std::min(begin + grain, count));
        return;
    }
    {
        const std::lock_guard lock(m_mutex);
        m_part = &part;
        m_count = count;
        m_grain = grain;
        m_next = 0;
        m_failure = nullptr;
        m_busy = static_cast<int>(m_workers.size());
        ++m_loop;
    }
    m_wake.notify_all();
    takeParts();
    std::unique_lock lock(m_mutex);
    m_done.wait(lock, [this] { return m_busy == 0; });
    if (m_failure) std::rethrow_exception(m_failure);
}

void ThreadPool::takeParts() {
    for (;;) {
        const std::int64_t begin = m_next.fetch_add(m_grain);
        if (begin >= m_count) return;
        try {
            (*m_part)(begin, std::min(begin + m_grain, m_count));
        } catch (...) {
            const std::lock_guard lock(m_mutex);
            if (!m_failure) m_failure = std::current_exception();
            m_next = m_count;
        }
    }
}

void ThreadPool::work() {
    std::uint64_t seen = 0;
    for (;;) {
        {
            std::unique_lock lock(m_mutex);
            m_wake.wait(lock, [&] { return m_ending || m_loop != seen; });
            if (m_ending) return;
            seen = m_loop;
        }
        takeParts();
        const std::lock_guard lock(m_mutex);
        if (--m_busy == 0) m_done.notify_one();
    }
}

}  // namespace gptq
