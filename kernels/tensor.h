// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Tensors: views that never own, and the buffer and tensor that do. Contiguous, row-major, at most four dimensions; a
// two-dimensional view may have a row stride, so that a range of columns is a view too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <type_traits>

#include "kernels/error.h"
#include "kernels/float16.h"

namespace gptq {

enum class DType : std::uint8_t { Float32, Float16, BFloat16, Int32, UInt32, UInt8 };

std::size_t bytesOf(DType type);
const char* nameOf(DType type);

template <class T>
constexpr DType dtypeOf() {
    if constexpr (std::is_same_v<T, float>) return DType::Float32;
    else if constexpr (std::is_same_v<T, Float16>) return DType::Float16;
    else if constexpr (std::is_same_v<T, BFloat16>) return DType::BFloat16;
    else if constexpr (std::is_same_v<T, std::int32_t>) return DType::Int32;
    else if constexpr (std::is_same_v<T, std::uint32_t>) return DType::UInt32;
    else {
        static_assert(std::is_same_v<T, std::uint8_t>, "no tensor holds this type");
        return DType::UInt8;
    }
}

struct Device {
    enum class Kind : std::uint8_t { Cpu, Cuda };
    Kind kind = Kind::Cpu;
    int index = 0;
    bool operator==(const Device&) const = default;
};

std::string nameOf(Device device);  // "cpu", "cuda:0"

class Shape {
public:
    static constexpr int kMaxRank = 4;

    Shape() = default;
    Shape(std::initializer_list<std::int64_t> extents);

    int rank() const { return m_rank; }
    std::int64_t operator[](int dimension) const { return m_extents[static_cast<std::size_t>(dimension)]; }
    std::int64_t elements() const;  // 1 for rank 0
    bool operator==(const Shape&) const = default;

private:
    std::array<std::int64_t, kMaxRank> m_extents{};
    int m_rank = 0;
};

std::string nameOf(const Shape& shape);  // "(2, 3)"

// Byte is std::byte or const std::byte. Copyable, never owning; an empty view has no data and rank 0.
template <class Byte>
class BasicTensorView {
public:
    BasicTensorView() = default;
    BasicTensorView(Byte* data, DType dtype, Shape shape, Device device)
        : m_data(data), m_dtype(dtype), m_shape(shape), m_device(device) {
        m_rowStride = shape.rank() == 0 ? 0 : shape[shape.rank() - 1];
    }
    // A writable view reads as a constant one.
    template <class Other>
        requires(std::is_const_v<Byte> && !std::is_const_v<Other>)
    BasicTensorView(const BasicTensorView<Other>& other)  // NOLINT(google-explicit-constructor)
        : m_data(other.data()), m_dtype(other.dtype()), m_shape(other.shape()), m_device(other.device()),
          m_rowStride(other.rowStride()) {}

    Byte* data() const { return m_data; }
    DType dtype() const { return m_dtype; }
    const Shape& shape() const { return m_shape; }
    Device device() const { return m_device; }
    bool empty() const { return m_data == nullptr; }

    // The rows of a two-dimensional view; a one-dimensional one is a single row.
    std::int64_t rows() const { return m_shape.rank() < 2 ? 1 : m_shape[0]; }
    std::int64_t columns() const { return m_shape.rank() == 0 ? 0 : m_shape[m_shape.rank() - 1]; }
    std::int64_t rowStride() const { return m_rowStride; }  // in elements
    bool contiguous() const { return m_shape.rank() != 2 || m_rowStride == m_shape[1] || m_shape[0] <= 1; }
    std::size_t bytes() const { return static_cast<std::size_t>(m_shape.elements()) * bytesOf(m_dtype); }

    BasicTensorView rowRange(std::int64_t first, std::int64_t count) const {
        requireTwoDimensions();
        if (first < 0 || count < 0 || first > rows() || count > rows() - first)
            throw Error(count, " rows from row ", first, " on, of a tensor of shape ", nameOf(m_shape));
        return slice(first, 0, count, columns());
    }
    BasicTensorView columnRange(std::int64_t first, std::int64_t count) const {
        requireTwoDimensions();
        if (first < 0 || count < 0 || first > columns() || count > columns() - first)
            throw Error(count, " columns from column ", first, " on, of a tensor of shape ", nameOf(m_shape));
        return slice(0, first, rows(), count);
    }

    // The elements, for code that runs where host memory is; checks type and place.
    template <class T>
    auto as() const {
        using Element = std::conditional_t<std::is_const_v<Byte>, const T, T>;
        if (m_dtype != dtypeOf<T>())
            throw Error("a tensor of ", nameOf(m_dtype), " was read as ", nameOf(dtypeOf<T>()));
        if (m_device.kind != Device::Kind::Cpu) throw Error("a tensor on ", nameOf(m_device), " was read on the CPU");
        return reinterpret_cast<Element*>(m_data);
    }

private:
    void requireTwoDimensions() const {
        if (m_shape.rank() != 2) throw Error("a range was taken of a tensor of shape ", nameOf(m_shape));
    }
    BasicTensorView slice(std::int64_t row, std::int64_t column, std::int64_t rowCount,
                          std::int64_t columnCount) const {
        const auto offset = static_cast<std::size_t>(row * m_rowStride + column) * bytesOf(m_dtype);
        BasicTensorView part(m_data + offset, m_dtype, Shape{rowCount, columnCount}, m_device);
        part.m_rowStride = m_rowStride;
        return part;
    }

    Byte* m_data = nullptr;
    DType m_dtype = DType::Float32;
    Shape m_shape;
    Device m_device;
    std::int64_t m_rowStride = 0;
};

using TensorView = BasicTensorView<std::byte>;
using ConstTensorView = BasicTensorView<const std::byte>;

// A view of host memory that somebody else owns.
template <class T>
auto hostView(T* data, Shape shape) {
    using Byte = std::conditional_t<std::is_const_v<T>, const std::byte, std::byte>;
    return BasicTensorView<Byte>(reinterpret_cast<Byte*>(data), dtypeOf<std::remove_const_t<T>>(), shape, Device{});
}

// Memory of one device, given back by its owner's rule when it goes.
class Buffer {
public:
    using Release = std::function<void(std::byte* data, std::size_t bytes)>;

    Buffer() = default;
    Buffer(std::byte* data, std::size_t bytes, Release release);
    ~Buffer();
    Buffer(Buffer&& other) noexcept;
    Buffer& operator=(Buffer&& other) noexcept;

    std::byte* data() const { return m_data; }
    std::size_t bytes() const { return m_bytes; }

private:
    void reset() noexcept;

    std::byte* m_data = nullptr;
    std::size_t m_bytes = 0;
    Release m_release;
};

// A buffer with its type and shape.
class Tensor {
public:
    Tensor() = default;
    Tensor(Buffer buffer, DType dtype, Shape shape, Device device)
        : m_buffer(std::move(buffer)), m_dtype(dtype), m_shape(shape), m_device(device) {}

    TensorView view() { return {m_buffer.data(), m_dtype, m_shape, m_device}; }
    ConstTensorView view() const { return {m_buffer.data(), m_dtype, m_shape, m_device}; }
    const Shape& shape() const { return m_shape; }
    DType dtype() const { return m_dtype; }
    bool empty() const { return m_buffer.data() == nullptr; }

private:
    Buffer m_buffer;
    DType m_dtype = DType::Float32;
    Shape m_shape;
    Device m_device;
};

}  // namespace gptq
