// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "support/broken_models.h"
#include "support/test_files.h"

namespace gptq::test {

namespace fs = std::filesystem;

namespace {

std::function<void(Scene&)> text(std::string bytes) {
    return [bytes = std::move(bytes)](Scene& scene) { writeFile(scene.text, bytes); };
}

// An output with something already at its place, or above it.
std::function<void(Scene&)> output(std::string path, const std::function<void(const fs::path& output)>& put) {
    return [path = std::move(path), put](Scene& scene) {
        scene.output = scene.root / path;
        put(scene.output);
    };
}

void nothing(const fs::path&) {}

}  // namespace

std::vector<BadInput> badTexts() {
    return {
        {"no text", [](Scene& s) { fs::remove(s.text); }, {"text.txt", "no such file"}},
        {"a folder for a text", [](Scene& s) { s.text = s.model; }, {"model", "is a folder"}},
        {"an empty text", text(""), {"text.txt", "is empty"}},
        {"Latin-1 for UTF-8", text("na\xefve words, many of them"), {"text.txt", "byte 2 is not UTF-8"}},
        {"UTF-16 for UTF-8", text(std::string("\xff\xfeO\0n\0c\0e\0", 10)), {"text.txt", "byte 0 is not UTF-8"}},
        {"a text that ends inside a character", text(demoText(2000) + "\xe2\x82"), {"text.txt", "byte 2000", "UTF-8"}},
        {"a text too short", text("Once upon a time."), {"text.txt", "too few", "--seq-len"}},
    };
}

std::vector<BadInput> badOutputs() {
    return {
        {"an output with files in it",
         output("out", [](const fs::path& out) { writeFile(out / "mine.txt", "mine"); }),
         {"out", "not empty"}},
        {"an output that is a file",
         output("out", [](const fs::path& out) { writeFile(out, "mine"); }),
         {"out", "is a file"}},
        {"an output below a file",
         output("note/out", [](const fs::path& out) { writeFile(out.parent_path(), "mine"); }),
         {"note", "is a file, not a folder"}},
        {"an output far below a file",
         output("note/a/b/out",
                [](const fs::path& out) { writeFile(out.parent_path().parent_path().parent_path(), "-"); }),
         {"note", "out cannot be made"}},
        {"an output where no folder can be made",
         output("/proc/gptq-studio/out", nothing),
         {"/proc/gptq-studio", "cannot be made"}},
        {"an output that is a link to nowhere",
         output("out", [](const fs::path& out) { fs::create_symlink("nowhere", out); }),
         {"out", "symbolic link"}},
        {"an output that names no folder", output("new/..", nothing), {"no name for a new folder"}},
        {"somebody's folder at the partial output",
         output("out", [](const fs::path& out) { writeFile(out.string() + ".partial/mine.txt", "mine"); }),
         {"out.partial", "in the way"}},
        {"a name too long", output(std::string(300, 'o'), nothing), {"too long"}},
    };
}

}  // namespace gptq::test
