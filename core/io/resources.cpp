// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/resources.h"

#include <cstdlib>
#include <vector>

#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> places() {
    std::vector<fs::path> found;
    if (const char* chosen = std::getenv("GPTQ_STUDIO_RESOURCES")) found.emplace_back(chosen);
    std::error_code ignored;
    const fs::path programs = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    found.push_back(programs / "../share/gptq-studio");
    return found;
}

}  // namespace

std::optional<fs::path> findResources() {
    std::error_code ignored;
    for (const fs::path& place : places()) {
        if (fs::exists(place / kDemoName / "config.json", ignored)) return fs::weakly_canonical(place, ignored);
    }
    return std::nullopt;
}

fs::path resourceFolder() {
    if (auto found = findResources()) return *found;
    std::string looked;
    for (const fs::path& place : places()) looked += (looked.empty() ? "" : ", ") + place.lexically_normal().string();
    throw Error("The demo model is not installed. Looked in: ", looked,
                ". Install the whole package, or set GPTQ_STUDIO_RESOURCES to its share folder");
}

fs::path resolveModel(const std::string& name) {
    return name == kDemoName ? resourceFolder() / kDemoName : fs::path(name);
}

fs::path demoCalibrationText() {
    return resourceFolder() / kDemoName / "calibration.txt";
}

fs::path demoHeldOutText() {
    return resourceFolder() / kDemoName / "heldout.txt";
}

fs::path generalCalibrationText() {
    return resourceFolder() / "calibration" / "general.txt.gz";
}

}  // namespace gptq
