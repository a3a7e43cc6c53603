// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Any text is refused with an Error, or is a document that survives being written and read again.
#include "core/io/json.h"
#include "fuzz/fuzz_target.h"
#include "kernels/error.h"

namespace gptq::test {

std::vector<std::string> fuzzSeeds() {
    return {
        R"({"hidden_size":4096,"rms_norm_eps":1e-05,"rope_scaling":{"type":"linear","factor":2.0},"tie":null,"list":[true,"\u00e9"]})",
        R"([1,-2,3.5e300,18446744073709551615,99999999999999999999])",
        std::string(63, '[') + std::string(63, ']'),
        std::string(70, '['),
        "{\"a\":1,\"a\":{\"b\":\"\xf0\x9f\x98\x80\"},\"a\":2}",
        "\xef\xbb\xbf{}"};
}

static void readFields(const JsonObject& object, const std::string& key) {
    attempt([&] { object.integer(key, -10, 10); });
    attempt([&] { object.number(key, -1e9, 1e9); });
    attempt([&] { object.booleanOr(key, true); });
    attempt([&] { object.string(key); });
    attempt([&] { object.objectIfAny(key); });
}

}  // namespace gptq::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gptq;
    Json json;
    try {
        json = parseJson(test::textOf(data, size), "fuzz");
    } catch (const Error&) {
        return 0;
    }
    const std::string written = json.dump();
    test::require(parseJson(written, "again").dump() == written, "a document changes when it is read again");
    if (!json.is_object()) return 0;
    const JsonObject object(json, "fuzz");
    for (const auto& [key, value] : json.items()) test::readFields(object, key);
    return 0;
}
