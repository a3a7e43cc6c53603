// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/quantization/job_control.h"

namespace gptq {

void JobControl::requestStop() {
    const std::lock_guard lock(m_mutex);
    m_stop = true;
    m_changed.notify_all();
}

void JobControl::setPaused(bool paused) {
    const std::lock_guard lock(m_mutex);
    m_paused = paused;
    m_changed.notify_all();
}

bool JobControl::stopRequested() const {
    const std::lock_guard lock(m_mutex);
    return m_stop;
}

void JobControl::checkpoint() {
    std::unique_lock lock(m_mutex);
    if (m_paused && !m_stop) {
        lock.unlock();
        if (m_listener) m_listener(true);
        lock.lock();
        m_changed.wait(lock, [this] { return m_stop || !m_paused; });
        const bool stopping = m_stop;
        lock.unlock();
        if (m_listener && !stopping) m_listener(false);
        lock.lock();
    }
    if (m_stop) throw Stopped();
}

}  // namespace gptq
