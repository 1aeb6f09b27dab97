// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_PATTERN_READER_HPP
#define COFFER_HTTP_DETAIL_PATTERN_READER_HPP

#include <coffer/errc.hpp>

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http::detail {

using byte_set = std::bitset<256>;

/// One step of a pattern that was read. Where it leads is counted from the step itself, so that a
/// run of steps can be copied.
struct pattern_step {
    enum class kind : unsigned char {
        byte,  ///< One byte of a set, then the next step.
        begin, ///< The next step, at the begin of the value.
        end,   ///< The next step, at its end.
        jump,  ///< The step `to`.
        fork,  ///< Both the next step and the step `to`.
    };
    kind what{};
    std::ptrdiff_t to = 0;
    std::size_t set = 0; ///< Of a byte.
};

/// Reads a pattern, by recursive descent.
class pattern_reader {
public:
    pattern_reader(std::string_view text, std::size_t most_steps) noexcept
        : text_(text), most_(most_steps) {}

    /// What it is not: invalid_argument, unsupported, too_large; else errc{}.
    auto read() -> errc {
        alternatives(0);
        return why_;
    }
    std::vector<pattern_step> steps{};
    std::vector<byte_set> sets{};

private:
    using kind = pattern_step::kind;
    static constexpr auto unlimited = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t most_times = 32767; // RE_DUP_MAX of the GNU C library

    auto is_at_end() const noexcept -> bool { return at_ == text_.size(); }
    auto sees(char c, std::size_t ahead = 0) const noexcept -> bool {
        return ahead < text_.size() - at_ && text_[at_ + ahead] == c;
    }
    auto takes(char c) noexcept -> bool {
        if (!sees(c)) return false;
        ++at_;
        return true;
    }
    /// Nothing is read any more.
    void fail(errc why) noexcept {
        if (why_ == errc{}) why_ = why;
        at_ = text_.size();
    }
    void add(kind what, std::size_t set = 0) {
        if (steps.size() >= most_) return fail(errc::too_large);
        steps.push_back({what, 0, set});
    }
    void add(const byte_set& of) {
        sets.push_back(of);
        add(kind::byte, sets.size() - 1);
    }
    void add_byte(char c) {
        byte_set one;
        add(one.set(static_cast<unsigned char>(c)));
    }

    void alternatives(std::size_t depth) {
        const auto start = steps.size();
        while (!is_at_end() && !sees('|') && !(depth > 0 && sees(')')))
            piece(depth);
        if (!takes('|')) return;
        const auto size = static_cast<std::ptrdiff_t>(steps.size() - start);
        steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(start), {kind::fork, size + 2, 0});
        const auto jump = steps.size();
        add(kind::jump);
        alternatives(depth);
        if (why_ == errc{}) steps[jump].to = static_cast<std::ptrdiff_t>(steps.size() - jump);
    }

    void piece(std::size_t depth) {
        const auto start = steps.size();
        switch (const char c = text_[at_++]; c) {
        case '^': return add(kind::begin); // what repeats it is refused
        case '$': return add(kind::end);
        case '*':
        case '+':
        case '?':
        case '{': return fail(errc::invalid_argument); // of nothing
        case '(':
            alternatives(depth + 1);
            if (!takes(')')) return fail(errc::invalid_argument);
            break;
        case '[': bracket(); break;
        case '.': add(~byte_set(1)); break; // no NUL
        case '\\': escaped(); break;
        default: add_byte(c);
        }
        while (repetition(start)) {
        }
    }

    void escaped() {
        if (is_at_end()) return fail(errc::invalid_argument);
        const char c = text_[at_++];
        const bool plain =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (plain) return fail(errc::unsupported);
        add_byte(c);
    }

    /// Of what was read since `start`.
    auto repetition(std::size_t start) -> bool {
        if (takes('*')) return repeat(start, 0, unlimited);
        if (takes('+')) return repeat(start, 1, unlimited);
        if (takes('?')) return repeat(start, 0, 1);
        if (!takes('{')) return false;
        const auto least = number();
        const bool is_range = takes(',');
        const auto most = is_range ? number() : least;
        if (!takes('}') || !(least || is_range) || least.value_or(0) > most.value_or(unlimited)) {
            fail(errc::invalid_argument);
            return false;
        }
        return repeat(start, least.value_or(0), most.value_or(unlimited));
    }
    auto number() noexcept -> std::optional<std::size_t> {
        std::optional<std::size_t> out;
        for (; !is_at_end() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
            out = std::min(out.value_or(0) * 10 + static_cast<std::size_t>(text_[at_] - '0'),
                           most_times + 1);
        return out;
    }
    auto repeat(std::size_t start, std::size_t least, std::size_t most) -> bool {
        const std::vector<pattern_step> once(steps.begin() + static_cast<std::ptrdiff_t>(start),
                                             steps.end());
        const auto size = static_cast<std::ptrdiff_t>(once.size());
        const auto optional = most == unlimited ? 1 : most - least;
        const auto all = start + least * once.size() + optional * (once.size() + 1) + 1;
        if (all > most_ || least > most_times || optional > most_times) {
            fail(errc::too_large);
            return false;
        }
        const auto put = [&] { steps.insert(steps.end(), once.begin(), once.end()); };
        steps.resize(start);
        for (std::size_t i = 0; i < least; ++i)
            put();
        if (most == unlimited) {
            steps.push_back({kind::fork, size + 2, 0});
            put();
            steps.push_back({kind::jump, -(size + 1), 0});
            return true;
        }
        for (std::size_t i = 0; i < optional; ++i) {
            steps.push_back({kind::fork, size + 1, 0});
            put();
        }
        return true;
    }

    void bracket() {
        byte_set of;
        const bool others = takes('^');
        for (bool first = true; first || !sees(']'); first = false) {
            if (is_at_end()) return fail(errc::invalid_argument);
            if (sees('[') && (sees('.', 1) || sees('=', 1))) return fail(errc::unsupported);
            if (sees('[') && sees(':', 1))
                add_class(of);
            else
                add_range(of, first);
        }
        ++at_;
        add(others ? ~of : of);
    }
    void add_range(byte_set& to, bool first) {
        if (sees('-') && !first && !sees(']', 1)) return fail(errc::invalid_argument);
        const auto low = static_cast<unsigned char>(text_[at_++]);
        auto high = low;
        if (sees('-') && !sees(']', 1)) {
            ++at_;
            const bool is_class = sees('[') && (sees('.', 1) || sees('=', 1) || sees(':', 1));
            if (is_at_end() || is_class) return fail(errc::invalid_argument);
            high = static_cast<unsigned char>(text_[at_++]);
        }
        if (high < low) return fail(errc::invalid_argument);
        for (unsigned b = low; b <= high; ++b)
            to.set(b);
    }
    /// As the C locale has them.
    void add_class(byte_set& to) {
        const auto end = text_.find(":]", at_ + 2);
        if (end == text_.npos) return fail(errc::invalid_argument);
        const auto name = text_.substr(at_ + 2, end - at_ - 2);
        at_ = end + 2;
        if (sees('-') && !sees(']', 1)) return fail(errc::invalid_argument);
        const auto between = [](unsigned b, char low, char high) {
            return b >= static_cast<unsigned char>(low) && b <= static_cast<unsigned char>(high);
        };
        for (unsigned b = 0; b < 128; ++b) {
            const bool upper = between(b, 'A', 'Z');
            const bool lower = between(b, 'a', 'z');
            const bool digit = between(b, '0', '9');
            const bool graph = between(b, '!', '~');
            const std::pair<std::string_view, bool> all[] = {
                {"alnum", upper || lower || digit},
                {"alpha", upper || lower},
                {"blank", b == ' ' || b == '\t'},
                {"cntrl", b < 32 || b == 127},
                {"digit", digit},
                {"graph", graph},
                {"lower", lower},
                {"print", graph || b == ' '},
                {"punct", graph && !upper && !lower && !digit},
                {"space", b == ' ' || between(b, '\t', '\r')},
                {"upper", upper},
                {"xdigit", digit || between(b, 'A', 'F') || between(b, 'a', 'f')}};
            const auto found = std::find_if(std::begin(all), std::end(all),
                                            [&](const auto& one) { return one.first == name; });
            if (found == std::end(all)) return fail(errc::invalid_argument);
            if (found->second) to.set(b);
        }
    }

    std::string_view text_;
    std::size_t most_;
    std::size_t at_ = 0;
    errc why_{};
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
