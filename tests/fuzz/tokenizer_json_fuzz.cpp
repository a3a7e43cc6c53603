// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Any tokenizer.json is refused with an Error or can be used, whatever the text.
#include "core/text/bpe_files.h"
#include "core/text/utf8.h"
#include "fuzz/fuzz_target.h"

namespace gptq::test {

static std::string document(const std::string& parts, const std::string& model) {
    return R"({"added_tokens":[{"id":7,"content":"<s>","special":true,"lstrip":true},{"id":8,"content":"b a","normalized":true}],)" +
           parts +
           R"("model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"<0x41>":3,"\u2581":4,"\u2581a":5,"\u0120":6},)" +
           model + R"("merges":["a b",["\u2581","a"]]}})";
}

std::vector<std::string> fuzzSeeds() {
    return {
        document(R"("normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits",
                    "individual_digits":true},{"type":"Split","pattern":{"Regex":"[^\\s\\p{L}]?\\p{L}+|\\s+(?!\\S)|\\s+"},
                    "behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]},
                    "decoder":{"type":"ByteLevel"},)",
                 R"("ignore_merges":true,)"),
        document(R"("normalizer":{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},
                    {"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]},"post_processor":{"type":
                    "TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],
                    "special_tokens":{"<s>":{"ids":[7]}}},"decoder":{"type":"Sequence","decoders":[{"type":"Replace",
                    "pattern":{"String":"\u2581"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
                    {"type":"Strip","content":" ","start":1,"stop":0}]},)",
                 R"("byte_fallback":true,"unk_token":"b","fuse_unk":true,)"),
        document(R"("pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"first","split":true},
                    "decoder":{"type":"Metaspace","replacement":"\u2581"},)",
                 ""),
    };
}

}  // namespace gptq::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gptq;
    test::attempt([&] {
        const auto tokenizer = parseTokenizerJson(test::textOf(data, size), "fuzz", {});
        if (!tokenizer) return;
        for (const char* text : {"", "ab  a<s>b 12 A\xcc\x81 \xf0\x9f\x98\x80\n", "<s>  b a\xe2\x96\x81 "}) {
            const auto ids = tokenizer->encode(text, SpecialTokens::Parse);
            for (const TokenId id : ids) test::require(id >= 0 && id < tokenizer->size(), "an id is out of range");
            test::require(!firstInvalidUtf8(tokenizer->decode(ids, SpecialText::Show)), "a decoded text is not UTF-8");
        }
    });
    return 0;
}
