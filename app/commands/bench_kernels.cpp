// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Products of one linear layer, packed and dense, at several numbers of tokens. Weights are rotated over more memory than any cache
// holds, calls are recorded and replayed, the device's clock measures, the median of 30 counts. Outputs are checked against
// float64 in the same run.
#include <algorithm>
#include <cmath>
#include <random>

#include "app/commands/bench_report.h"
#include "core/architecture/model_layout.h"
#include "core/checkpoint/synthetic_model.h"
#include "core/estimate/bandwidth.h"
#include "core/model/linear_group.h"
#include "kernels/error.h"

namespace gptq {
namespace {

constexpr double kRotatedBytes = 400e6;  // eight times the L2 cache of an H100
constexpr int kRepeats = 30;
constexpr std::int64_t kCheckedRows = 64;

struct Size {
    std::int64_t out;
    std::int64_t in;
};

// The joined groups of a block: what decoding multiplies by.
std::vector<Size> sizesOf(const Checkpoint& model) {
    const BlockLayout block = blockLayout(model.config, model.names(), 0);
    std::vector<Size> sizes;
    for (const auto* group : {&block.attentionIn, &block.attentionOut, &block.feedForwardIn, &block.feedForwardOut}) {
        std::int64_t out = 0;
        for (const LinearModule& module : *group) out += module.out;
        sizes.push_back({out, group->front().in});
    }
    return sizes;
}

QuantizedMatrix randomMatrix(const QuantScheme& scheme, const Size& size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    QuantizedMatrix matrix{scheme, size.out, size.in, {}, {}, {}, {}};
    matrix.codes.resize(static_cast<std::size_t>(size.out * size.in));
    for (std::uint8_t& code : matrix.codes)
        code = static_cast<std::uint8_t>(random() >> 20 & static_cast<unsigned>(scheme.topCode()));
    for (std::int64_t i = 0; i < matrix.groups() * size.out; ++i) {
        matrix.scales.push_back(toFloat16(0.01f + static_cast<float>(random() % 1000) * 1e-5f));
        matrix.zeros.push_back(static_cast<std::uint8_t>(
            scheme.symmetric ? scheme.middleCode() : random() % static_cast<unsigned>(scheme.topCode() + 1)));
    }
    return matrix;
}

// Largest difference from float64 over the largest output, on some rows of the weight.
double errorOf(const QuantizedMatrix& matrix, const std::vector<float>& x, const std::vector<float>& y,
               std::int64_t tokens) {
    double most = 0, largest = 0;
    const std::int64_t step = std::max<std::int64_t>(1, matrix.rows / kCheckedRows);
    for (std::int64_t row = 0; row < matrix.rows; row += step) {
        for (std::int64_t t = 0; t < tokens; ++t) {
            double sum = 0;
            for (std::int64_t c = 0; c < matrix.columns; ++c) {
                const std::int64_t grid = matrix.groupOf(c) * matrix.rows + row;
                const double weight =
                    (static_cast<double>(matrix.codes[static_cast<std::size_t>(row * matrix.columns + c)]) -
                     matrix.zeros[static_cast<std::size_t>(grid)]) *
                    toFloat(matrix.scales[static_cast<std::size_t>(grid)]);
                sum += weight * x[static_cast<std::size_t>(t * matrix.columns + c)];
            }
            most = std::max(most, std::fabs(sum - y[static_cast<std::size_t>(t * matrix.rows + row)]));
            largest = std::max(largest, std::fabs(sum));
        }
    }
    return most / largest;
}

class KernelBench {
public:
    KernelBench(const BenchOptions& options, Backend& backend, DType checkpoint, double bandwidth)
        : m_options(options), m_backend(backend), m_checkpoint(checkpoint), m_bandwidth(bandwidth),
          m_report(options.json) {}

