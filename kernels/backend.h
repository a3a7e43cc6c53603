// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// A device and all it can do. No state outlives or is shared between backends; one thread uses a backend at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "kernels/gptq_ops.h"
#include "kernels/inference_ops.h"
#include "kernels/tensor.h"

namespace gptq {

struct MemoryUse {
    std::size_t used = 0;   // held by this backend's buffers
    std::size_t peak = 0;   // the most that was ever held
    std::size_t free = 0;   // what the device could still give; 0 where unknown
    std::size_t total = 0;  // of the device
    // The most that was ever taken from the device: buffers, what is kept for the next ones, context and libraries. 0 on the CPU.
    std::size_t devicePeak = 0;
};

// Work that was recorded once and runs again as it is: the same buffers, with what they hold then.
class RecordedStep {
public:
    virtual ~RecordedStep() = default;
    virtual void replay() = 0;
};

// A point in the order of a device's work.
class Moment {
public:
    virtual ~Moment() = default;
    virtual void await() = 0;  // returns when all that was asked for before it is done
};

class Backend : public InferenceOps, public GptqOps {
public:
    virtual Device device() const = 0;
    // The type in which activations and dense weights of a checkpoint of this type are kept here.
    virtual DType activationType(DType checkpoint) const = 0;

    // Memory is not cleared. Work is ordered: what is asked for later sees what was asked for before.
    virtual Buffer allocateBytes(std::size_t bytes) = 0;
    // Memory of the device that the host reads as well, by the same address, at a moment that it awaited. For a few values.
    virtual Buffer allocateVisible(std::size_t bytes) = 0;
    virtual MemoryUse memory() const = 0;
    virtual void fillZero(TensorView to) = 0;
    // Between places (host memory counts as "cpu") and types; equal shapes. Returns when host memory may be reused or read.
    virtual void copy(ConstTensorView from, TensorView to) = 0;
    virtual void synchronize() = 0;
    virtual std::unique_ptr<Moment> moment() = 0;
    // Whether the device works while the host does other things, so that it pays to ask for work ahead.
    virtual bool worksAhead() const = 0;
    // `step` may run before its first replay, more than once: what it does must depend on nothing but what its buffers hold.
    virtual std::unique_ptr<RecordedStep> record(std::function<void()> step) = 0;
    // Seconds the device takes for what `work` asks of it, by the device's own clock.
    virtual double time(const std::function<void()>& work) = 0;

    Tensor allocate(DType type, const Shape& shape);
    // A tensor here with what `host` holds, converted to `type`.
    Tensor upload(ConstTensorView host, DType type);
};

}  // namespace gptq
