// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Any bytes are refused with an Error, or are a file whose tensors can all be read.
#include "core/checkpoint/safetensors.h"
#include "fuzz/fuzz_target.h"
#include "kernels/error.h"

namespace gptq::test {

static std::string fileOf(const std::string& header, const std::string& data) {
    std::string bytes(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
    return bytes + header + data;
}

std::vector<std::string> fuzzSeeds() {
    return {
        fileOf("{}", ""), fileOf(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "01234567"),
        fileOf(
            R"({"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[3,1],"data_offsets":[0,3]},)"
            R"("b":{"dtype":"BF16","shape":[],"data_offsets":[3,5]},"c":{"dtype":"I64","shape":[0],"data_offsets":[5,5]}} )",
            "01234"),
        fileOf(R"({"a":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,9223372036854775807]}})", ""),
        std::string(16, '\xff')};
}

}  // namespace gptq::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gptq;
    std::unique_ptr<SafetensorsFile> file;
    try {
        file = std::make_unique<SafetensorsFile>(bytesInMemory("fuzz", std::string(test::textOf(data, size))));
    } catch (const Error&) {
        return 0;
    }
    std::uint64_t total = 0;
    for (const auto& [name, tensor] : file->tensors()) {
        std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.bytes));
        file->read(tensor, 0, bytes);
        total += tensor.bytes;
    }
    test::require(total <= size, "the tensors have more bytes than the file");
    return 0;
}
