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

std::function<void(Scene&)> named(std::string file, std::string bytes) {
    return [file = std::move(file), bytes = std::move(bytes)](Scene& scene) {
        scene.text = scene.root / file;
        writeFile(scene.text, bytes);
    };
}

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

std::vector<BadInput> badRecords() {
    const char* const lines = "text.jsonl";
    const char* const whole = "text.json";
    const std::string sound = Json{{"text", demoText(2000)}}.dump() + "\n";
    const auto second = [&](const std::string& record) { return named(lines, sound + record); };
    return {
        {"no records", named(lines, ""), {lines, "is empty"}},
        {"empty lines only", named(lines, "\n \n\n"), {lines, "is empty"}},
        {"records without a word", named(lines, "{\"text\": \"\"}\n{\"text\": \"\"}\n"), {lines, "is empty"}},
        {"a broken record", second("{\"text\": \"Once"), {lines, "line 2"}},
        {"two records in a line", second("{\"text\": \"a\"} {\"text\": \"b\"}"), {lines, "line 2"}},
        {"a record that is no object", second("[\"Once\"]"), {lines, "line 2", "must be an object"}},
        {"a record of something else", second("{\"title\": \"Once\"}"), {lines, "line 2", "'text'", "'messages'"}},
        {"a number for a text", second("{\"text\": 7}"), {lines, "line 2", "'text'", "but it is 7"}},
        {"an object for messages", second("{\"messages\": {}}"), {lines, "line 2", "'messages' must be a list"}},
        {"a message without a role",
         second("{\"messages\": [{\"content\": \"Once\"}]}"),
         {lines, "line 2", "messages[0]", "'role'"}},
        {"a message without a content",
         second("{\"messages\": [{\"role\": \"user\"}]}"),
         {lines, "line 2", "messages[0]", "'content'"}},
        {"records that are not UTF-8", second("{\"text\": \"na\xefve\"}"), {lines, "line 2", "not UTF-8"}},
        {"half a character escaped", second("{\"text\": \"\\ud83d\"}"), {lines, "line 2"}},
        {"a record nested without end", second(std::string(100'000, '[')), {lines, "line 2", "nested more than"}},
        {"records too short", named(lines, "{\"text\": \"Once.\"}\n"), {lines, "too few", "--seq-len"}},
        {"a document of nothing", named(whole, " \n"), {whole, "is empty"}},
        {"a document cut short", named(whole, "[\n" + sound), {whole, "line"}},
        {"a document of strings", named(whole, "[\n\"Once\"]"), {whole, "record 1", "must be an object"}},
        {"a document with a record of something else",
         named(whole, "[\n" + sound + ", {\"title\": 1}]"),
         {whole, "record 2", "'text'"}},
        {"a document that is a number", named(whole, "7"), {whole, "must be an object"}},
    };
}

std::vector<BadInput> badCompression() {
    const char* const file = "text.txt.gz";
    const std::string sound = gzipOf(demoText(2000));
    std::string damaged = sound, otherSum = sound;
    damaged[sound.size() / 2] ^= 0x55;
    otherSum[sound.size() - 6] ^= 0x55;
    return {
        {"nothing", named(file, ""), {file, "is empty"}},
        {"no gzip file", named(file, demoText(2000)), {file, "is no gzip file"}},
        {"cut short", named(file, sound.substr(0, sound.size() / 2)), {file, "ends in the middle"}},
        {"cut in its header", named(file, sound.substr(0, 5)), {file, "ends in the middle"}},
        {"damaged", named(file, damaged), {file, "damaged"}},
        {"of another sum", named(file, otherSum), {file, "damaged", "check"}},
        {"noise behind it", named(file, sound + "noise"), {file, "damaged"}},
        {"an empty text", named(file, gzipOf("")), {file, "is empty"}},
        {"Latin-1", named(file, gzipOf("na\xefve words")), {file, "byte 2 is not UTF-8"}},
        {"broken records", named("text.jsonl.gz", gzipOf("{\"text\": 7}\n")), {"text.jsonl.gz", "line 1", "'text'"}},
        {"a text that is too large",
         named(file, gzipOfZeros((std::size_t{1} << 30) + 1)),
         {file, "larger than", "cut it"}},
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
