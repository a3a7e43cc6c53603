// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/quantization/job.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/calibration/text_file.h"
#include "core/io/durable_file.h"
#include "core/model/weight_loading.h"
#include "core/quantization/calibration_stream.h"
#include "core/quantization/process_memory.h"
#include "core/quantization/stopwatch.h"
#include "kernels/error.h"

namespace gptq {
namespace {

class Job {
public:
    Job(Backend& backend, const QuantizationPlan& plan, ProgressSink& sink, JobControl& control)
        : m_backend(backend), m_plan(plan), m_sink(sink), m_control(control), m_method(methodNamed(plan.method)) {
        m_control.tellPauses([this](bool paused) { m_sink.receive(Paused{paused}); });
    }
    ~Job() { m_control.tellPauses({}); }
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    JobFinished run() {
        m_sink.receive(PhaseChanged{JobPhase::Reading});
        openInputs();
        m_sink.receive(PhaseChanged{JobPhase::Quantizing});
        quantizeBlocks();
        m_sink.receive(PhaseChanged{JobPhase::Writing});
        timed("write", [&] { write(); });
        return finish();
    }

private:
    void openInputs() {
        if (!(m_plan.options.damping >= 0 && m_plan.options.damping <= 1) || m_plan.options.blockSize <= 0)
            throw Error("damping must be from 0 to 1, the block size above 0");
        m_model = openCheckpoint(m_plan.model);
        if (m_model.scheme)
            throw Error(m_plan.model.string(), ": is already quantized (", m_model.format, ", ",
                        nameOf(*m_model.scheme), "). Name the original model");
        m_schemes = moduleSchemes(m_plan, m_model);
        const PartialFolder probe(m_plan.output);  // what cannot be written is said before the work, not after
        checkDisk();
        const auto tokenizer = loadTokenizer(m_plan.model, m_plan.tokenizerThreads);
        requireMatchingTokenizer(*tokenizer, m_model);
        CalibrationRequest request = m_plan.samples;
        request.sequenceLength = std::min(request.sequenceLength, m_model.config.context);
        timed("tokenize", [&] {
            const std::string content = readText(m_plan.calibration);
            m_set = makeCalibrationSet(calibrationIds(*tokenizer, content, request, [this] { m_control.checkpoint(); }),
                                       request, m_plan.calibration.string());
        });
        announce(request);
    }

    void checkDisk() const {
        const std::uint64_t needed = estimateOutputBytes(m_model, m_schemes), available = freeDiskBytes(m_plan.output);
        if (available < needed)
            throw Error(m_plan.output.string(), ": the result needs ", needed >> 20, " MiB, but the disk has ",
                        available >> 20, " MiB left. Make room or choose another folder");
    }

    void announce(const CalibrationRequest& request) {
        for (const ModuleScheme& entry : m_schemes) {
            if (entry.scheme) ++m_moduleCount;
            else m_result.keptFloat.push_back(entry.module.name);
            m_work += workOf(entry.module);
        }
        m_sink.receive(JobStarted{m_plan.model.string(), m_model.config.architecture,
                                  parameterCount(m_model.config, m_model.names()), m_model.config.layers, m_moduleCount,
                                  m_set.samples, m_set.sequenceLength, nameOf(m_backend.device()), m_result.keptFloat});
        for (const ModuleScheme& entry : m_schemes) {
            if (!entry.module.quantizable())
                m_sink.receive(Warning{entry.module.name + " stays float: its size is not in multiples of 32"});
        }
        for (std::string& warning : planWarnings(m_plan, m_model, m_schemes))
            m_sink.receive(Warning{std::move(warning)});
        if (m_set.samples < request.samples) {
            m_sink.receive(Warning{text("the text is enough for ", m_set.samples, " samples of ", m_set.sequenceLength,
                                        " tokens, not for ", request.samples, "; the result is calibrated on fewer")});
        }
    }

