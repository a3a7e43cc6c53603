// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Memory, copies between places and types, recorded steps.
//
// Converting: y[r, c] = x[r, c] in another type, a thread an element. Bound: memory; measured, float32 to float16, 54 % of a copy's
// bandwidth (1024 x 4096: 15.4 us).
#include "kernels/cuda/cuda_backend.h"

#include "kernels/cuda/types.cuh"

namespace gptq {
namespace {

constexpr int kThreads = 256;

template <class From, class To>
__global__ void convertKernel(const From* from, std::int64_t fromStride, To* to, std::int64_t toStride,
                              std::int64_t columns, std::int64_t elements) {
    const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (i >= elements) return;
    const std::int64_t row = i / columns, column = i % columns;
    to[row * toStride + column] = fromFloat<To>(asFloat(from[row * fromStride + column]));
}

cudaMemcpyKind kindOf(Device from, Device to) {
    const bool fromCuda = from.kind == Device::Kind::Cuda, toCuda = to.kind == Device::Kind::Cuda;
    return fromCuda ? (toCuda ? cudaMemcpyDeviceToDevice : cudaMemcpyDeviceToHost)
                    : (toCuda ? cudaMemcpyHostToDevice : cudaMemcpyHostToHost);
}

void copyRows(ConstTensorView from, TensorView to, cudaStream_t stream) {
    const std::size_t size = bytesOf(from.dtype());
    const auto kind = kindOf(from.device(), to.device());
    if (from.contiguous() && to.contiguous()) {
        CUDA_CHECK(cudaMemcpyAsync(to.data(), from.data(), from.bytes(), kind, stream));
        return;
    }
    CUDA_CHECK(cudaMemcpy2DAsync(to.data(), static_cast<std::size_t>(to.rowStride()) * size, from.data(),
                                 static_cast<std::size_t>(from.rowStride()) * size,
                                 static_cast<std::size_t>(from.columns()) * size, static_cast<std::size_t>(from.rows()),
                                 kind, stream));
}

void convert(ConstTensorView from, TensorView to, cudaStream_t stream) {
    const std::int64_t elements = from.shape().elements(), columns = from.columns();
    if (elements == 0) return;
    withFloating(from.dtype(), [&]<class From>() {
        withFloating(to.dtype(), [&]<class To>() {
            convertKernel<<<blocksFor(elements, kThreads), kThreads, 0, stream>>>(
                deviceData<From>(from), from.rowStride(), deviceData<To>(to), to.rowStride(), columns, elements);
        });
    });
    CUDA_CHECK_LAUNCH();
}

class CudaMoment final : public Moment {
public:
    explicit CudaMoment(cudaStream_t stream) {
        CUDA_CHECK(cudaEventCreateWithFlags(&m_event, cudaEventDisableTiming));
        CUDA_CHECK(cudaEventRecord(m_event, stream));
    }
    ~CudaMoment() override { cudaEventDestroy(m_event); }
    void await() override { CUDA_CHECK(cudaEventSynchronize(m_event)); }

private:
    cudaEvent_t m_event = nullptr;
};

// A step's products are learned, then told, and ops may be kept back; none of it when it is over or fails.
struct Recording {
    Lookahead& lookahead;
    KeptOps& kept;
    Recording(Lookahead& learned, KeptOps& chained) : lookahead(learned), kept(chained) {
        lookahead.learn();
        kept.keeps = true;
    }
    ~Recording() {
        lookahead.end();
        kept = {};
    }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
};

class CudaStep final : public RecordedStep {
public:
    CudaStep(std::shared_ptr<CudaContext> context, cudaGraphExec_t graph)
        : m_context(std::move(context)), m_graph(graph) {}
    ~CudaStep() override {
        cudaSetDevice(m_context->device());
        cudaStreamSynchronize(m_context->stream());
        cudaGraphExecDestroy(m_graph);
    }
    void replay() override {
        m_context->enter();
        CUDA_CHECK(cudaGraphLaunch(m_graph, m_context->stream()));
    }

private:
    std::shared_ptr<CudaContext> m_context;
    cudaGraphExec_t m_graph;
};

}  // namespace

DType CudaBackend::activationType(DType checkpoint) const {
    return checkpoint == DType::Float16 ? DType::Float16 : DType::BFloat16;
}

Buffer CudaBackend::allocateBytes(std::size_t bytes) {
    void* data = m_context->allocate(bytes);
    return {static_cast<std::byte*>(data), bytes,
            [context = m_context](std::byte* memory, std::size_t size) { context->release(memory, size); }};
}

Buffer CudaBackend::allocateVisible(std::size_t bytes) {
    enter();
    void* data = nullptr;
    CUDA_CHECK(cudaHostAlloc(&data, bytes, cudaHostAllocMapped | cudaHostAllocPortable));
    return {static_cast<std::byte*>(data), bytes, [context = m_context](std::byte* memory, std::size_t) {
                cudaStreamSynchronize(context->stream());
                cudaFreeHost(memory);
            }};
}

void CudaBackend::fillZero(TensorView to) {
    enter();
    const std::size_t size = bytesOf(to.dtype());
    if (to.contiguous()) CUDA_CHECK(cudaMemsetAsync(to.data(), 0, to.bytes(), stream()));
    else
        CUDA_CHECK(cudaMemset2DAsync(to.data(), static_cast<std::size_t>(to.rowStride()) * size, 0,
                                     static_cast<std::size_t>(to.columns()) * size, static_cast<std::size_t>(to.rows()),
                                     stream()));
}

void CudaBackend::copy(ConstTensorView from, TensorView to) {
    enter();
    if (from.shape() != to.shape()) throw Error("copy: ", nameOf(from.shape()), " into ", nameOf(to.shape()));
    const bool fromHost = from.device().kind == Device::Kind::Cpu, toHost = to.device().kind == Device::Kind::Cpu;
    if (from.dtype() == to.dtype()) {
        copyRows(from, to, stream());
    } else {  // converted on the device, through staging where one side is the host
        Tensor stagedFrom, stagedTo;
        ConstTensorView source = from;
        TensorView target = to;
        if (fromHost) {
            stagedFrom = allocate(from.dtype(), from.shape());
            copyRows(from, stagedFrom.view(), stream());
            source = stagedFrom.view();
        }
        if (toHost) {
            stagedTo = allocate(to.dtype(), to.shape());
            target = stagedTo.view();
        }
        convert(source, target, stream());
        if (toHost) copyRows(stagedTo.view(), to, stream());
    }
    if (fromHost || toHost) CUDA_CHECK(cudaStreamSynchronize(stream()));
}

void CudaBackend::synchronize() {
    enter();
    CUDA_CHECK(cudaStreamSynchronize(stream()));
}

std::unique_ptr<Moment> CudaBackend::moment() {
    enter();
    return std::make_unique<CudaMoment>(stream());
}

std::unique_ptr<RecordedStep> CudaBackend::record(std::function<void()> step) {
    enter();
    const Recording recording(m_lookahead, m_kept);
    const auto wholeStep = [&] {
        step();
        launchKept();
    };
    wholeStep();  // scratch memory grows here, not while recording
    m_lookahead.tell();
    CUDA_CHECK(cudaStreamSynchronize(stream()));
    cudaGraph_t graph = nullptr;
    CUDA_CHECK(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
    try {
        wholeStep();
    } catch (...) {
        cudaStreamEndCapture(stream(), &graph);
        if (graph) cudaGraphDestroy(graph);
        throw;
    }
    CUDA_CHECK(cudaStreamEndCapture(stream(), &graph));
    cudaGraphExec_t executable = nullptr;
    const cudaError_t status = cudaGraphInstantiate(&executable, graph, 0);
    cudaGraphDestroy(graph);
    checkCuda(status, "cudaGraphInstantiate");
    return std::make_unique<CudaStep>(m_context, executable);
}

double CudaBackend::time(const std::function<void()>& work) {
    enter();
    struct Event {
        cudaEvent_t handle = nullptr;
        Event() { CUDA_CHECK(cudaEventCreate(&handle)); }
        ~Event() { cudaEventDestroy(handle); }
    } begin, end;
    CUDA_CHECK(cudaEventRecord(begin.handle, stream()));
    work();
    CUDA_CHECK(cudaEventRecord(end.handle, stream()));
    CUDA_CHECK(cudaEventSynchronize(end.handle));
    float milliseconds = 0;
    CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin.handle, end.handle));
    return milliseconds * 1e-3;
}

void* CudaBackend::scratch(DeviceArray& place, std::size_t bytes) {
    if (place.bytes() < bytes) {
        DeviceArray larger = array(bytes);
        std::swap(place, larger);
        if (larger.bytes() > 0) m_outgrown.push_back(std::move(larger));
    }
    return place.as<void>();
}

void* CudaBackend::zeroed(DeviceArray& place, std::size_t bytes) {
    const std::size_t before = place.bytes();
    void* const memory = scratch(place, bytes);
    if (place.bytes() != before) CUDA_CHECK(cudaMemsetAsync(memory, 0, place.bytes(), stream()));
    return memory;
}

}  // namespace gptq
