// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/layering.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <stdexcept>

#include "support/include_scanner.h"

namespace fs = std::filesystem;

namespace gptq::test {
namespace {

// Bottom to top.
const std::array<std::string, 4> kFolders = {"kernels", "core", "ui", "app"};

struct Floor {
    std::string name;
    int height;
};
// The floors of core. Those of one height stand side by side and do not include each other.
const std::array<Floor, 10> kCoreFloors = {{{"io", 0},
                                            {"text", 1},
                                            {"architecture", 2},
                                            {"checkpoint", 3},
                                            {"model", 4},
                                            {"calibration", 5},
                                            {"quantization", 6},
                                            {"evaluation", 7},
                                            {"chat", 7},
                                            {"estimate", 7}}};

const std::regex kCudaHeader(
    "(cuda|cublas|cusolver|cusparse|curand|cufft|nvrtc|nvml|nccl|nvtx|nvToolsExt|cooperative_groups|device_launch_)"
    ".*|(cub|thrust|cutlass|cute|nv)/.*|mma\\.h|driver_types\\.h|vector_types\\.h|crt/.*");
const std::regex kQtHeader("Q[A-Z]\\w*|Qt\\w*/.*|q(?!uadmath)[a-z0-9_]+\\.h");
const std::regex kJsonHeader("nlohmann/.*");
const std::regex kGeneratedQtFile("(.*/)?(\\w+\\.moc|moc_\\w+\\.cpp|ui_\\w+\\.h)");  // made beside the build

int folderHeight(const std::string& folder) {
    const auto at = std::find(kFolders.begin(), kFolders.end(), folder);
    return at == kFolders.end() ? -1 : static_cast<int>(at - kFolders.begin());
}

int floorHeight(const std::string& floor) {
    const auto at =
        std::find_if(kCoreFloors.begin(), kCoreFloors.end(), [&](const Floor& f) { return f.name == floor; });
    return at == kCoreFloors.end() ? -1 : at->height;
}

bool isSource(const fs::path& file) {
    const std::string extension = file.extension().string();
    return extension == ".h" || extension == ".hpp" || extension == ".cpp" || extension == ".cu" || extension == ".cuh";
}

// A file by its path below the root: "core/io/file.h" lies in folder "core", room "io".
struct Place {
    explicit Place(const fs::path& relative) : path(relative.generic_string()) {
        std::vector<std::string> parts;
        for (const fs::path& part : relative) parts.push_back(part.string());
        folder = parts.front();
        if (parts.size() > 2) room = parts[1];
    }
    std::string path, folder, room;
};

bool isPrivateRoom(const Place& place) {
    return place.folder == "kernels" && (place.room == "cpu" || place.room == "cuda");
}

std::optional<std::string> faultBetweenFloors(const Place& from, const Place& to) {
    const int fromHeight = floorHeight(from.room), toHeight = floorHeight(to.room);
    if (fromHeight < 0 || toHeight < 0) return std::nullopt;  // reported once, for the file itself
    if (toHeight > fromHeight) return to.path + " is on a higher floor of core";
    if (toHeight == fromHeight && to.room != from.room) return to.path + " is in a room beside this one";
    return std::nullopt;
}

// Why one file of the project may not include another, if so.
std::optional<std::string> faultBetween(const Place& from, const Place& to) {
    const int fromHeight = folderHeight(from.folder), toHeight = folderHeight(to.folder);
    if (toHeight < 0) return to.path + " is outside kernels, core, ui and app";
    if (toHeight > fromHeight) return to.path + " is in a higher folder";
    if (from.folder == "ui" && to.folder == "kernels")
        return to.path + " is not for ui, which reaches kernels through core";
    if (isPrivateRoom(to) && (from.folder != "kernels" || from.room != to.room)) {
        const bool opener = from.path == "kernels/devices.cpp" && to.room == "cpu";
        if (!opener) return to.path + " is private to kernels/" + to.room;
    }
    if (from.folder == "core" && to.folder == "core") return faultBetweenFloors(from, to);
    return std::nullopt;
}

// Why a file may not include a header that is not the project's, if so.
std::optional<std::string> faultWithLibrary(const Place& from, const std::string& header) {
    const bool cudaRoom = from.folder == "kernels" && from.room == "cuda";
    if (!cudaRoom && std::regex_match(header, kCudaHeader)) return header + " is CUDA, which only kernels/cuda knows";
    const bool belowQt = from.folder == "kernels" || from.folder == "core";
    if (belowQt && std::regex_match(header, kQtHeader)) return header + " is Qt, which kernels and core do not know";
    if (from.folder != "core" && std::regex_match(header, kJsonHeader))
        return header + " is JSON, which only core knows";
    return std::nullopt;
}

class Checker {
public:
    explicit Checker(const fs::path& root) : m_root(fs::canonical(root)) {}

    LayeringReport run() {
        for (const std::string& folder : kFolders) {
            if (!fs::is_directory(m_root / folder)) continue;
            std::vector<fs::path> files;
            for (const auto& entry : fs::recursive_directory_iterator(m_root / folder)) {
                if (entry.is_regular_file() && isSource(entry.path())) files.push_back(entry.path());
            }
            std::sort(files.begin(), files.end());
            for (const fs::path& file : files) checkFile(file);
        }
        return std::move(m_report);
    }

private:
    void checkFile(const fs::path& file) {
        std::ifstream stream(file, std::ios::binary);
        if (!stream) throw std::runtime_error("cannot read " + file.string());
        const std::string source{std::istreambuf_iterator<char>(stream), {}};
        const Place from(file.lexically_relative(m_root));
        ++m_report.files;
        if (from.folder == "core" && floorHeight(from.room) < 0)
            report(from, 1, from.path + " lies on no floor of core");
        for (const IncludeLine& include : includesOf(source)) {
            ++m_report.includes;
            if (auto fault = faultOf(file, from, include)) report(from, include.line, *fault);
        }
    }

    std::optional<std::string> faultOf(const fs::path& file, const Place& from, const IncludeLine& include) const {
        if (include.form == IncludeLine::Form::Computed) return "an include that names no file: " + include.name;
        if (const auto target = resolve(file, include)) {
            const fs::path relative = target->lexically_relative(m_root);
            if (relative.empty() || *relative.begin() == "..") return include.name + " is outside the project";
            return faultBetween(from, Place(relative));
        }
        if (auto fault = faultWithLibrary(from, include.name)) return fault;
        if (include.form == IncludeLine::Form::Angle && folderHeight(Place(include.name).folder) < 0)
            return std::nullopt;
        if (folderHeight(from.folder) >= folderHeight("ui") && std::regex_match(include.name, kGeneratedQtFile))
            return std::nullopt;
        return include.name + " is not a file of the project";
    }

    // The file that the compiler would take: quoted ones beside the including file first, then from the root.
    std::optional<fs::path> resolve(const fs::path& file, const IncludeLine& include) const {
        std::vector<fs::path> places;
        if (include.form == IncludeLine::Form::Quoted) places.push_back(file.parent_path());
        places.push_back(m_root);
        for (const fs::path& place : places) {
            const fs::path candidate = place / include.name;
            if (fs::is_regular_file(candidate)) return fs::canonical(candidate);
        }
        return std::nullopt;
    }

    void report(const Place& from, int line, const std::string& fault) {
        m_report.violations.push_back(from.path + ":" + std::to_string(line) + ": " + fault);
    }

    fs::path m_root;
    LayeringReport m_report;
};

}  // namespace

LayeringReport checkLayering(const fs::path& root) {
    return Checker(root).run();
}

}  // namespace gptq::test
