// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Runs a fuzz target without a fuzzer: on the files that are named, else on its seeds and on simple mutations of them, the
// same ones each time. --seeds FOLDER writes the seeds there, for a fuzzer to begin with.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "fuzz/fuzz_target.h"

namespace {

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::string mutated(std::string input, std::mt19937& random) {
    const auto place = [&] { return input.empty() ? 0 : random() % input.size(); };
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
        switch (random() % 5) {
            case 0: input.insert(place(), 1, static_cast<char>(random())); break;
            case 1: input.erase(place(), 1 + random() % 8); break;
            case 2: input.insert(place(), input.substr(place(), random() % 16)); break;
            default:
                if (!input.empty()) input[place()] = static_cast<char>(random());
        }
    }
    return input;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 3 && std::string_view(arguments[1]) == "--seeds") {
        int number = 0;
        for (const std::string& seed : gptq::test::fuzzSeeds())
            std::ofstream(std::string(arguments[2]) + "/seed" + std::to_string(number++), std::ios::binary) << seed;
        return 0;
    }
    for (int i = 1; i < count; ++i) {
        std::ifstream file(arguments[i], std::ios::binary);
        run({std::istreambuf_iterator<char>(file), {}});
    }
    if (count > 1) return 0;
    std::mt19937 random(1);
    for (const std::string& seed : gptq::test::fuzzSeeds()) {
        run(seed);
        for (int i = 0; i < 2000; ++i) run(mutated(seed, random));
    }
    return 0;
}
