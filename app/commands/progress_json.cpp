// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/commands/progress_json.h"

namespace gptq {
namespace {

Json reportJson(const ModuleReport& report) {
    return {{"layer", report.name},
            {"rows", report.rows},
            {"columns", report.columns},
            {"bits", report.scheme.bits},
            {"group_size", report.scheme.groupSize},
            {"rel_error", report.relativeError},
            {"damping", report.damping},
            {"attempts", report.attempts},
            {"dead_columns", report.deadColumns},
            {"outcome", nameOf(report.outcome)}};
}

struct ToJson {
    Json operator()(const JobStarted& e) const {
        return {{"event", "job_started"},
                {"model", e.model},
                {"architecture", e.architecture},
                {"parameters", e.parameters},
                {"blocks", e.blocks},
                {"layers", e.modules},
                {"samples", e.samples},
                {"sequence_length", e.sequenceLength},
                {"device", e.device},
                {"kept_float", e.keptFloat}};
    }
    Json operator()(const PhaseChanged& e) const { return {{"event", "phase_changed"}, {"phase", nameOf(e.phase)}}; }
    Json operator()(const LayerQuantized& e) const {
        Json json{{"event", "layer_quantized"},
                  {"block", e.block},
                  {"index", e.index},
                  {"of", e.modules},
                  {"seconds", e.seconds}};
        json.update(reportJson(e.report));
        return json;
    }
    Json operator()(const BlockFinished& e) const {
        return {{"event", "block_finished"}, {"block", e.block}, {"of", e.blocks}, {"seconds", e.seconds}};
    }
    Json operator()(const StepProgress& e) const {
        return {{"event", "progress"}, {"done", e.done}, {"seconds", e.seconds}, {"seconds_left", e.secondsLeft}};
    }
    Json operator()(const MemorySample& e) const {
        return {{"event", "memory"},
                {"device_used_bytes", e.device.used},
                {"device_peak_bytes", e.device.peak},
                {"device_free_bytes", e.device.free},
                {"device_total_bytes", e.device.total},
                {"ram_bytes", e.processBytes}};
    }
    Json operator()(const Warning& e) const { return {{"event", "warning"}, {"text", e.text}}; }
    Json operator()(const EvaluationProgress& e) const {
        return {{"event", "evaluation_progress"}, {"done", e.done}, {"of", e.total}, {"perplexity", e.perplexity}};
    }
    Json operator()(const Paused& e) const { return {{"event", e.paused ? "paused" : "resumed"}}; }
    Json operator()(const Failed& e) const { return {{"event", "failed"}, {"message", e.message}}; }
    Json operator()(const JobFinished& e) const {
        Json moreDamping = Json::array(), fellBack = Json::array();
        for (const ModuleReport& report : e.reports) {
            if (report.outcome == SolveOutcome::RoundedToNearest) fellBack.push_back(report.name);
            else if (report.outcome != SolveOutcome::AsAsked) moreDamping.push_back(report.name);
        }
        return {{"event", "job_finished"},
                {"stopped", e.stopped},
                {"mean_rel_error", e.meanRelativeError},
                {"seconds", e.seconds},
                {"seconds_by_phase", e.secondsByPhase},
                {"peak_vram_bytes", e.peakDeviceBytes},
                {"peak_ram_bytes", e.peakRamBytes},
                {"output_bytes", e.outputBytes},
                {"bits_per_weight", e.bitsPerWeight},
                {"more_damping", moreDamping},
                {"fell_back", fellBack},
                {"kept_float", e.keptFloat}};
    }
};

}  // namespace

Json toJson(const ProgressEvent& event) {
    return std::visit(ToJson{}, event);
}

}  // namespace gptq
