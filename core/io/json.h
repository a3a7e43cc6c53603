// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// JSON as configuration files hold it: parsed with the file named in every complaint, and read field by field with the type
// and range that are expected.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace gptq {

using Json = nlohmann::ordered_json;  // keeps the order of keys: what is carried along stays readable

inline constexpr std::uint64_t kJsonFileLimit = 256u << 20;

// Throws Error with file, line and column. `what` names the text, for messages. Refuses nesting beyond 64 levels.
Json parseJson(std::string_view text, const std::string& what);
Json readJson(const std::filesystem::path& path);

// A value as messages show it: ASCII, and cut where it is long.
std::string shown(const Json& value);

// An object of a file; `where()` names both in messages: "config.json: rope_scaling".
class JsonObject {
public:
    JsonObject(const Json& json, std::string where);  // throws where json is no object

    const std::string& where() const { return m_where; }
    const Json& json() const { return *m_json; }
    bool has(std::string_view key) const;  // present and not null

    // Present with the right type and inside the range, or an Error that shows what was found instead.
    std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most) const;
    double number(std::string_view key, double least, double most) const;
    bool boolean(std::string_view key) const;
    std::string string(std::string_view key) const;
    JsonObject object(std::string_view key) const;

    // The same where present; the fallback where absent or null.
    std::int64_t integerOr(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most) const;
    double numberOr(std::string_view key, double fallback, double least, double most) const;
    bool booleanOr(std::string_view key, bool fallback) const;
    std::string stringOr(std::string_view key, std::string fallback) const;
    std::optional<JsonObject> objectIfAny(std::string_view key) const;

private:
    const Json& at(std::string_view key) const;

    const Json* m_json;  // borrowed
    std::string m_where;
};

}  // namespace gptq
