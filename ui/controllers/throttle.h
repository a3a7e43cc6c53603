// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Lets an action run at most so often: at once when it was quiet, else when the interval is over.
#pragma once

#include <QElapsedTimer>
#include <QTimer>
#include <functional>

namespace gptq::ui {

class Throttle {
public:
    Throttle(int intervalMilliseconds, std::function<void()> action)
        : m_interval(intervalMilliseconds), m_action(std::move(action)) {
        m_timer.setSingleShot(true);
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { act(); });
    }

    void request() {
        if (m_timer.isActive()) return;
        const qint64 since = m_sinceAction.isValid() ? m_sinceAction.elapsed() : m_interval;
        if (since >= m_interval) act();
        else m_timer.start(static_cast<int>(m_interval - since));
    }

private:
    void act() {
        m_sinceAction.start();
        m_action();
    }

    qint64 m_interval;
    std::function<void()> m_action;
    QElapsedTimer m_sinceAction;
    QTimer m_timer;
};

}  // namespace gptq::ui
