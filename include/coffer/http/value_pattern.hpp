// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_VALUE_PATTERN_HPP
#define COFFER_HTTP_VALUE_PATTERN_HPP

#include <coffer/http/detail/pattern_reader.hpp>
#include <coffer/result.hpp>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What a value has to look like: an extended regular expression (POSIX.1-2017, XBD 9.4) that matches
/// somewhere in it. It looks at bytes, as in the C locale.
///
/// Who may write says what programs need, and all who check match it: so a pattern is bounded, and
/// no value makes it take longer than its steps times the value's bytes. All ways through it are
/// gone at once (K. Thompson, Regular expression search algorithm, Commun. ACM 11(6), 1968).
///
/// Thread-safe. It keeps and copies nothing of a value.
class value_pattern {
public:
    static constexpr std::size_t longest = 1024; ///< In bytes.
    /// A byte and an anchor are a step, an alternative and `*` two; what is repeated counts as often
    /// as it is written out: `(ab){50}` is 100.
    static constexpr std::size_t most_steps = 1000;

    /// Errors: too_large (longer, or of more steps); unsupported (a back-reference, and whatever
    /// else has a letter or a digit behind `\`; `[.` and `[=` in a bracket expression);
    /// invalid_argument (no extended regular expression).
    static auto read(std::string_view text) -> result<value_pattern> {
        if (text.size() > longest) return errc::too_large;
        detail::pattern_reader reader(text, most_steps);
        if (const auto why = reader.read(); why != errc{}) return why;
        value_pattern out;
        out.steps_ = std::move(reader.steps);
        out.sets_ = std::move(reader.sets);
        return out;
    }

    /// Whether some part of the value matches.
    auto matches(std::string_view value) const -> bool {
        reached now(steps_.size() + 1);
        reached next(steps_.size() + 1);
        for (std::size_t at = 0;; ++at) {
            reach(now, 0, at, value.size()); // from here on, too
            if (now.is_end) return true;
            if (at == value.size()) return false;
            next.waiting.clear();
            const auto byte = static_cast<unsigned char>(value[at]);
            for (const auto step : now.waiting)
                if (sets_[steps_[step].set].test(byte)) reach(next, step + 1, at + 1, value.size());
            std::swap(now, next);
        }
    }

private:
    using kind = detail::pattern_step::kind;

    /// The steps that are reached at one byte of a value, each once.
    struct reached {
        explicit reached(std::size_t steps) : seen(steps, 0) {}
        std::vector<std::size_t> waiting{}; ///< For a byte.
        std::vector<std::size_t> seen;      ///< At which byte last, counted from 1.
        std::vector<std::size_t> open{};
        bool is_end = false;
    };

    value_pattern() = default;

    void reach(reached& in, std::size_t first, std::size_t at, std::size_t size) const {
        in.open.push_back(first);
        while (!in.open.empty()) {
            const auto step = in.open.back();
            in.open.pop_back();
            if (in.seen[step] == at + 1) continue;
            in.seen[step] = at + 1;
            if (step == steps_.size()) {
                in.is_end = true;
                continue;
            }
            const auto& s = steps_[step];
            const auto to = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(step) + s.to);
            if (s.what == kind::byte) in.waiting.push_back(step);
            if (s.what == kind::jump || s.what == kind::fork) in.open.push_back(to);
            if (s.what == kind::fork || (s.what == kind::begin && at == 0) ||
                (s.what == kind::end && at == size))
                in.open.push_back(step + 1);
        }
    }

    std::vector<detail::pattern_step> steps_{};
    std::vector<detail::byte_set> sets_{};
};

/// Why a text is no pattern, from the error of value_pattern::read(), as the rest of a sentence.
constexpr auto pattern_fault(errc why) noexcept -> std::string_view {
    if (why == errc::too_large)
        return "is too long: 1,024 bytes, and 1,000 steps with its repetitions written out";
    if (why == errc::unsupported)
        return "has a letter or a digit behind \\ (a back-reference, \\d, \\w), or [. or [=";
    return "is no extended regular expression";
}

} // namespace coffer::inline COFFER_ABI::http

#endif
