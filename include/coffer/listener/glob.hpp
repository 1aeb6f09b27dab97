// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_LISTENER_GLOB_HPP
#define COFFER_LISTENER_GLOB_HPP

#include <coffer/version.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI {

namespace detail {

/// UTF-8 as the UTF-16 units that JavaScript sees. A byte that is not well formed becomes a unit of
/// its own (U+DC80 to U+DCFF), so that different bytes stay different.
inline auto utf16_units(std::string_view text) -> std::u16string {
    std::u16string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = [&](std::size_t k) -> unsigned {
            return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
        };
        const auto lead = byte(0);
        const std::size_t size = lead < 0x80   ? 1
                                 : lead < 0xC2 ? 0
                                 : lead < 0xE0 ? 2
                                 : lead < 0xF0 ? 3
                                 : lead < 0xF5 ? 4
                                               : 0;
        char32_t code = size < 2 ? lead : lead & (0x7FU >> size);
        bool whole = size != 0;
        for (std::size_t k = 1; k < size; ++k) {
            whole = whole && (byte(k) & 0xC0U) == 0x80;
            code = (code << 6) | (byte(k) & 0x3FU);
        }
        if (!whole || (size == 3 && (code < 0x800 || (code >= 0xD800 && code < 0xE000))) ||
            (size == 4 && (code < 0x10000 || code > 0x10FFFF))) {
            out += static_cast<char16_t>(0xDC00 + lead);
            ++i;
            continue;
        }
        if (code >= 0x10000) {
            out += static_cast<char16_t>(0xD7C0 + (code >> 10));
            out += static_cast<char16_t>(0xDC00 + (code & 0x3FF));
        } else {
            out += static_cast<char16_t>(code);
        }
        i += size;
    }
    return out;
}

} // namespace detail

/// A pattern of the wire contract for topics and values (separator `:`) and for the keys of filters
/// (separator `.`): `*` is any run within a segment, `?` one UTF-16 unit of it, `**` any segments,
/// a backslash takes the next one as it is.
///
/// Made into a small automaton whose states are all followed at once (Thompson, "Regular expression
/// search algorithm", 1968): time is at most the length of the text times that of the pattern,
/// whatever they are. Immutable after construction, thread-safe.
class glob {
public:
    glob(std::string_view pattern, char separator) : separator_(static_cast<char16_t>(separator)) {
        const auto segments = split(detail::utf16_units(pattern));
        for (std::size_t i = 0; i < segments.size(); ++i)
            translate(segments, i);
    }

    /// Whether the text as a whole is of the pattern.
    auto matches(std::string_view text) const -> bool {
        const auto units = detail::utf16_units(text);
        std::vector<char> now(steps_.size() + 1);
        std::vector<char> next(steps_.size() + 1);
        enter(now, 0);
        for (const auto unit : units) {
            std::fill(next.begin(), next.end(), char{0});
            for (std::size_t i = 0; i < steps_.size(); ++i) {
                if (now[i] == 0 || !takes(steps_[i], unit)) continue;
                enter(next, steps_[i].repeats ? i : i + 1);
            }
            std::swap(now, next);
        }
        if (now[steps_.size()] != 0) return true;
        for (std::size_t i = 0; i < steps_.size(); ++i)
            if (now[i] != 0 && steps_[i].kind == takes_kind::end) return true;
        return false;
    }

private:
    enum class takes_kind : unsigned char { unit, any, separator, anything, fork, end };
    /// Takes one unit, or many if it repeats. A fork takes none: it goes on to the next step and to
    /// the one `skip` further. An end goes on to the next step, and is an end if the text is.
    struct step {
        takes_kind kind;
        bool repeats = false;
        char16_t unit = 0;
        std::size_t skip = 0;
    };
    using segment = std::u16string;

    auto split(const std::u16string& pattern) const -> std::vector<segment> {
        std::vector<segment> out(1);
        for (const auto c : pattern)
            if (c == separator_)
                out.emplace_back();
            else
                out.back() += c;
        return out;
    }

    void one(takes_kind kind, char16_t unit = 0) { steps_.push_back({kind, false, unit, 0}); }
    void many(takes_kind kind) { steps_.push_back({kind, true, 0, 0}); }
    void one_or_more(takes_kind kind) {
        one(kind);
        many(kind);
    }
    /// Any number of segments, each with its separators behind it: nothing, or what ends in one.
    void segments_before() {
        steps_.push_back({takes_kind::fork, false, 0, 3});
        many(takes_kind::anything);
        one(takes_kind::separator);
    }

    void translate(const std::vector<segment>& segments, std::size_t i) {
        const bool first = i == 0;
        const bool last = i + 1 == segments.size();
        const bool before_stars = !last && segments[i + 1] == u"**";
        if (segments[i].empty() && !first) return;
        if (segments[i] == u"**") return before_stars ? void() : stars(first, last);
        for (std::size_t k = 0; k < segments[i].size(); ++k) {
            const auto c = segments[i][k];
            if (c == u'*')
                many(takes_kind::any);
            else if (c == u'?')
                one(takes_kind::any);
            else if (c != u'\\')
                one(takes_kind::unit, c);
            else if (k + 1 < segments[i].size())
                one(takes_kind::unit, segments[i][++k]);
        }
        if (last)
            many(takes_kind::separator);
        else if (!before_stars)
            one_or_more(takes_kind::separator);
    }
    void stars(bool first, bool last) {
        if (first && last) return many(takes_kind::anything);
        if (last) {
            one(takes_kind::end);
            one(takes_kind::separator);
            return many(takes_kind::anything);
        }
        if (!first) one_or_more(takes_kind::separator);
        segments_before();
    }

    auto is_any(char16_t c) const noexcept -> bool {
        if (c == separator_) return false;
        return separator_ != u'.' || (c != u'\n' && c != u'\r' && c != u'\u2028' && c != u'\u2029');
    }
    auto takes(const step& s, char16_t c) const noexcept -> bool {
        switch (s.kind) {
        case takes_kind::unit: return c == s.unit;
        case takes_kind::any: return is_any(c);
        case takes_kind::separator: return c == separator_;
        case takes_kind::anything: return c == separator_ || is_any(c);
        case takes_kind::fork:
        case takes_kind::end: break;
        }
        return false;
    }
    /// Step i and all that can be reached from it without taking a unit.
    void enter(std::vector<char>& states, std::size_t i) const {
        while (states[i] == 0) {
            states[i] = 1;
            if (i == steps_.size()) return;
            const auto& s = steps_[i];
            if (s.kind == takes_kind::fork)
                enter(states, i + s.skip);
            else if (s.kind != takes_kind::end && !s.repeats)
                return;
            ++i;
        }
    }

    char16_t separator_;
    std::vector<step> steps_{};
};

} // namespace coffer::inline COFFER_ABI

#endif
