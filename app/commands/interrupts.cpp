// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/commands/interrupts.h"

#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "kernels/error.h"

namespace gptq {
namespace {

int wakeDescriptor = -1;  // what the handler writes to; a handler can reach nothing but a global

extern "C" void onInterrupt(int) {
    const int saved = errno;
    const char interrupted = 'i';
    [[maybe_unused]] const auto written = write(wakeDescriptor, &interrupted, 1);
    errno = saved;
}

}  // namespace

Interrupts::Interrupts(std::function<void()> request) {
    if (pipe(m_pipe) != 0) throw Error("no pipe for interrupts: ", std::strerror(errno));
    wakeDescriptor = m_pipe[1];
    m_watcher = std::thread([descriptor = m_pipe[0], request = std::move(request)] {
        char byte = 0;
        while (read(descriptor, &byte, 1) == 1 && byte == 'i') request();
    });
    for (const int signal : {SIGINT, SIGTERM}) {
        struct sigaction action {};
        action.sa_handler = onInterrupt;
        action.sa_flags = SA_RESTART;
        sigaction(signal, &action, nullptr);
    }
}

Interrupts::~Interrupts() {
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, SIG_DFL);
    const char ended = 'e';
    [[maybe_unused]] const auto written = write(m_pipe[1], &ended, 1);
    m_watcher.join();
    close(m_pipe[0]);
    close(m_pipe[1]);
}

}  // namespace gptq
