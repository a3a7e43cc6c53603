// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/cuda_loader.h"

#include <dlfcn.h>
#include <fnmatch.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "kernels/error.h"

namespace gptq {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDriver = "libcuda.so.1";
constexpr const char* kUserFolder = "GPTQ_STUDIO_CUDA_LIBRARIES";
// What the module asks for and what that asks for, each after what it needs itself.
constexpr const char* kLibraries[] = {"libcublasLt.so.13", "libcublas.so.13", "libnvJitLink.so.13", "libcusparse.so.12",
                                      "libcusolver.so.12"};

constexpr const char* kDriverFolders[] = {
    "usr/lib/wsl/lib",  // Windows' driver, under WSL
    "usr/lib/*-linux-gnu",
    "usr/lib/*-linux-gnu/nvidia/current",
    "usr/lib64",
    "usr/lib64-nvidia",
    "usr/local/nvidia/lib64",
    "run/opengl-driver/lib",
};
constexpr const char* kToolkitFolders[] = {
    "usr/local/cuda/lib64", "usr/local/cuda-13*/lib64",  // NVIDIA's installers
    "opt/cuda/lib64",       "opt/cuda/lib",              // Arch
    "usr/lib/*-linux-gnu",  "usr/lib64",                 // distributions' packages
    "usr/lib/cuda/lib64",
};
// The wheels nvidia-cublas and nvidia-cusolver, below a Python's lib.
constexpr const char* kWheelFolders[] = {
    "lib/python3*/site-packages/nvidia/cu13/lib",
    "lib/python3*/dist-packages/nvidia/cu13/lib",
    "lib/python3*/site-packages/nvidia/*/lib",
    "lib/python3*/dist-packages/nvidia/*/lib",
};

// The folders that a pattern with asterisks stands for; the newest of several versions first.
std::vector<fs::path> foldersOf(const fs::path& base, const fs::path& pattern) {
    std::vector<fs::path> found{base};
    for (const fs::path& part : pattern) {
        std::vector<fs::path> next;
        for (const fs::path& folder : found) {
            std::error_code failed;
            if (part.string().find('*') == std::string::npos) {
                if (fs::is_directory(folder / part, failed)) next.push_back(folder / part);
                continue;
            }
            const std::size_t before = next.size();
            for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
                std::error_code ignored;
                if (fnmatch(part.c_str(), entry->path().filename().c_str(), 0) == 0 && entry->is_directory(ignored))
                    next.push_back(entry->path());
            }
            std::sort(next.begin() + static_cast<std::ptrdiff_t>(before), next.end(), std::greater<>());
        }
        found = std::move(next);
    }
    return found;
}

class Folders {
public:
    template <std::size_t Count>
    void add(const fs::path& base, const char* const (&patterns)[Count]) {
        for (const char* pattern : patterns) {
            for (const fs::path& folder : foldersOf(base, pattern)) addOne(folder);
        }
    }
    void addOne(const fs::path& folder) {
        std::error_code ignored;
        if (!folder.empty() && fs::is_directory(folder, ignored) &&
            std::find(m_folders.begin(), m_folders.end(), folder) == m_folders.end())
            m_folders.push_back(folder);
    }
    std::vector<fs::path> all() && { return std::move(m_folders); }

private:
    std::vector<fs::path> m_folders;
};

// A folder that a variable names, below the search's root.
fs::path namedFolder(const CudaSearch& search, const char* variable) {
    const char* value = std::getenv(variable);
    if (!value || !*value) return {};
    return search.root / fs::path(value).relative_path();
}

bool searchesSystem(const CudaSearch& search) {
    return search.root == "/";
}

struct Opened {
    void* handle = nullptr;
    std::string damage;  // of a file that is there and cannot be loaded
};

Opened openIn(const std::vector<fs::path>& folders, const char* name) {
    Opened opened;
    for (const fs::path& folder : folders) {
        std::error_code ignored;
        if (!fs::exists(folder / name, ignored)) continue;
        opened.handle = dlopen((folder / name).c_str(), RTLD_NOW | RTLD_LOCAL);
        if (opened.handle) return opened;
        if (opened.damage.empty()) opened.damage = dlerror();
    }
    return opened;
}

