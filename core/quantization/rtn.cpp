// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Round-to-nearest: every weight to the nearest point of its group's grid. The baseline, and the fallback.
#include "core/quantization/module_run.h"

namespace gptq {

const QuantizationMethod kRtnMethod{
    "rtn", [](Backend& backend, const StageInput& input, const MethodOptions&, JobControl& control) {
        StageOutcome outcome;
        for (const ModuleRun& run : runsOf(input)) {
            control.checkpoint();
            RunTensors solved(backend, run.rows, run.columns, run.groups());
            const GridSpec grid = run.grid(input.precision);
            backend.findGrids(run.weights(input), grid, run.groupColumns(), solved.view());
            backend.roundToGrids(run.weights(input), grid, run.groupColumns(), solved.view());
            collect(backend, input, run, solved.view(), {}, outcome);
        }
        return outcome;
    }};

}  // namespace gptq
