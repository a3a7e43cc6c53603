// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The main job: a model folder and a text go in, a quantized checkpoint comes out.
#pragma once

#include "core/quantization/plan.h"
#include "core/quantization/progress.h"

namespace gptq {

// Throws Error, and then nothing is left where the output was asked for. A stop returns with `stopped` set, likewise. Every event,
// the result among them, also goes to the sink, on the calling thread.
JobFinished runQuantization(Backend& backend, const QuantizationPlan& plan, ProgressSink& sink, JobControl& control);

}  // namespace gptq
