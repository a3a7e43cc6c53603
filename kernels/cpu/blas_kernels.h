// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <string>

namespace gptq {

// Makes OpenBLAS use kernels that fit the processor, where it did not know the processor. Before the first product; calls after the first
// do nothing.
void chooseBlasKernels();

// The kernels that OpenBLAS uses, by its own name for them: "Haswell", "SkylakeX", ...
std::string blasKernels();

}  // namespace gptq
