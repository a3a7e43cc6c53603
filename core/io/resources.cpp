// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/resources.h"

#include <cstdlib>
#include <vector>

#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

fs::path resourceFolder() {
    std::vector<fs::path> places;
    if (const char* chosen = std::getenv("GPTQ_STUDIO_RESOURCES")) places.emplace_back(chosen);
    std::error_code ignored;
    const fs::path programs = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    places.push_back(programs / "../share/gptq-studio");
    std::string looked;
    for (const fs::path& place : places) {
        if (fs::exists(place / kDemoName / "config.json", ignored)) return fs::weakly_canonical(place, ignored);
        looked += (looked.empty() ? "" : ", ") + place.lexically_normal().string();
    }
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

}  // namespace gptq
