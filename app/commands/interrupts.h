// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Turns Ctrl-C (SIGINT) and SIGTERM into a request that the running command ends in order.
#pragma once

#include <functional>
#include <thread>

namespace gptq {

// One at a time. `request` is called on a thread of its own, outside any signal handler.
class Interrupts {
public:
    explicit Interrupts(std::function<void()> request);
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

private:
    int m_pipe[2] = {-1, -1};
    std::thread m_watcher;
};

}  // namespace gptq