    void quantizeBlocks() {
        const ModelEnds ends(m_backend, m_model);
        const RotaryTensors rotary(m_backend, m_model.config.rotary);
        CalibrationStream stream(m_backend, m_model, ends, m_set, m_plan.chunkTokens);
        for (std::int64_t layer = 0; layer < m_model.config.layers; ++layer) {
            const DecoderBlock block(m_backend, m_model, rotary, layer);
            for (const Stage& stage : block.stages()) {
                const bool last = layer + 1 == m_model.config.layers && &stage == &block.stages().back();
                quantizeStage(stage, layer, stream, last);
            }
            m_sink.receive(BlockFinished{layer, m_model.config.layers, m_watch.seconds()});
        }
    }

    void quantizeStage(const Stage& stage, std::int64_t layer, CalibrationStream& stream, bool last) {
        const Stopwatch watch;
        std::vector<StageModule> modules;
        std::vector<LinearModule> quantized;
        for (const LinearModule& module : stage.modules) {
            if (const auto scheme = schemeOf(module)) {
                modules.push_back({module, *scheme});
                quantized.push_back(module);
            }
        }
        StageOutcome outcome;
        if (!modules.empty()) outcome = solve(stage, modules, quantized, stream);
        const TensorOverlay& overlay = outcome.tensors;
        if (!last) {
            const LinearGroup group =
                LinearGroup::load(m_backend, OverlaySource(*m_model.weights, overlay), stage.modules, m_model.dtype);
            timed("forward", [&] {
                stream.forEachChunk([&](const BlockState& state) {
                    m_control.checkpoint();
                    stage.apply(m_backend, group, stage.prepare(m_backend, state), state);
                });
            });
        }
        report(outcome, layer, watch.seconds());
        m_overlay.merge(outcome.tensors);
        for (const LinearModule& module : stage.modules) m_done += workOf(module);
        reportProgress();
    }

    StageOutcome solve(const Stage& stage, const std::vector<StageModule>& modules,
                       const std::vector<LinearModule>& quantized, CalibrationStream& stream) {
        Tensor weights;
        timed("load", [&] { weights = loadJoined(m_backend, *m_model.weights, quantized, DType::Float32); });
        Tensor hessian = m_backend.allocate(DType::Float32, {stage.inputs(), stage.inputs()});
        timed("hessian", [&] {
            m_backend.fillZero(hessian.view());
            stream.forEachChunk([&](const BlockState& state) {
                m_control.checkpoint();
                m_backend.accumulateHessian(stage.prepare(m_backend, state), hessian.view());
            });
            m_backend.finishHessian(hessian.view(), static_cast<float>(2.0 / static_cast<double>(stream.tokens())));
            m_backend.synchronize();
        });
        requireFinite(hessian.view(), modules.front().module.name);
        const auto precision =
            m_model.dtype == DType::BFloat16 ? ScalePrecision::Float16AndBFloat16 : ScalePrecision::Float16;
        StageOutcome outcome = m_method.quantize(m_backend, {modules, weights.view(), hessian.view(), precision},
                                                 m_plan.options, m_control);
        m_result.secondsByPhase["factor"] += outcome.factorSeconds;
        m_result.secondsByPhase["solve"] += outcome.solveSeconds;
        return outcome;
    }

    // A NaN or infinity of any token shows on the diagonal, a sum of squares.
    void requireFinite(ConstTensorView hessian, const std::string& module) {
        const std::vector<float> diagonal = m_backend.diagonal(hessian);
        const auto bad =
            std::find_if(diagonal.begin(), diagonal.end(), [](float value) { return !std::isfinite(value); });
        if (bad != diagonal.end()) {
            throw Error(module, ": input ", bad - diagonal.begin(),
                        " is NaN or infinite for some calibration token. The weights before this layer are damaged, or "
                        "the model's type cannot hold its activations");
        }
    }

