// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/io/json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/io/byte_source.h"
#include "kernels/error.h"

namespace gptq {

namespace {

constexpr std::size_t kDepthLimit = 64;

// The first characters of the library's complaint, without its prefix and without bytes that a terminal would choke on.
std::string cleanComplaint(std::string complaint) {
    if (const auto column = complaint.find("column "); column != std::string::npos) {
        if (const auto colon = complaint.find(": ", column); colon != std::string::npos) complaint.erase(0, colon + 2);
    } else if (const auto bracket = complaint.find("] "); bracket != std::string::npos) {
        complaint.erase(0, bracket + 2);
    }
    if (complaint.size() > 200) complaint = complaint.substr(0, 200) + "...";
    const auto isUnprintable = [](char c) { return c < ' ' || c > '~'; };
    std::replace_if(complaint.begin(), complaint.end(), isUnprintable, '?');
    return complaint;
}

// Builds the document from the parser's events. The library's own builder looks through all earlier keys of an object at
// each new one, which takes minutes for a vocabulary; this one finds repeated keys once, at the object's end.
class Builder : public nlohmann::json_sax<Json> {
public:
    Builder(std::string_view text, const std::string& what) : m_text(text), m_what(what) {}

    Json take() { return std::move(m_root); }

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t&) override { return add(value); }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t& value) override { return add(std::move(value)); }
    bool key(string_t& value) override {
        m_keys.back() = std::move(value);
        return true;
    }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override {
        keepLastOfRepeatedKeys(*m_open.back()->get_ptr<Json::object_t*>());
        return close();
    }
    bool end_array() override { return close(); }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
        const std::string_view read = m_text.substr(0, position == 0 ? 0 : position - 1);
        const auto line = 1 + std::count(read.begin(), read.end(), '\n');
        const auto column = read.size() - (read.rfind('\n') + 1) + 1;  // npos + 1 is 0
        throw Error(m_what, ": line ", line, ", column ", column, ": ", cleanComplaint(error.what()));
    }

private:
    using Entries = std::vector<Json::object_t::value_type>;

    Json* put(Json&& value) {
        if (m_open.empty()) {
            m_root = std::move(value);
            return &m_root;
        }
        if (auto* array = m_open.back()->get_ptr<Json::array_t*>()) return &array->emplace_back(std::move(value));
        Entries& entries = *m_open.back()->get_ptr<Json::object_t*>();
        return &entries.emplace_back(std::move(m_keys.back()), std::move(value)).second;
    }
    bool add(Json&& value) {
        put(std::move(value));
        return true;
    }
    bool open(Json&& container) {
        if (m_open.size() == kDepthLimit) throw Error(m_what, ": nested more than ", kDepthLimit, " levels deep");
        m_open.push_back(put(std::move(container)));
        m_keys.emplace_back();
        return true;
    }
    bool close() {
        m_open.pop_back();
        m_keys.pop_back();
        return true;
    }

    // As the other readers of these files do it (Python's among them).
    static void keepLastOfRepeatedKeys(Entries& entries) {
        std::vector<std::size_t> order(entries.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::sort(order.begin(), order.end(), [&entries](std::size_t a, std::size_t b) {
            const int compared = entries[a].first.compare(entries[b].first);
            return compared != 0 ? compared < 0 : a < b;
        });
        std::vector<std::size_t> repeated;
        for (std::size_t i = 0; i + 1 < order.size(); ++i) {
            if (entries[order[i]].first == entries[order[i + 1]].first) repeated.push_back(order[i]);
        }
        if (repeated.empty()) return;
        std::sort(repeated.begin(), repeated.end());
        Entries kept;
        for (std::size_t i = 0, next = 0; i < entries.size(); ++i) {
            if (next < repeated.size() && repeated[next] == i) {
                ++next;
            } else {
                kept.emplace_back(entries[i].first, std::move(entries[i].second));
            }
        }
        entries.swap(kept);
    }

    std::string_view m_text;
    const std::string& m_what;
    Json m_root;
    std::vector<Json*> m_open;        // the containers around the current value; only the innermost one grows
    std::vector<std::string> m_keys;  // of each, where it is an object: the key that waits for its value
};

}  // namespace

Json parseJson(std::string_view text, const std::string& what) {
    Builder builder(text, what);
    Json::sax_parse(text.begin(), text.end(), &builder);
    return builder.take();
}

Json readJson(const std::filesystem::path& path) {
    return parseJson(readWhole(path, kJsonFileLimit), path.string());
}

}  // namespace gptq
