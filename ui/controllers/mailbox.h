// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Values on their way from the engine thread to the window. However many are posted, the window is woken once until it
// takes them.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace gptq::ui {

template <class Value>
class Mailbox {
public:
    explicit Mailbox(std::function<void()> wake) : m_wake(std::move(wake)) {}  // called on the posting thread

    void post(Value value) {
        bool first = false;
        {
            const std::lock_guard lock(m_mutex);
            first = m_values.empty();
            m_values.push_back(std::move(value));
        }
        if (first) m_wake();
    }

    std::vector<Value> take() {
        const std::lock_guard lock(m_mutex);
        return std::exchange(m_values, {});
    }

private:
    std::function<void()> m_wake;
    std::mutex m_mutex;
    std::vector<Value> m_values;
};

}  // namespace gptq::ui
