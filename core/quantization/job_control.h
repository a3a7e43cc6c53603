// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// How the outside steers a job: stop and pause. Any thread may ask; the job looks between column blocks and chunks of tokens.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

namespace gptq {

// Thrown by the job's own code when it was asked to stop; caught by the job, never seen outside.
class Stopped final : public std::exception {
public:
    const char* what() const noexcept override { return "stopped"; }
};

class JobControl {
public:
    void requestStop();
    void setPaused(bool paused);
    bool stopRequested() const;

    // Returns at once, waits while paused, or throws Stopped.
    void checkpoint();
    // Who is told, on the job's thread, when a checkpoint begins to wait (true) and goes on (false; not where it stops). The
    // job that runs sets it and takes it back.
    void tellPauses(std::function<void(bool paused)> listener) { m_listener = std::move(listener); }

private:
    mutable std::mutex m_mutex;
    std::condition_variable m_changed;
    std::function<void(bool paused)> m_listener;  // of the job's thread alone
    bool m_stop = false;
    bool m_paused = false;
};

}  // namespace gptq
