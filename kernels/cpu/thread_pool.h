// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A fixed set of threads that share out the parts of a loop. The caller works too; the first exception of a part reaches it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gptq {

class ThreadPool {
public:
    explicit ThreadPool(int threads);  // in all, the caller included
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const { return static_cast<int>(m_workers.size()) + 1; }

    // Calls part(begin, end) over [0, count) in pieces of `grain`; which thread takes which is open, the pieces are not.
    using Part = std::function<void(std::int64_t begin, std::int64_t end)>;
    void parallelFor(std::int64_t count, std::int64_t grain, const Part& part);

private:
    void work();
    void takeParts();

    std::vector<std::thread> m_workers;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::condition_variable m_done;
    std::uint64_t m_loop = 0;  // counts loops: a worker that sees a new number joins in
    int m_busy = 0;
    bool m_ending = false;

    const Part* m_part = nullptr;
    std::int64_t m_count = 0;
    std::int64_t m_grain = 1;
    std::atomic<std::int64_t> m_next{0};
    std::exception_ptr m_failure;
};

}  // namespace gptq
