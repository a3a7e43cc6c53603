// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A job's events as JSON, one object a line: the command line's contract with scripts.
#pragma once

#include "core/io/json.h"
#include "core/quantization/progress.h"

namespace gptq {

Json toJson(const ProgressEvent& event);  // {"event": "layer_quantized", …}

}  // namespace gptq
