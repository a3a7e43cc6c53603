// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Consecutive modules of a stage with one scheme: they are solved as one matrix, and taken apart again into canonical ones.
#pragma once

#include "core/quantization/method.h"

namespace gptq {

// Codes and grids of a run on the device.
class RunTensors {
public:
    RunTensors(Backend& backend, std::int64_t rows, std::int64_t columns, std::int64_t groups);
    CodesView view();

private:
    Tensor m_codes, m_scales, m_zeros;
};

struct ModuleRun {
    std::vector<StageModule> modules;
    std::int64_t firstRow = 0;  // in the stage's joined weights
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    QuantScheme scheme;

    std::int64_t groupColumns() const { return scheme.groupColumns(columns); }
    std::int64_t groups() const { return scheme.groups(columns); }
    GridSpec grid(ScalePrecision precision) const { return {scheme.bits, scheme.symmetric, precision}; }
    ConstTensorView weights(const StageInput& input) const { return input.weights.rowRange(firstRow, rows); }
};

std::vector<ModuleRun> runsOf(const StageInput& input);

// Takes a solved run (codes in original column order) home: a matrix a module into the overlay, and a report with its error.
void collect(Backend& backend, const StageInput& input, const ModuleRun& run, const CodesView& solved,
             const ModuleReport& common, StageOutcome& outcome);

}  // namespace gptq
