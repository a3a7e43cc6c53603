// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Opens the CUDA module: finds the driver and the libraries where people have them, and says what is missing and what to do.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kernels/cuda_module.h"

namespace gptq {

struct CudaSearch {
    std::filesystem::path moduleFolder;  // of the module; libraries may lie there, too
    std::filesystem::path userFolder;    // of libraries, before all others but that; empty: none
    std::filesystem::path root =
        "/";  // what system folders are below; with another one, the system's own search is off
};
// Beside this library, and what the environment variable GPTQ_STUDIO_CUDA_LIBRARIES names.
CudaSearch defaultCudaSearch();

struct CudaProbe {
    CudaModule* module = nullptr;
    std::string absence;  // why there is no module and what to do; empty where there is one
};
// What was opened stays open for the life of the program: CUDA's runtime cannot be unloaded.
CudaProbe openCuda(const CudaSearch& search);

// Where libraries are looked for, in this order; those that exist.
std::vector<std::filesystem::path> cudaLibraryFolders(const CudaSearch& search);

}  // namespace gptq
