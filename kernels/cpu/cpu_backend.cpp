// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cpu/cpu_backend.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <new>
#include <thread>

#include "kernels/convert_floats.h"
#include "kernels/cpu/cpu_backend_class.h"

namespace gptq {
namespace {

constexpr std::size_t kCacheLine = 64, kHugePage = 2 << 20;

// Large buffers lie in huge pages where the system has them: a fault for every 4 KiB costs more than what is written there.
bool isLarge(std::size_t bytes) {
    return bytes >= 4 * kHugePage;
}

std::align_val_t alignmentOf(std::size_t bytes) {
    return std::align_val_t{isLarge(bytes) ? kHugePage : kCacheLine};
}

int processors() {
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::size_t pages(int name) {
    const long count = sysconf(name), size = sysconf(_SC_PAGESIZE);
    return count > 0 && size > 0 ? static_cast<std::size_t>(count) * static_cast<std::size_t>(size) : 0;
}

std::string processorName() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
    }
    return "CPU";
}

class CpuStep final : public RecordedStep {
public:
    explicit CpuStep(std::function<void()> step) : m_step(std::move(step)) {}
    void replay() override { m_step(); }

private:
    std::function<void()> m_step;
};

}  // namespace

DeviceInfo describeCpu() {
    return {Device{}, text(processorName(), ", ", processors(), " threads"), pages(_SC_PHYS_PAGES)};
}

std::unique_ptr<Backend> openCpuBackend(int threads) {
    return std::make_unique<CpuBackend>(threads > 0 ? threads : processors());
}

CpuBackend::CpuBackend(int threads) : m_pool(threads), m_product(m_pool) {}

Buffer CpuBackend::allocateBytes(std::size_t bytes) {
    void* data = ::operator new(std::max<std::size_t>(bytes, 1), alignmentOf(bytes), std::nothrow);
    if (!data)
        throw Error("the computer has no ", bytes >> 20,
                    " MiB of memory left; close other programs or use shorter sequences");
    if (isLarge(bytes)) madvise(data, bytes, MADV_HUGEPAGE);  // a wish: a system without them changes nothing
    const std::size_t used = m_ledger->used += bytes;
    m_ledger->peak = std::max(m_ledger->peak.load(), used);
    return {static_cast<std::byte*>(data), bytes, [ledger = m_ledger](std::byte* memory, std::size_t size) {
                ledger->used -= size;
                ::operator delete(memory, alignmentOf(size));
            }};
}

MemoryUse CpuBackend::memory() const {
    return {m_ledger->used, m_ledger->peak, pages(_SC_AVPHYS_PAGES), pages(_SC_PHYS_PAGES)};
}

void CpuBackend::fillZero(TensorView to) {
    const auto rowBytes = static_cast<std::size_t>(to.columns()) * bytesOf(to.dtype());
    if (to.contiguous()) {
        std::memset(to.data(), 0, to.bytes());
        return;
    }
    for (std::int64_t row = 0; row < to.rows(); ++row) std::memset(to.rowRange(row, 1).data(), 0, rowBytes);
}

void CpuBackend::copy(ConstTensorView from, TensorView to) {
    if (from.shape() != to.shape()) throw Error("copy: ", nameOf(from.shape()), " into ", nameOf(to.shape()));
    for (const Device device : {from.device(), to.device()}) {
        if (device.kind != Device::Kind::Cpu) throw Error("copy: the CPU cannot reach memory of ", nameOf(device));
    }
    const bool whole = from.contiguous() && to.contiguous();
    const std::int64_t rows = whole ? 1 : from.rows();
    const std::int64_t columns = whole ? from.shape().elements() : from.columns();
    for (std::int64_t row = 0; row < rows; ++row) {
        const std::byte* source =
            from.data() + static_cast<std::size_t>(row * from.rowStride()) * bytesOf(from.dtype());
        std::byte* target = to.data() + static_cast<std::size_t>(row * to.rowStride()) * bytesOf(to.dtype());
        if (from.dtype() == to.dtype()) {
            std::memcpy(target, source, static_cast<std::size_t>(columns) * bytesOf(from.dtype()));
            continue;
        }
        convertFloats(from.dtype(), source, to.dtype(), target, static_cast<std::size_t>(columns));
    }
}

std::unique_ptr<Moment> CpuBackend::moment() {
    struct Past final : Moment {
        void await() override {}
    };
    return std::make_unique<Past>();
}

std::unique_ptr<RecordedStep> CpuBackend::record(std::function<void()> step) {
    return std::make_unique<CpuStep>(std::move(step));
}

double CpuBackend::time(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace gptq