    void run(const Size& size, JobControl& control) {
        const QuantizedMatrix matrix = randomMatrix(m_options.scheme, size, 1);
        const double packedBytes =
            static_cast<double>(size.out * size.in) * m_options.scheme.bits / 8 +
            static_cast<double>(matrix.groups() * size.out) * (m_options.scheme.symmetric ? 2 : 3);
        const double denseBytes = static_cast<double>(size.out * size.in) * 2;
        const DType type = m_backend.activationType(m_checkpoint);
        const auto packed = copies(packedBytes, [&] { return packedPart(m_backend, {&matrix}, {}); });
        const std::vector<float> weights = dequantize(matrix);
        const auto dense = copies(denseBytes, [&] {
            return floatPart(m_backend.upload(hostView(weights.data(), {size.out, size.in}), type), {});
        });
        for (const std::int64_t tokens : m_options.tokensOr({1, 2, 4, 8, 16, 64, 256, 2048}, {1, 16})) {
            control.checkpoint();
            measureTokens(size, tokens, matrix, packed, packedBytes, dense);
        }
    }

private:
    using Parts = std::vector<std::unique_ptr<LinearPart>>;

    template <class Make>
    Parts copies(double bytes, const Make& make) {
        Parts parts;
        const auto count =
            static_cast<int>(m_backend.device().kind == Device::Kind::Cpu ? 1 : std::ceil(kRotatedBytes / bytes) + 1);
        for (int i = 0; i < count; ++i) parts.push_back(make());
        return parts;
    }

    void measureTokens(const Size& size, std::int64_t tokens, const QuantizedMatrix& matrix, const Parts& packed,
                       double bytes, const Parts& dense) {
        std::mt19937_64 random(2);
        std::vector<float> x(static_cast<std::size_t>(tokens * size.in));
        for (float& value : x)
            value = toFloat(toBFloat16(static_cast<float>(random() >> 40) * 0x1p-23f - 1.0f));  // exact in both types
        const DType type = m_backend.activationType(m_checkpoint);
        const Tensor inputs = m_backend.upload(hostView(x.data(), {tokens, size.in}), type);
        Tensor outputs = m_backend.allocate(DType::Float32, {tokens, size.out});
        const Timing quantized = timeParts(packed, inputs.view(), outputs.view());
        std::vector<float> y(static_cast<std::size_t>(tokens * size.out));
        m_backend.copy(outputs.view(), hostView(y.data(), {tokens, size.out}));
        const double error = errorOf(matrix, x, y, std::min<std::int64_t>(tokens, 16));
        const Timing full = timeParts(dense, inputs.view(), outputs.view());
        const double moved = bytes + static_cast<double>(tokens * (size.in * 2 + size.out * 4));
        m_report.row({{"N", size.out},
                      {"K", size.in},
                      {"M", tokens},
                      {"us", quantized.median * 1e6},
                      {"p5", quantized.p5 * 1e6},
                      {"p95", quantized.p95 * 1e6},
                      {"GB/s", moved / quantized.median * 1e-9},
                      {"share", moved / quantized.median / m_bandwidth},
                      {"TFLOP/s", 2e-12 * static_cast<double>(tokens * size.out * size.in) / quantized.median},
                      {"dense us", full.median * 1e6},
                      {"x dense", full.median / quantized.median},
                      {"error", error}});
    }

    // Seconds a call, the calls recorded as one chain over all copies of the weight.
    Timing timeParts(const Parts& parts, ConstTensorView x, TensorView y) {
        const auto step = m_backend.record([&] {
            for (const auto& part : parts)
                part->forward(
                    m_backend,
                    {.x = x, .in = {}, .y = y, .epilogue = Epilogue::None, .normedScratch = {}, .productScratch = {}});
        });
        Timing timing = measure(m_backend, kRepeats, [&] { step->replay(); });
        for (double* value : {&timing.median, &timing.p5, &timing.p95}) *value /= static_cast<double>(parts.size());
        return timing;
    }

    const BenchOptions& m_options;
    Backend& m_backend;
    DType m_checkpoint;
    double m_bandwidth;
    BenchReport m_report;
};

}  // namespace

int benchKernels(const BenchOptions& options, Backend& backend, JobControl& control) {
    const Checkpoint model = syntheticModel(options.shape, std::nullopt);
    const double bandwidth = measureCopyBandwidth(backend);
    BenchReport(options.json)
        .heading({{"bench", "kernels"},
                  {"shape", options.shape},
                  {"device", nameOf(backend.device())},
                  {"scheme", nameOf(options.scheme)},
                  {"activations", nameOf(backend.activationType(model.dtype))},
                  {"copy GB/s", bandwidth * 1e-9}});
    KernelBench bench(options, backend, model.dtype, bandwidth);
    for (const Size& size : sizesOf(model)) bench.run(size, control);
    return kExitDone;
}

}  // namespace gptq
