// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// What a job tells while it runs. The window, the command line and the JSON log read the same events.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/quantization/method.h"

namespace gptq {

struct JobStarted {
    std::string model;
    std::string architecture;
    std::int64_t parameters = 0;
    std::int64_t blocks = 0;
    std::int64_t modules = 0;  // that will be quantized
    std::int64_t samples = 0;
    std::int64_t sequenceLength = 0;
    std::string device;
    std::vector<std::string> keptFloat;  // linear layers that are excluded or not in multiples of 32
};

enum class JobPhase : std::uint8_t { Reading, Quantizing, Writing };
const char* nameOf(JobPhase phase);

struct PhaseChanged {
    JobPhase phase;
};

struct LayerQuantized {  // a layer is one linear module
    ModuleReport report;
    std::int64_t block = 0;
    std::int64_t index = 0;  // of all modules, from 1
    std::int64_t modules = 0;
    double seconds = 0;  // of its stage, shared out by rows
};

struct BlockFinished {
    std::int64_t block = 0;  // from 0
    std::int64_t blocks = 0;
    double seconds = 0;  // since the job began
};

struct StepProgress {
    double done = 0;          // share of the job's work, 0 to 1
    double seconds = 0;       // since the job began
    double secondsLeft = -1;  // negative while there is nothing to judge by
};

struct MemorySample {
    MemoryUse device;
    std::size_t processBytes = 0;  // anonymous memory of the process
};

struct Warning {
    std::string text;
};

struct EvaluationProgress {
    std::int64_t done = 0;  // windows
    std::int64_t total = 0;
    double perplexity = 0;  // so far
};

struct Paused {
    bool paused = true;
};

struct Failed {
    std::string message;
};

struct JobFinished {
    bool stopped = false;  // by request; nothing was written
    double meanRelativeError = 0;
    double seconds = 0;
    std::map<std::string, double> secondsByPhase;
    std::size_t peakDeviceBytes = 0;
    std::size_t peakRamBytes = 0;
    std::uint64_t outputBytes = 0;
    double bitsPerWeight = 0;
    std::vector<ModuleReport> reports;
    std::vector<std::string> keptFloat;
};

using ProgressEvent = std::variant<JobStarted, PhaseChanged, LayerQuantized, BlockFinished, StepProgress, MemorySample,
                                   Warning, EvaluationProgress, Paused, Failed, JobFinished>;

// Called on the job's thread.
class ProgressSink {
public:
    virtual ~ProgressSink() = default;
    virtual void receive(const ProgressEvent& event) = 0;
};

}  // namespace gptq
