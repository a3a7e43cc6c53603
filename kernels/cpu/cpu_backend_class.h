// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The class behind openCpuBackend(). Its members are defined by op family, one file each.
#pragma once

#include <atomic>

#include "kernels/backend.h"
#include "kernels/cpu/matrix_product.h"
#include "kernels/cpu/thread_pool.h"

namespace gptq {

class CpuBackend final : public Backend {
public:
    explicit CpuBackend(int threads);

    // cpu_backend.cpp
    Device device() const override { return {}; }
    DType activationType(DType) const override { return DType::Float32; }
    Buffer allocateBytes(std::size_t bytes) override;
    Buffer allocateVisible(std::size_t bytes) override { return allocateBytes(bytes); }
    MemoryUse memory() const override;
    void fillZero(TensorView to) override;
    void copy(ConstTensorView from, TensorView to) override;
    void synchronize() override {}
    std::unique_ptr<Moment> moment() override;
    bool worksAhead() const override { return false; }
    std::unique_ptr<RecordedStep> record(std::function<void()> step) override;
    double time(const std::function<void()>& work) override;

    // cpu_elementwise.cpp
    void embed(ConstTensorView ids, ConstTensorView table, TensorView residual) override;
    void normalize(const NormSpec& norm, ConstTensorView x, TensorView y) override;
    void siluGate(ConstTensorView gateUp, TensorView y) override;
    void addResidual(ConstTensorView x, TensorView residual) override;
    void crossEntropy(ConstTensorView logits, ConstTensorView targets, TensorView loss) override;
    void chooseLargest(ConstTensorView logits, std::int64_t choices, TensorView ids) override;
    void advancePosition(ConstTensorView id, TensorView position, TensorView log) override;

    // cpu_linear.cpp
    void linear(const DenseWeight& weight, const GroupCall& call) override;
    void linear(const PackedWeight& weight, const GroupCall& call) override;
    void pack(ConstTensorView codes, int bits, TensorView words) override;

    // cpu_attention.cpp
    void attend(const AttentionCall& call) override;

    // cpu_gptq.cpp
    void accumulateHessian(ConstTensorView x, TensorView hessian) override;
    void finishHessian(TensorView hessian, float factor) override;
    std::vector<float> diagonal(ConstTensorView matrix) override;
    bool factorize(ConstTensorView hessian, std::span<const std::int32_t> order, std::span<const float> added,
                   TensorView factor) override;
    void permuteColumns(ConstTensorView from, std::span<const std::int32_t> order, TensorView to) override;
    void findGrids(ConstTensorView weights, const GridSpec& grid, std::int64_t groupColumns, CodesView out) override;
    void roundToGrids(ConstTensorView weights, const GridSpec& grid, std::int64_t groupColumns, CodesView out) override;
    void solveBlock(const GptqBlockCall& call) override;
    void updateTrailing(const GptqBlockCall& call) override;
    std::vector<double> rowErrors(ConstTensorView weights, const CodesView* quantized, std::int64_t groupColumns,
                                  ConstTensorView hessian) override;

private:
    // x W^T into y, or added to it; `product` of a dense or a packed weight.
    using Product = std::function<void(ConstTensorView x, MatrixOut y, Accumulate accumulate)>;
    void compose(const GroupCall& call, std::int64_t outputs, ConstTensorView bias, const Product& product);
    void packedProduct(const PackedWeight& weight, ConstTensorView x, MatrixOut y, Accumulate accumulate);

    ThreadPool m_pool;
    MatrixProduct m_product;
    struct Ledger {
        std::atomic<std::size_t> used{0};
        std::atomic<std::size_t> peak{0};
    };
    std::shared_ptr<Ledger> m_ledger = std::make_shared<Ledger>();  // buffers may outlive the backend
};

}  // namespace gptq
