// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// OpenBLAS chooses its kernels when it is loaded, from a list of processors by number. What is newer than the list, as an Emerald
// Rapids is to OpenBLAS 0.3.21, gets the kernels of 2004, Prescott's, or, in some versions, Barcelona's of 2007 if it is AMD's,
// which know neither AVX nor fused multiplication: a run of the demo takes three times as long (OpenBLAS's issues 3620 and 4267).
// So what the processor can do decides. OpenBLAS has no public call for that; a library with several processors' kernels
// (DYNAMIC_ARCH) exports the steps of its loading, which read OPENBLAS_CORETYPE. Without them all stays as it was.
#include "kernels/cpu/blas_kernels.h"

#include <cblas.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <string_view>

namespace gptq {
namespace {

constexpr const char* kVariable = "OPENBLAS_CORETYPE";
constexpr std::array<std::string_view, 2> kOfUnknownProcessors{"Prescott", "Barcelona"};  // Intel's, AMD's

// The name of the best kernels that this processor can run; null: those of unknown processors.
const char* fittingKernels() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
    return nullptr;
}

using Step = void (*)();
Step stepOf(const char* name) {
    return reinterpret_cast<Step>(dlsym(RTLD_DEFAULT, name));
}

void chooseOnce() {
    if (std::getenv(kVariable)) return;  // the user's choice
    if (std::ranges::count(kOfUnknownProcessors, blasKernels()) == 0) return;
    const char* const kernels = fittingKernels();
    const Step forget = stepOf("gotoblas_dynamic_quit"), choose = stepOf("gotoblas_dynamic_init");
    if (!kernels || !forget || !choose) return;
    setenv(kVariable, kernels, 1);
    forget();
    choose();
    unsetenv(kVariable);
}

}  // namespace

void chooseBlasKernels() {
    static std::once_flag once;
    std::call_once(once, chooseOnce);
}

std::string blasKernels() {
    return openblas_get_corename();
}

}  // namespace gptq
