// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "kernels/tensor.h"

#include <utility>

namespace gptq {

std::size_t bytesOf(DType type) {
    switch (type) {
        case DType::Float32:
        case DType::Int32:
        case DType::UInt32: return 4;
        case DType::Float16:
        case DType::BFloat16: return 2;
        case DType::UInt8: return 1;
    }
    throw Error("an unknown tensor type");
}

const char* nameOf(DType type) {
    switch (type) {
        case DType::Float32: return "float32";
        case DType::Float16: return "float16";
        case DType::BFloat16: return "bfloat16";
        case DType::Int32: return "int32";
        case DType::UInt32: return "uint32";
        case DType::UInt8: return "uint8";
    }
    throw Error("an unknown tensor type");
}

std::string nameOf(Device device) {
    return device.kind == Device::Kind::Cpu ? "cpu" : text("cuda:", device.index);
}

Shape::Shape(std::initializer_list<std::int64_t> extents) {
    if (extents.size() > kMaxRank) throw Error("a tensor has at most ", kMaxRank, " dimensions, not ", extents.size());
    for (const std::int64_t extent : extents) {
        if (extent < 0) throw Error("a tensor has a dimension of ", extent);
        m_extents[static_cast<std::size_t>(m_rank++)] = extent;
    }
}

std::int64_t Shape::elements() const {
    std::int64_t product = 1;
    for (int d = 0; d < m_rank; ++d) product *= (*this)[d];
    return product;
}

std::string nameOf(const Shape& shape) {
    std::string name = "(";
    for (int d = 0; d < shape.rank(); ++d) name += (d ? ", " : "") + std::to_string(shape[d]);
    return name + ")";
}

Buffer::Buffer(std::byte* data, std::size_t bytes, Release release)
    : m_data(data), m_bytes(bytes), m_release(std::move(release)) {}

Buffer::~Buffer() {
    reset();
}

Buffer::Buffer(Buffer&& other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_bytes(std::exchange(other.m_bytes, 0)),
      m_release(std::move(other.m_release)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
    if (this == &other) return *this;
    reset();
    m_data = std::exchange(other.m_data, nullptr);
    m_bytes = std::exchange(other.m_bytes, 0);
    m_release = std::move(other.m_release);
    return *this;
}

void Buffer::reset() noexcept {
    if (m_data && m_release) m_release(m_data, m_bytes);
    m_data = nullptr;
    m_bytes = 0;
}

}  // namespace gptq
