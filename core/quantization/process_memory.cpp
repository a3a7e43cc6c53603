// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/quantization/process_memory.h"

#include <fstream>
#include <string>

namespace gptq {

std::size_t anonymousBytes() {
    std::ifstream file("/proc/self/status");
    for (std::string key; file >> key;) {
        std::size_t kibibytes = 0;
        if (key == "RssAnon:" && file >> kibibytes) return kibibytes << 10;
        std::getline(file, key);
    }
    return 0;
}

}  // namespace gptq