// Folders of our own choice first, then those of the system's search, then where else people have them.
Opened openLibrary(const CudaSearch& search, const std::vector<fs::path>& places, const char* name) {
    if (Opened own = openIn({search.moduleFolder, search.userFolder}, name); own.handle || !own.damage.empty())
        return own;
    if (searchesSystem(search)) {
        if (void* handle = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return {handle, {}};
    }
    return openIn(places, name);
}

std::string versionText(int version) {
    return text(version / 1000, ".", version % 1000 / 10);
}

// Nothing where the driver is there and new enough.
std::optional<std::string> driverAbsence(const CudaSearch& search) {
    Folders folders;
    folders.add(search.root, kDriverFolders);
    const Opened driver = openLibrary(search, std::move(folders).all(), kDriver);
    if (!driver.handle && driver.damage.empty())
        return text("No NVIDIA driver was found (", kDriver,
                    "), so CUDA cannot be used. To use the GPU, install NVIDIA's driver for it; under WSL, the driver "
                    "of Windows.");
    if (!driver.handle) return text("The NVIDIA driver cannot be loaded: ", driver.damage, ". Install it anew.");
    const auto version = reinterpret_cast<int (*)(int*)>(dlsym(driver.handle, "cuDriverGetVersion"));
    int found = 0;
    if (!version || version(&found) != 0) return text(kDriver, " does not tell its version. Install the driver anew.");
    if (found < kCudaNeeded)
        return text("The NVIDIA driver is too old: it serves CUDA ", versionText(found), ", and ",
                    versionText(kCudaNeeded), " is needed. To use the GPU, update the driver (580 or newer).");
    return std::nullopt;
}

std::optional<std::string> libraryAbsence(const CudaSearch& search) {
    const std::vector<fs::path> places = cudaLibraryFolders(search);
    for (const char* name : kLibraries) {
        const Opened library = openLibrary(search, places, name);
        if (library.handle) continue;
        if (!library.damage.empty()) return text("The CUDA library ", name, " cannot be loaded: ", library.damage, ".");
        return text("The CUDA library ", name,
                    " was not found. To use the GPU, install cuBLAS and cuSOLVER of CUDA 13 (NVIDIA's package "
                    "cuda-libraries-13-0, or: pip install nvidia-cublas nvidia-cusolver), or name the folder that "
                    "holds it in the environment variable ",
                    kUserFolder, ".");
    }
    return std::nullopt;
}

CudaModule* openModule(const fs::path& file) {
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) throw Error("The CUDA module cannot be loaded: ", dlerror(), ".");
    const auto open = reinterpret_cast<OpenCudaModule>(dlsym(library, kCudaModuleEntry));
    CudaModule* module = open ? open(kCudaModuleAbi) : nullptr;
    if (!module)
        throw Error(file.filename().string(),
                    " belongs to another version of this program. Install both from one package.");
    return module;
}

}  // namespace

CudaSearch defaultCudaSearch() {
    CudaSearch search;
    Dl_info self{};
    if (dladdr(reinterpret_cast<void*>(&defaultCudaSearch), &self) != 0 && self.dli_fname)
        search.moduleFolder = fs::path(self.dli_fname).parent_path();
    if (const char* folder = std::getenv(kUserFolder)) search.userFolder = folder;
    return search;
}

std::vector<fs::path> cudaLibraryFolders(const CudaSearch& search) {
    Folders folders;
    folders.addOne(search.moduleFolder);
    folders.addOne(search.userFolder);
    for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
        const fs::path toolkit = namedFolder(search, variable);
        if (!toolkit.empty()) folders.addOne(toolkit / "lib64");
    }
    folders.add(search.root, kToolkitFolders);
    for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
        const fs::path python = namedFolder(search, variable);
        if (python.empty()) continue;
        folders.add(python, kWheelFolders);
        folders.addOne(python / "lib");
    }
    if (const fs::path home = namedFolder(search, "HOME"); !home.empty()) folders.add(home / ".local", kWheelFolders);
    folders.add(search.root / "usr/local", kWheelFolders);
    folders.add(search.root / "usr", kWheelFolders);
    return std::move(folders).all();
}

CudaProbe openCuda(const CudaSearch& search) {
    try {
        const fs::path file = search.moduleFolder / kCudaModuleFile;
        std::error_code ignored;
        if (!fs::exists(file, ignored))
            throw Error("This build has no CUDA module (", kCudaModuleFile, " is not beside the program).");
        if (const auto absence = driverAbsence(search)) throw Error(*absence);
        if (const auto absence = libraryAbsence(search)) throw Error(*absence);
        return {openModule(file), {}};
    } catch (const Error& error) {
        return {nullptr, text(error.what(), " Work runs on the CPU.")};
    }
}

}  // namespace gptq
