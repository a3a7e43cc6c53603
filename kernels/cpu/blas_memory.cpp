// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// OpenBLAS takes working memory for a thread, 128 MiB of addresses, when the thread first multiplies, and keeps it. Where it is refused
// (a limit on a process's memory, a system that lends no more than it has) OpenBLAS asks again without end, inside of a product. So the
// memory is asked for here first, and then taken by OpenBLAS's own functions, which have no public declaration; without them it is
// taken later, as ever.
#include "kernels/cpu/blas_memory.h"

#include <cblas.h>
#include <dlfcn.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <vector>

#include "kernels/error.h"

namespace gptq {
namespace {

constexpr std::size_t kBufferBytes = 130 << 20;  // x86-64's, and some more

// Threads that OpenBLAS was built for. It has places for twice as many buffers (its USAGE.md), and threads of its own take one each.
int threadsOfLibrary() {
    constexpr std::string_view kName = "MAX_THREADS=";
    const std::string_view config = openblas_get_config();
    const auto at = config.find(kName);
    return at == config.npos ? 1 : std::atoi(config.data() + at + kName.size());
}

bool isThereRoom() {
    void* const room = mmap(nullptr, kBufferBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return false;
    munmap(room, kBufferBytes);
    return true;
}

}  // namespace

void reserveBlasBuffers(int threads) {
    static std::mutex mutex;
    static int reserved = 0;
    const std::scoped_lock lock(mutex);
    const auto take = reinterpret_cast<void* (*)(int)>(dlsym(RTLD_DEFAULT, "blas_memory_alloc"));
    const auto giveBack = reinterpret_cast<void (*)(void*)>(dlsym(RTLD_DEFAULT, "blas_memory_free"));
    if (!take || !giveBack) return;
    const int wanted = std::min(threads, threadsOfLibrary());
    if (wanted <= reserved) return;
    std::vector<void*> buffers;
    while (static_cast<int>(buffers.size()) < wanted && isThereRoom()) {
        void* const buffer = take(0);
        if (!buffer) break;
        buffers.push_back(buffer);
    }
    for (void* buffer : buffers) giveBack(buffer);  // OpenBLAS keeps it for products
    const int got = static_cast<int>(buffers.size());
    reserved = std::max(reserved, got);
    if (got < wanted)
        throw Error("products on the CPU need ", kBufferBytes >> 20, " MiB of addresses for each of ", threads,
                    " threads, and the system refuses them; raise the limit on a program's memory (ulimit -v), or use "
                    "fewer processors (taskset)");
}

}  // namespace gptq
