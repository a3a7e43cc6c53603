// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Devices and the error type, for the window: it stands on core and does not reach into kernels.
#pragma once

#include "kernels/devices.h"  // IWYU pragma: export
#include "kernels/error.h"    // IWYU pragma: export
