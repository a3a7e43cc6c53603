// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What GPTQ should find, by another way.
#pragma once

#include "support/stage_problem.h"

namespace gptq::test {

// Optimal brain quantization (Frantar and Alistarh 2022, arXiv 2208.11580) in a fixed order: the inverse Hessian is updated
// after every column, there is no Cholesky factor and no block. Codes in original order.
std::vector<std::uint8_t> brainSurgery(const StageProblem& problem, const MethodOptions& options);

}  // namespace gptq::test
