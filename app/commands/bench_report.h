// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the three benchmarks share: options, and rows that are printed as a table or as JSON.
#pragma once

#include <string>
#include <vector>

#include "app/commands/command.h"
#include "kernels/quant_scheme.h"

namespace gptq {

struct BenchOptions {
    std::string kind;
    std::string shape = "llama-2-7b";
    std::string device;
    bool json = false;
    bool quick = false;                // fewer sizes, for a look
    std::vector<std::int64_t> tokens;  // of products, the context or the prompt; empty: a selection
    QuantScheme scheme;
    bool asymmetric = false;

    std::vector<std::int64_t> tokensOr(std::vector<std::int64_t> all, std::vector<std::int64_t> few) const {
        return !tokens.empty() ? tokens : quick ? few : all;
    }
};

// Columns in order; a cell is a number or a text.
class BenchReport {
public:
    explicit BenchReport(bool json) : m_json(json) {}
    void heading(const Json& values);  // device, bandwidth, ...
    void row(const Json& cells);       // printed at once
private:
    bool m_json;
    std::vector<std::size_t> m_widths;  // of the first row's cells; no text below is expected to be longer
};

int benchKernels(const BenchOptions& options, Backend& backend, JobControl& control);
int benchDecode(const BenchOptions& options, Backend& backend, JobControl& control);
int benchPrefill(const BenchOptions& options, Backend& backend, JobControl& control);

}  // namespace gptq
