// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/raw_tensors.h"

#include "core/checkpoint/safetensors_writer.h"

namespace gptq::test {

RawTensors readTensors(const std::filesystem::path& folder) {
    RawTensors tensors;
    const SafetensorsFolder stored(folder);
    for (const auto& [name, entry] : stored.entries()) {
        RawTensor& tensor = tensors[name];
        tensor = {entry.tensor->type, entry.tensor->shape, std::vector<std::byte>(entry.tensor->bytes)};
        entry.file->read(*entry.tensor, 0, tensor.bytes);
    }
    return tensors;
}

void editTensors(const std::filesystem::path& folder, const std::function<void(RawTensors&)>& edit) {
    RawTensors tensors = readTensors(folder);
    edit(tensors);
    std::vector<TensorToWrite> list;
    for (const auto& [name, tensor] : tensors)
        list.push_back({name, tensor.type, tensor.shape,
                        [&bytes = tensor.bytes](const auto& sink) { sink(std::span<const std::byte>(bytes)); }});
    writeSafetensorsFolder(folder, list, std::uint64_t{1} << 40, {});
}

}  // namespace gptq::test
