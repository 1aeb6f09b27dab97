// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_LISTENER_VALUE_HPP
#define COFFER_LISTENER_VALUE_HPP

#include <coffer/detail/never_destroyed.hpp>
#include <coffer/version.hpp>

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace coffer::inline COFFER_ABI {

struct event_member;

/// What becomes a number: neither a truth value nor a character.
template <class N>
concept event_number = std::is_arithmetic_v<N> && !std::same_as<N, bool> && !std::same_as<N, char>;

/// A JSON value: what an event is made of, and what a filter wants. A plain value type without a
/// parser: programs convert from the JSON library that they use, or write it down:
///
///     coffer::event_value payload{{"count", 3}, {"tags", coffer::event_value::list{"red",
///     "green"}}};
///
/// Texts are UTF-8. Numbers are doubles, as in JavaScript. Members keep their order; of two with
/// one name the last counts.
class event_value {
public:
    using list = std::vector<event_value>;
    using object = std::vector<event_member>;

    event_value() noexcept;
    event_value(std::nullptr_t) noexcept;
    event_value(std::same_as<bool> auto value) noexcept;
    event_value(event_number auto value) noexcept;
    event_value(const char* text);
    event_value(std::string_view text);
    event_value(std::string text) noexcept;
    event_value(list elements) noexcept;
    event_value(object members) noexcept;
    /// An object, written down.
    event_value(std::initializer_list<event_member> members);

    template <class T>
    auto as() const noexcept -> const T* {
        return std::get_if<T>(&value_);
    }
    auto is_null() const noexcept -> bool { return std::holds_alternative<std::monostate>(value_); }
    /// What JavaScript takes for false: null, false, 0, NaN and the empty text.
    auto is_falsy() const noexcept -> bool {
        if (const auto* b = as<bool>()) return !*b;
        if (const auto* n = as<double>()) return *n == 0 || std::isnan(*n);
        if (const auto* s = as<std::string>()) return s->empty();
        return is_null();
    }
    /// A member of an object; null if this is no object or lacks it. Valid as long as this is.
    auto operator[](std::string_view name) const noexcept -> const event_value&;
    /// The text, or the empty one if this is no text. Valid as long as this is.
    auto text() const noexcept -> std::string_view {
        const auto* s = as<std::string>();
        return s == nullptr ? std::string_view() : std::string_view(*s);
    }

    /// Equal as JSON texts are: the order of members counts.
    friend auto operator==(const event_value&, const event_value&) -> bool = default;

private:
    std::variant<std::monostate, bool, double, std::string, list, object> value_;
};

struct event_member {
    std::string name{};
    event_value value{};
    friend auto operator==(const event_member&, const event_member&) -> bool = default;
};

// Out of the class, where its member type is complete.
inline event_value::event_value() noexcept = default;
inline event_value::event_value(std::nullptr_t) noexcept {}
inline event_value::event_value(std::same_as<bool> auto value) noexcept : value_(value) {}
inline event_value::event_value(event_number auto value) noexcept
    : value_(static_cast<double>(value)) {}
inline event_value::event_value(const char* text) : value_(std::string(text)) {}
inline event_value::event_value(std::string_view text) : value_(std::string(text)) {}
inline event_value::event_value(std::string text) noexcept : value_(std::move(text)) {}
inline event_value::event_value(list elements) noexcept : value_(std::move(elements)) {}
inline event_value::event_value(object members) noexcept : value_(std::move(members)) {}
inline event_value::event_value(std::initializer_list<event_member> members)
    : value_(object(members)) {}

inline auto event_value::operator[](std::string_view name) const noexcept -> const event_value& {
    static const detail::never_destroyed<event_value> absent;
    const event_value* found = &*absent;
    if (const auto* members = as<object>())
        for (const auto& m : *members)
            if (m.name == name) found = &m.value;
    return *found;
}

namespace detail {

/// A number as JavaScript writes it (ECMA-262, Number::toString): the shortest digits that read
/// back as the same double, with an exponent below 1e-6 and from 1e21.
inline auto javascript_text(double number) -> std::string {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    if (number == 0) return "0";
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(number),
                                   std::chars_format::scientific)
                         .ptr;
    const std::string_view shortest(buffer, static_cast<std::size_t>(end - buffer));
    const auto e = shortest.find('e');
    std::string digits;
    for (const char c : shortest.substr(0, e))
        if (c != '.') digits += c;
    int point = 0; // where the decimal point lies in the digits
    std::from_chars(shortest.data() + e + (shortest[e + 1] == '+' ? 2 : 1), end, point);
    ++point;
    const std::string sign = number < 0 ? "-" : "";
    const auto count = static_cast<int>(digits.size());
    const auto width = [](int n) { return static_cast<std::size_t>(n); };
    if (point > 21 || point <= -6) {
        const auto fraction = count > 1 ? "." + digits.substr(1) : "";
        return sign + digits[0] + fraction + (point > 0 ? "e+" : "e") + std::to_string(point - 1);
    }
    if (point >= count) return sign + digits + std::string(width(point - count), '0');
    if (point > 0) return sign + digits.substr(0, width(point)) + "." + digits.substr(width(point));
    return sign + "0." + std::string(width(-point), '0') + digits;
}

} // namespace detail

/// A value as JavaScript makes a text of it. (A list never comes here: its elements do.)
inline auto to_javascript_text(const event_value& value) -> std::string {
    if (const auto* s = value.as<std::string>()) return *s;
    if (const auto* b = value.as<bool>()) return *b ? "true" : "false";
    if (const auto* n = value.as<double>()) return detail::javascript_text(*n);
    return value.is_null() ? "null" : "[object Object]";
}

} // namespace coffer::inline COFFER_ABI

#endif
