// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/estimate/bandwidth.h"

#include <algorithm>
#include <vector>

namespace gptq {

Timing measure(Backend& backend, int repeats, const std::function<void()>& work) {
    constexpr int kWarmUp = 3;
    std::vector<double> seconds;
    for (int i = 0; i < repeats + kWarmUp; ++i) {
        const double taken = backend.time(work);
        if (i >= kWarmUp) seconds.push_back(taken);
    }
    std::sort(seconds.begin(), seconds.end());
    const auto at = [&](double share) {
        return seconds[static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1) + 0.5)];
    };
    return {at(0.5), at(0.05), at(0.95)};
}

double measureCopyBandwidth(Backend& backend) {
    const bool cpu = backend.device().kind == Device::Kind::Cpu;
    const std::int64_t bytes = cpu ? std::int64_t{256} << 20 : std::int64_t{2} << 30;
    Tensor from = backend.allocate(DType::UInt8, {bytes}), to = backend.allocate(DType::UInt8, {bytes});
    backend.fillZero(from.view());
    const Timing timing = measure(backend, 10, [&] { backend.copy(from.view(), to.view()); });
    return 2.0 * static_cast<double>(bytes) / timing.median;
}

}  // namespace gptq
