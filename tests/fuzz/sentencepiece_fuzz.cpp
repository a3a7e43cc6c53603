// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Any tokenizer.model is refused with an Error before the library trips over it, or can be used.
#include <sentencepiece_processor.h>

#include "core/text/sentencepiece_model.h"
#include "fuzz/fuzz_target.h"
#include "kernels/error.h"

namespace gptq::test {

static std::string block(char field, const std::string& bytes) {
    return std::string(1, static_cast<char>(field << 3 | 2)) + static_cast<char>(bytes.size()) + bytes;
}

static std::string piece(const std::string& text, char type) {
    return block(1, block(1, text) + "\x15" + std::string("\0\0\x80\xbf", 4) + "\x18" + type);
}

std::vector<std::string> fuzzSeeds() {
    std::vector<std::string> seeds;
    for (const char kind : {1, 2, 3, 4}) {
        seeds.push_back(piece("<unk>", 2) + piece("<s>", 3) + piece("\xe2\x96\x81", 1) + piece("a", 1) +
                        piece("ab", 1) + piece("b", 5) + piece("xx", 4) + block(2, std::string("\x18") + kind) +
                        block(3, std::string("\x18\1\x20\0\x28\1", 6)));
    }
    return seeds;
}

}  // namespace gptq::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gptq;
    const std::string_view model = test::textOf(data, size);
    try {
        checkSentencePieceModel(model, "fuzz");
    } catch (const Error&) {
        return 0;
    }
    sentencepiece::SentencePieceProcessor processor;
    try {
        if (!processor.LoadFromSerializedProto(model).ok()) return 0;
    } catch (const std::exception&) {
        return 0;
    }
    std::vector<int> ids;
    std::string text;
    if (processor.Encode("Aab BA\xc3\xa9 xx\n", &ids).ok()) processor.Decode(ids, &text).IgnoreError();
    return 0;
}
