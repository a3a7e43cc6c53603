// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// How the outside steers a job: stop and pause. Any thread may ask; the job looks between column blocks and chunks of tokens.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>

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

    // Returns at once, waits while paused (telling `onPause` true and then false), or throws Stopped.
    void checkpoint(const std::function<void(bool paused)>& onPause = {});

private:
    mutable std::mutex m_mutex;
    std::condition_variable m_changed;
    bool m_stop = false;
    bool m_paused = false;
};

}  // namespace gptq
