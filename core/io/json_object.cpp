// SPDX-FileCopyrightText: 2026 GPTQ Studio contributors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cmath>
#include <limits>
#include <utility>

#include "core/io/json.h"
#include "kernels/error.h"

namespace gptq {

namespace {

std::string integerWanted(std::int64_t least, std::int64_t most) {
    if (most == std::numeric_limits<std::int64_t>::max()) return text("an integer of at least ", least);
    return text("an integer from ", least, " to ", most);
}

std::string numberWanted(double least, double most) {
    const bool hasLeast = least > std::numeric_limits<double>::lowest();
    const bool hasMost = most < std::numeric_limits<double>::max();
    if (hasLeast && hasMost) return text("a number from ", least, " to ", most);
    if (hasLeast) return text("a number of at least ", least);
    if (hasMost) return text("a number of at most ", most);
    return "a number";
}

std::optional<std::int64_t> integerIn(const Json& value) {
    // An unsigned number answers to the signed type too: unsigned first.
    if (const auto* number = value.get_ptr<const Json::number_unsigned_t*>()) {
        if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
        return static_cast<std::int64_t>(*number);
    }
    if (const auto* number = value.get_ptr<const Json::number_integer_t*>()) return *number;
    return std::nullopt;
}

[[noreturn]] void refuse(const JsonObject& object, std::string_view key, const std::string& wanted) {
    const Json& json = object.json();
    const auto found = json.find(key);
    if (found == json.end()) throw Error(object.where(), ": '", key, "' is missing; it must be ", wanted);
    throw Error(object.where(), ": '", key, "' must be ", wanted, ", but it is ", shown(*found));
}

}  // namespace

std::string shown(const Json& value) {
    constexpr std::size_t kLength = 60;
    if (value.is_object() && value.size() > 3) return "an object";
    if (value.is_array() && value.size() > 8) return text("a list of ", value.size(), " values");
    const std::string whole = value.dump(-1, ' ', true, Json::error_handler_t::replace);  // ASCII: safe to cut
    return whole.size() <= kLength ? whole : whole.substr(0, kLength) + "...";
}

JsonObject::JsonObject(const Json& json, std::string where) : m_json(&json), m_where(std::move(where)) {
    if (!json.is_object()) throw Error(m_where, " must be an object, but it is ", shown(json));
}

const Json& JsonObject::at(std::string_view key) const {
    static const Json kAbsent = Json::value_t::discarded;  // of no type that anybody asks for
    const auto found = m_json->find(key);
    return found == m_json->end() ? kAbsent : *found;
}

bool JsonObject::has(std::string_view key) const {
    const Json& value = at(key);
    return !value.is_discarded() && !value.is_null();
}

std::int64_t JsonObject::integer(std::string_view key, std::int64_t least, std::int64_t most) const {
    const std::optional<std::int64_t> value = integerIn(at(key));
    if (!value || *value < least || *value > most) refuse(*this, key, integerWanted(least, most));
    return *value;
}

double JsonObject::number(std::string_view key, double least, double most) const {
    const Json& json = at(key);
    if (!json.is_number()) refuse(*this, key, numberWanted(least, most));
    const auto value = json.get<double>();
    if (!std::isfinite(value) || value < least || value > most) refuse(*this, key, numberWanted(least, most));
    return value;
}

bool JsonObject::boolean(std::string_view key) const {
    const Json& value = at(key);
    if (!value.is_boolean()) refuse(*this, key, "true or false");
    return value.get<bool>();
}

std::string JsonObject::string(std::string_view key) const {
    const Json& value = at(key);
    if (!value.is_string()) refuse(*this, key, "a string");
    return value.get<std::string>();
}

JsonObject JsonObject::object(std::string_view key) const {
    const Json& value = at(key);
    if (!value.is_object()) refuse(*this, key, "an object");
    return {value, text(m_where, ": ", key)};
}

std::int64_t JsonObject::integerOr(std::string_view key, std::int64_t fallback, std::int64_t least,
                                   std::int64_t most) const {
    return has(key) ? integer(key, least, most) : fallback;
}

double JsonObject::numberOr(std::string_view key, double fallback, double least, double most) const {
    return has(key) ? number(key, least, most) : fallback;
}

bool JsonObject::booleanOr(std::string_view key, bool fallback) const {
    return has(key) ? boolean(key) : fallback;
}

std::string JsonObject::stringOr(std::string_view key, std::string fallback) const {
    return has(key) ? string(key) : std::move(fallback);
}

std::optional<JsonObject> JsonObject::objectIfAny(std::string_view key) const {
    return has(key) ? std::optional(object(key)) : std::nullopt;
}

}  // namespace gptq
