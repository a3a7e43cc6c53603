// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/controllers/engine_thread.h"

#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <new>

namespace gptq::ui {
namespace {

// Qt's priorities do nothing under Linux's ordinary scheduler; a thread's niceness does, and the threads it makes inherit it.
void yieldToTheWindow() {
#ifdef __linux__
    constexpr int kNiceness = 5;
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNiceness);
#endif
}

}  // namespace

int engineThreads() {
    return std::max(1, QThread::idealThreadCount() - 1);
}

EngineThread::EngineThread(const DeviceOptions& options, QObject* parent)
    : QObject(parent), m_worker(std::make_unique<QObject>()) {
    m_thread.setObjectName(QStringLiteral("engine"));
    m_worker->moveToThread(&m_thread);
    m_thread.start(QThread::LowPriority);
    QMetaObject::invokeMethod(
        m_worker.get(),
        [this, options] {
            yieldToTheWindow();
            m_engine = std::make_unique<Engine>(options);
        },
        Qt::QueuedConnection);
}

EngineThread::~EngineThread() {
    shutDown();
}

std::shared_ptr<JobControl> EngineThread::submit(QObject* receiver, Job job, Ended ended) {
    auto control = std::make_shared<JobControl>();
    const auto work = [this, control, receiver, job = std::move(job), ended = std::move(ended)] {
        {
            const std::lock_guard lock(m_mutex);
            if (m_closing) return;
            m_running = control;
        }
        const JobOutcome outcome = run(job, *control);
        const std::lock_guard lock(m_mutex);
        m_running.reset();
        if (m_closing) return;
        QMetaObject::invokeMethod(
            receiver, [ended, outcome] { ended(outcome); }, Qt::QueuedConnection);
    };
    QMetaObject::invokeMethod(m_worker.get(), work, Qt::QueuedConnection);
    return control;
}

// The one place of the window where exceptions are caught.
JobOutcome EngineThread::run(const Job& job, JobControl& control) {
    try {
        control.checkpoint();
        job(*m_engine, control);
        return {};
    } catch (const Stopped&) {
        return {JobOutcome::Kind::Stopped, {}};
    } catch (const std::bad_alloc&) {
        return {JobOutcome::Kind::Failed,
                tr("The computer has no memory left. Close other programs, or use fewer or shorter samples.")};
    } catch (const std::exception& error) {
        return {JobOutcome::Kind::Failed, QString::fromUtf8(error.what())};
    }
}

void EngineThread::shutDown() {
    if (!m_thread.isRunning()) return;
    {
        const std::lock_guard lock(m_mutex);
        m_closing = true;
        if (m_running) m_running->requestStop();
    }
    QMetaObject::invokeMethod(
        m_worker.get(),
        [this] {
            m_engine.reset();
            m_thread.quit();
        },
        Qt::QueuedConnection);
    m_thread.wait();
}

}  // namespace gptq::ui
