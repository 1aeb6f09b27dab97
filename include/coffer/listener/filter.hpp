// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_LISTENER_FILTER_HPP
#define COFFER_LISTENER_FILTER_HPP

#include <coffer/listener/glob.hpp>
#include <coffer/listener/value.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// An event's members by their full names, `context.spaceId` for one of `context`: what filters
/// look at. The values are those of the event that it was made from, valid as long as that is.
using flat_event = std::map<std::string, const event_value*, std::less<>>;

/// Adds a value under a name, the members of a non-empty object each under its own.
inline void flatten(const std::string& name, const event_value& value, flat_event& out) {
    const auto* members = value.as<event_value::object>();
    if (members == nullptr || members->empty()) {
        out.insert_or_assign(name, &value);
        return;
    }
    for (const auto& m : *members)
        flatten(name.empty() ? m.name : name + "." + m.name, m.value, out);
}

/// What an event has to be like for a callback or a node: the wire contract's filters, where every
/// member that is wanted has to be there with one of the values that are wanted for it.
///
///     coffer::event_filter{{"spaceId", "acme"}, {"count", 3}}
///
/// A name without `.` and `*` is found at any depth, others are patterns of the full name. A text
/// is a pattern of the value's text; anything else is compared by type and value. A list is a
/// choice. Null, false, 0 and "" let everything through; another single value is wanted anywhere.
/// Immutable, thread-safe.
class event_filter {
public:
    /// Everything passes.
    event_filter() : source_(event_value::object{}) {}
    event_filter(event_value wanted) : source_(std::move(wanted)) {
        if (source_.is_falsy()) return;
        for (const auto& [name, value] : flat_wanted()) {
            const bool anywhere = name.find_first_of("*.") == std::string::npos;
            wants_.push_back({glob(anywhere ? "**." + name : name, '.'), choices_of(*value)});
        }
    }

    /// An object, written down: `{{"spaceId", "acme"}}`.
    event_filter(std::initializer_list<event_member> members)
        : event_filter(event_value(members)) {}

    auto matches(const flat_event& event) const -> bool {
        return std::all_of(wants_.begin(), wants_.end(), [&](const want& w) {
            return std::any_of(event.begin(), event.end(), [&](const auto& member) {
                return w.fits(*member.second) && w.name.matches(member.first);
            });
        });
    }
    /// What it was made from. off() compares it.
    auto source() const noexcept -> const event_value& { return source_; }

private:
    struct choice {
        event_value value;
        glob pattern; ///< Of a text.

        auto fits(const event_value& v) const -> bool {
            if (v.is_null()) return value.is_null();
            if (const auto* elements = v.as<event_value::list>())
                return std::any_of(elements->begin(), elements->end(),
                                   [&](const auto& e) { return fits(e); });
            if (value.as<std::string>() != nullptr) {
                const auto text = to_javascript_text(v);
                return !text.empty() && pattern.matches(text);
            }
            // Two objects are never the same one. NaN is not itself either.
            return (value.as<bool>() != nullptr || value.as<double>() != nullptr) && v == value;
        }
    };
    struct want {
        glob name;
        std::vector<choice> choices;

        auto fits(const event_value& v) const -> bool {
            return std::any_of(choices.begin(), choices.end(),
                               [&](const choice& c) { return c.fits(v); });
        }
    };

    auto flat_wanted() const -> flat_event {
        flat_event flat;
        if (const auto* elements = source_.as<event_value::list>()) {
            // As JavaScript sees a list: members named 0, 1, …
            for (std::size_t i = 0; i < elements->size(); ++i)
                flatten(std::to_string(i), (*elements)[i], flat);
        } else if (const auto* members = source_.as<event_value::object>(); members == nullptr) {
            flat["**"] = &source_;
        } else {
            for (const auto& m : *members)
                flatten(m.name, m.value, flat);
        }
        return flat;
    }
    static auto choices_of(const event_value& wanted) -> std::vector<choice> {
        std::vector<choice> out;
        const auto add = [&](const event_value& v) {
            out.push_back({v, glob(v.text().empty() ? "**" : v.text(), ':')});
        };
        if (const auto* elements = wanted.as<event_value::list>())
            std::for_each(elements->begin(), elements->end(), add);
        else
            add(wanted);
        return out;
    }

    event_value source_;
    std::vector<want> wants_{};
};

} // namespace coffer::inline COFFER_ABI

#endif
