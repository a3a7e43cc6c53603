// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/calibration/text_file.h"

#include <algorithm>
#include <string_view>

#include "core/io/byte_source.h"
#include "core/io/gzip.h"
#include "core/io/json.h"
#include "core/text/utf8.h"
#include "kernels/error.h"

namespace gptq {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kTextLimit = std::uint64_t{1} << 30;
constexpr std::string_view kBetweenDocuments = "\n\n";
constexpr std::string_view kJsonSpace = " \t\r\n";

std::string lowerCase(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
    return name;
}

std::size_t lineOf(std::string_view text, std::size_t at) {
    return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

void append(std::string& text, std::string_view document) {
    if (document.empty()) return;
    if (!text.empty()) text += kBetweenDocuments;
    text += document;
}

std::string textOf(const Json& record, const std::string& where) {
    const JsonObject object(record, where);
    if (object.has("text")) return object.string("text");
    if (!object.has("messages")) throw Error(where, " has neither a 'text' nor 'messages'; a record needs one of them");
    const Json& messages = record.at("messages");
    if (!messages.is_array()) throw Error(where, ": 'messages' must be a list, but it is ", shown(messages));
    std::string text;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const JsonObject message(messages[i], gptq::text(where, ": messages[", i, "]"));
        message.string("role");  // has to be there
        append(text, message.string("content"));
    }
    return text;
}

// One record a line.
std::string textOfLines(std::string_view lines, const std::string& name) {
    std::string text;
    for (std::size_t number = 1; !lines.empty(); ++number) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 1, lines.size()));
        if (line.find_first_not_of(kJsonSpace) == std::string_view::npos) continue;
        const std::string where = gptq::text(name, ": the record in line ", number);
        append(text, textOf(parseJson(line, where), where));
    }
    return text;
}

std::string textOfDocument(std::string_view document, const std::string& name) {
    const Json json = parseJson(document, name);
    if (!json.is_array()) return textOf(json, name);
    std::string text;
    for (std::size_t i = 0; i < json.size(); ++i) append(text, textOf(json[i], gptq::text(name, ": record ", i + 1)));
    return text;
}

// Without the byte order mark that some programs put in front.
std::string_view unmarked(std::string_view content) {
    constexpr std::string_view kMark = "\xef\xbb\xbf";
    if (content.starts_with(kMark)) content.remove_prefix(kMark.size());
    return content;
}

// Files named .json often hold lines: then the first one is a whole record.
std::string textOfJson(std::string_view content, const std::string& name) {
    const std::size_t begin = std::min(content.find_first_not_of(kJsonSpace), content.size());
    const std::string_view line = content.substr(begin, std::min(content.find('\n', begin), content.size()) - begin);
    const std::size_t last = line.find_last_not_of(kJsonSpace);
    const bool holdsLines = line.starts_with('{') && line[last] == '}';
    return holdsLines ? textOfLines(content, name) : textOfDocument(content, name);
}

}  // namespace

std::string readText(const fs::path& path) {
    const std::string name = path.string();
    fs::path inner = lowerCase(path.filename().string());
    std::string content;
    if (inner.extension() == ".gz") {
        inner = inner.stem();
        content = readGzip(*openFile(path), kTextLimit);
    } else {
        content = readWhole(path, kTextLimit);
    }
    if (isGitLfsPointer(content)) throw Error(name, " is only a Git LFS pointer; fetch the file itself (git lfs pull)");
    if (const auto bad = firstInvalidUtf8(content)) {
        throw Error(name, ": line ", lineOf(content, *bad), ": byte ", *bad,
                    " is not UTF-8. Save the text as UTF-8, or name ", "another file");
    }
    if (content.find_first_not_of(kJsonSpace) == std::string::npos) content.clear();
    if (!content.empty() && inner.extension() == ".jsonl") content = textOfLines(unmarked(content), name);
    if (!content.empty() && inner.extension() == ".json") content = textOfJson(unmarked(content), name);
    if (content.empty()) throw Error(name, ": is empty. Name a text of at least a few thousand words");
    return content;
}

}  // namespace gptq
