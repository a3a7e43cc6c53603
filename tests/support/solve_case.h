// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A GPTQ solve: a random problem of a shape, and its solution by a device's blocks.
#pragma once

#include <QString>
#include <cstdint>

#include "kernels/gptq_ops.h"
#include "support/backend_fixture.h"
#include "support/reference_gptq.h"

namespace gptq::test {

struct SolveShape {
    std::int64_t rows = 40;
    std::int64_t columns = 160;
    std::int64_t block = 64;
    std::int64_t group = 32;
    GridSpec grid{};
    bool staticGroups = false;  // and columns in another order

    QString name() const;
};

// Of inputs whose neighbours resemble each other, as a layer's do: else there would be little to compensate. Damped.
Matrix correlatedHessian(std::int64_t columns);
reference::Solve problemOf(const SolveShape& shape);
// Block by block on a device, as a method does it.
reference::Solved solvedThere(Backend& backend, const reference::Solve& problem);

}  // namespace gptq::test
