// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Any bytes are refused with an Error, or are a gzip file whose content is within the limit.
#include <zlib.h>

#include "core/io/gzip.h"
#include "fuzz/fuzz_target.h"

namespace gptq::test {

static std::string compressed(std::string content, int level) {
    z_stream stream{};
    constexpr int kGzip = 16 + MAX_WBITS;
    require(deflateInit2(&stream, level, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib does not begin");
    std::string bytes(deflateBound(&stream, content.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(content.data());
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_out = static_cast<uInt>(bytes.size());
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib does not end");
    bytes.resize(stream.total_out);
    deflateEnd(&stream);
    return bytes;
}

std::vector<std::string> fuzzSeeds() {
    const std::string words = compressed("once upon a time a time upon once", 9),
                      zeros = compressed(std::string(9000, 'a'), 9);
    return {words, zeros, words + zeros, compressed("", 1), words + "trailing", compressed(std::string(300, 'b'), 0)};
}

}  // namespace gptq::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gptq;
    const auto file = bytesInMemory("fuzz", std::string(test::textOf(data, size)));
    for (const std::uint64_t limit : {std::uint64_t{16}, std::uint64_t{1} << 20})
        test::attempt([&] { test::require(readGzip(*file, limit).size() <= limit, "more than the limit"); });
    return 0;
}