    void report(const StageOutcome& outcome, std::int64_t layer, double seconds) {
        double rows = 0;
        for (const ModuleReport& report : outcome.reports) rows += static_cast<double>(report.rows);
        for (const ModuleReport& report : outcome.reports) {
            m_result.reports.push_back(report);
            const auto index = static_cast<std::int64_t>(m_result.reports.size());
            m_sink.receive(
                LayerQuantized{report, layer, index, m_moduleCount, seconds * static_cast<double>(report.rows) / rows});
        }
    }

    void reportProgress() {
        const double done = m_done / m_work, elapsed = m_watch.seconds();
        m_sink.receive(StepProgress{done, elapsed, done > 0 ? elapsed * (1 - done) / done : -1});
        const MemorySample sample{m_backend.memory(), anonymousBytes()};
        m_result.peakRamBytes = std::max(m_result.peakRamBytes, sample.processBytes);
        m_sink.receive(sample);
    }

    void write() {
        const OverlaySource result(*m_model.weights, m_overlay);
        const Json recipe{{"quantizer", {text("gptq-studio:", GPTQ_STUDIO_VERSION)}},
                          {"method", m_plan.method},
                          {"damp_percent", m_plan.options.damping},
                          {"block_size", m_plan.options.blockSize},
                          {"act_order", m_plan.options.actOrder},
                          {"static_groups", m_plan.options.actOrder},
                          {"true_sequential", true},
                          {"samples", m_set.samples},
                          {"sequence_length", m_set.sequenceLength}};
        writeCheckpoint(formatNamed(m_plan.format),
                        {m_model, result, m_plan.scheme, m_schemes, recipe, m_plan.output, m_plan.shardBytes},
                        [this] { m_control.checkpoint(); });
        for (const auto& entry : std::filesystem::directory_iterator(m_plan.output))
            m_result.outputBytes += entry.file_size();
    }

    JobFinished finish() {
        for (const ModuleReport& report : m_result.reports)
            m_result.meanRelativeError += report.relativeError / static_cast<double>(m_result.reports.size());
        m_result.seconds = m_watch.seconds();
        m_result.peakDeviceBytes = m_backend.memory().devicePeak;
        m_result.bitsPerWeight = bitsPerWeight(m_schemes);
        m_sink.receive(m_result);
        return m_result;
    }

    std::optional<QuantScheme> schemeOf(const LinearModule& module) const {
        const auto found = std::find_if(m_schemes.begin(), m_schemes.end(),
                                        [&](const ModuleScheme& entry) { return entry.module.name == module.name; });
        return found == m_schemes.end() ? std::nullopt : found->scheme;
    }

    // Multiplications a token costs in a layer: its product, and its share of the Hessian.
    static double workOf(const LinearModule& module) {
        return static_cast<double>(module.in) * static_cast<double>(module.out + module.in / 2);
    }

    template <class Step>
    void timed(const char* phase, const Step& step) {
        const Stopwatch watch;
        step();
        m_result.secondsByPhase[phase] += watch.seconds();
    }

    Backend& m_backend;
    const QuantizationPlan& m_plan;
    ProgressSink& m_sink;
    JobControl& m_control;
    const QuantizationMethod& m_method;
    Stopwatch m_watch;
    Checkpoint m_model;
    std::vector<ModuleScheme> m_schemes;
    CalibrationSet m_set;
    TensorOverlay m_overlay;
    std::int64_t m_moduleCount = 0;
    double m_work = 0;
    double m_done = 0;
    JobFinished m_result;
};

}  // namespace

const char* nameOf(JobPhase phase) {
    switch (phase) {
        case JobPhase::Reading: return "reading";
        case JobPhase::Quantizing: return "quantizing";
        case JobPhase::Writing: return "writing";
    }
    return "";
}

JobFinished runQuantization(Backend& backend, const QuantizationPlan& plan, ProgressSink& sink, JobControl& control) {
    try {
        return Job(backend, plan, sink, control).run();
    } catch (const Stopped&) {
        JobFinished stopped;
        stopped.stopped = true;
        sink.receive(stopped);
        return stopped;
    }
}

}  // namespace gptq
