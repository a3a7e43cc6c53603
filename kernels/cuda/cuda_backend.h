// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The CUDA backend. Its members are defined by op family, one .cu each.
#pragma once

#include <cstdlib>

#include "kernels/backend.h"
#include "kernels/cuda/cuda_context.h"
#include "kernels/cuda/lookahead.h"
#include "kernels/cuda/packed_chain.cuh"
#include "kernels/product_paths.h"

namespace gptq {

class CudaBackend final : public Backend {
public:
    CudaBackend(int device, std::size_t budget)
        : m_context(std::make_shared<CudaContext>(device, budget)),
          m_wantedPath(wantedProductPath(std::getenv("GPTQ_STUDIO_PRODUCTS"))) {}

    // cuda_backend.cu
    Device device() const override { return {Device::Kind::Cuda, m_context->device()}; }
    DType activationType(DType checkpoint) const override;
    Buffer allocateBytes(std::size_t bytes) override;
    Buffer allocateVisible(std::size_t bytes) override;
    MemoryUse memory() const override { return m_context->memory(); }
    void fillZero(TensorView to) override;
    void copy(ConstTensorView from, TensorView to) override;
    void synchronize() override;
    std::unique_ptr<Moment> moment() override;
    bool worksAhead() const override { return true; }
    std::unique_ptr<RecordedStep> record(std::function<void()> step) override;
    double time(const std::function<void()>& work) override;

    // elementwise.cu, norm.cu, loss.cu, choice.cu
    void embed(ConstTensorView ids, ConstTensorView table, TensorView residual) override;
    void siluGate(ConstTensorView gateUp, TensorView y) override;
    void addResidual(ConstTensorView x, TensorView residual) override;
    void normalize(const NormSpec& norm, ConstTensorView x, TensorView y) override;
    void crossEntropy(ConstTensorView logits, ConstTensorView targets, TensorView loss) override;
    void chooseLargest(ConstTensorView logits, std::int64_t choices, TensorView ids) override;
    void advancePosition(ConstTensorView id, TensorView position, TensorView log) override;

    // linear.cu
    void linear(const DenseWeight& weight, const GroupCall& call) override;
    void linear(const PackedWeight& weight, const GroupCall& call) override;
    void pack(ConstTensorView codes, int bits, TensorView words) override;

    // attention.cu
    void attend(const AttentionCall& call) override;

    // hessian.cu, grids.cu, gptq_block.cu
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
    // Every op begins so, but those that may be kept back: what was kept is launched before anything else.
    void enter() {
        m_context->enter();
        launchKept();
    }
    // kept_ops.cu
    bool keep(const ChainedOp& op);  // false, and nothing kept, where it is to be launched
    void launchKept();
    void launchAttention(const AttentionCall& call);  // attention.cu

    using Product = std::function<void(ConstTensorView x, TensorView y, bool accumulate)>;
    void compose(const GroupCall& call, std::int64_t outputs, ConstTensorView bias, const Product& product);
    // y = x w^T, or y += it: x (m, k) and w (n, k) of the activation type, y (m, n) of it or float32.
    void denseProduct(ConstTensorView x, ConstTensorView w, TensorView y, bool accumulate);
    GroupCall normed(const GroupCall& call);  // the rest of the call, its norm done
    // Scratch that begins as zeros, and is left so that the next step may begin.
    template <class T = int>
    T* zeroCounters(DeviceArray& place, std::size_t count) {
        return static_cast<T*>(zeroed(place, count * sizeof(T)));
    }
    void* zeroed(DeviceArray& place, std::size_t bytes);
    ConstTensorView gathered(ConstTensorView x, ConstTensorView order);
    ProductPath pathOf(const PackedWeight& weight, std::int64_t tokens) const {
        return productPath(m_context->limits(), m_wantedPath, tokens, weight.rows * weight.columns);
    }
    // The whole call, of few tokens; false, and nothing done, where no kernel takes it.
    bool productOfFew(const PackedWeight& weight, const GroupCall& call, DType activations, ProductPath path);
    // y = x w^T, or y += it, of some or many tokens; columns in packed order.
    void hopperProduct(const PackedWeight& weight, ConstTensorView x, TensorView y, bool accumulate);
    void packedProduct(const PackedWeight& weight, ConstTensorView x, TensorView y, bool accumulate);
    ConstTensorView dequantized(const PackedWeight& weight, DType type);
    // y -= a b in float32: a (m, k), b (k, n), y (m, n), row-major.
    void subtractProduct(ConstTensorView a, ConstTensorView b, TensorView y);

    cudaStream_t stream() const { return m_context->stream(); }
    DeviceArray array(std::size_t bytes) { return {m_context, bytes}; }
    template <class T>
    DeviceArray uploaded(std::span<const T> values) {
        DeviceArray onDevice = array(values.size_bytes());
        CUDA_CHECK(
            cudaMemcpyAsync(onDevice.as<void>(), values.data(), values.size_bytes(), cudaMemcpyHostToDevice, stream()));
        CUDA_CHECK(cudaStreamSynchronize(stream()));
        return onDevice;
    }
    // Scratch that grows and stays. What it outgrew is kept: a recorded step may still use it.
    void* scratch(DeviceArray& place, std::size_t bytes);

    std::shared_ptr<CudaContext> m_context;
    std::optional<ProductPath> m_wantedPath;
    DeviceArray m_weightScratch;                          // a dequantized matrix
    DeviceArray m_inputScratch;                           // gathered inputs
    DeviceArray m_attentionScratch, m_attentionCounters;  // partial results of a split context
    DeviceArray m_biasScratch;                            // sums before their bias
    DeviceArray m_productScratch, m_productCounters;      // partial sums of split inputs
    DeviceArray m_choiceScratch, m_choiceCounters;        // partial results of a row of logits
    DeviceArray m_letters, m_launches;                    // of chained products
    std::vector<DeviceArray> m_outgrown;
    Lookahead m_lookahead;
    KeptOps m_kept;
};

}  // namespace gptq
