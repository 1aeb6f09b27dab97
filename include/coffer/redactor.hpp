// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDACTOR_HPP
#define COFFER_REDACTOR_HPP

#include <coffer/detail/polynomial_hash.hpp>
#include <coffer/detail/siphash.hpp>
#include <coffer/detail/without_controls.hpp>
#include <coffer/detail/written_forms.hpp>
#include <coffer/view.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// Cuts known values out of text that is on its way to a log, and says which:
/// `token is [redacted SLACK_TOKEN]`.
///
///     auto log = coffer::redactor::open(secrets.at(here).value()).value();
///     std::clog << log.redact(line);                       // a whole text
///     while (read(chunk)) std::cout << log.feed(chunk);    // or a stream in any pieces
///     std::cout << log.flush();
///
/// What it promises: no byte of any occurrence of a known value comes out, wherever the pieces are
/// cut and however values overlap. Where several begin at the same byte the longest gives the name;
/// an occurrence within another is not named. All other bytes come out unchanged and in order.
///
/// What it does not: values under `shortest` (8) bytes are ignored, since cutting out `true` or a
/// port number would garble the log and show the value; skipped() has their names. A value that the
/// program changed is another text. The common ones are known where a value comes from a view or by
/// add_forms(): escaped as in JSON, percent-encoded, base64, each line of a value that has several.
/// Others, such as base64 of the value behind a name, must be added by who writes them.
///
/// It keeps no value. Of each it keeps the length, where its first line ends, 32 bits of a rolling
/// hash (Karp-Rabin; the first 8 bytes give 16 of them, a first line that is shorter 16 more) and
/// 128 bits of SipHash-2-4, both under random keys of this object.
/// Text is cut out only if both agree: a false hit has a chance of 2^-128 for each candidate.
/// Whoever can read this process's memory can test guesses, as with any hash. The text that is held
/// back may hold values; its memory is wiped.
///
/// feed() holds back what could be the beginning of a value: the last 7 bytes, and more only after
/// bytes whose hash says that one may have begun; up to the end of a line nothing but what may be
/// the beginning of a value that has its first line's end there. Time: linear in the text, plus the
/// length of what is cut out. Thread safety: redact() may be called from several threads while
/// nobody adds; feed() and flush() belong to one thread at a time. Copies are independent.
class redactor {
public:
    /// Values shorter than this, in bytes, are ignored.
    static constexpr std::size_t shortest = 8;

    redactor() : redactor(std::random_device{}) {}
    /// A redactor that knows the values of a view: see add_all(). Its skipped() names the others.
    static auto open(const view& from) -> result<redactor> {
        redactor made;
        if (auto added = made.add_all(from); !added) return added.error();
        return made;
    }

    /// Knows a value from now on, also in what feed() holds back. False: too short, ignored.
    [[nodiscard]] auto add(std::string_view name, std::string_view value) -> bool {
        if (know(name, value)) return true;
        skip(name);
        return false;
    }
    [[nodiscard]] auto add(std::string_view name, const secret& value) -> bool {
        return add(name, value.expose_secret());
    }
    /// Knows a value and the other texts in which programs commonly write it, but for those that
    /// are too short. False: the value is too short, all are ignored.
    [[nodiscard]] auto add_forms(std::string_view name, std::string_view value) -> bool {
        if (!add(name, value)) return false;
        detail::each_written_form(value, [&](std::string_view form) { know(name, form); });
        return true;
    }
    [[nodiscard]] auto add_forms(std::string_view name, const secret& value) -> bool {
        return add_forms(name, value.expose_secret());
    }
    /// Knows all values of a view, by add_forms(). One that is too short is left out, and so is one
    /// that can't be had (it is damaged, its key is not there): no program is given it either.
    /// skipped() names both. Errors: unavailable, timed_out (a value can't be read now; those
    /// before it are known).
    auto add_all(const view& from) -> result<void> {
        for (const auto& one : from.list()) {
            if (one.outcome == errc::not_found || one.outcome == errc::expired) continue;
            const auto value = from.get(one.name);
            if (value)
                (void)add_forms(one.name, *value); // skipped() tells
            else if (is_away(value.error().code))
                return value.error();
            else
                skip(one.name);
        }
        return {};
    }
    /// The names of all values that were left out, each once, in the order in which they came.
    /// Valid until the next call that adds.
    auto skipped() const noexcept -> std::span<const std::string> { return skipped_; }

    /// A whole text without the values in it.
    auto redact(std::string_view text) const -> std::string {
        stream whole;
        std::string out;
        take(whole, text);
        scan(whole, true, out);
        return out;
    }
    /// The next piece of a stream: what of it, and of the pieces before, can be shown now.
    auto feed(std::string_view text) -> std::string {
        std::string out;
        take(stream_, text);
        scan(stream_, false, out);
        return out;
    }
    /// The rest, at the end of the stream or where it pauses. A value that is cut in two by a flush
    /// is not found.
    auto flush() -> std::string {
        std::string out;
        scan(stream_, true, out);
        return out;
    }

private:
    struct known {
        std::size_t size;
        std::size_t line; ///< Where its first line ends; npos if it has but one.
        std::uint64_t power;
        std::uint32_t hash;
        detail::siphash::digest digest;
        std::string marker;
    };
    /// Text whose beginning is not decided yet. hashes[i] is that of everything before text[i].
    struct stream {
        std::vector<char, wiping_allocator<char>> text{};
        std::vector<std::uint64_t, wiping_allocator<std::uint64_t>> hashes{0};
        std::size_t covered = 0; ///< Up to here it was cut out.
    };

    explicit redactor(std::random_device&& random)
        : rolling_(random64(random)), key_{random64(random), random64(random)},
          power_(rolling_.power(shortest)), begins_(buckets) {}

    auto know(std::string_view name, std::string_view value) -> bool {
        if (value.size() < shortest) return false;
        const auto line = value.find('\n');
        if (line < shortest - 1)
            opened_by_[line].push_back(bucket_of(rolling_.of(value.substr(0, line + 1))));
        const auto head = bucket_of(rolling_.of(value.substr(0, shortest)));
        auto& bucket = values_[head];
        const known made{value.size(),
                         line,
                         rolling_.power(value.size()),
                         short_hash(rolling_.of(value)),
                         siphash_of(value),
                         marker(name)};
        const auto same = [&](const known& k) {
            return k.size == made.size && k.digest == made.digest;
        };
        if (std::any_of(bucket.begin(), bucket.end(), same)) return true;
        const auto longer = [&](const known& k) { return k.size >= made.size; };
        bucket.insert(std::find_if_not(bucket.begin(), bucket.end(), longer), made);
        begins_[head] = true;
        return true;
    }
    void skip(std::string_view name) {
        if (std::find(skipped_.begin(), skipped_.end(), name) == skipped_.end())
            skipped_.emplace_back(name);
    }

    static constexpr std::size_t buckets = std::size_t{1} << 16;
    static auto random64(std::random_device& random) -> std::uint64_t {
        return (std::uint64_t{random()} << 32) | random();
    }
    // A few bits alone are kept of these hashes: a whole one is a linear equation in the value's
    // bytes.
    static auto bucket_of(std::uint64_t hash) noexcept -> std::uint16_t {
        return static_cast<std::uint16_t>(hash);
    }
    static auto short_hash(std::uint64_t hash) noexcept -> std::uint16_t {
        return static_cast<std::uint16_t>(hash >> 16);
    }
    auto siphash_of(std::string_view text) const noexcept -> detail::siphash::digest {
        return detail::siphash::of(key_, text);
    }
    static auto marker(std::string_view name) -> std::string {
        return detail::without_controls("[redacted " + std::string(name) + "]");
    }

    void take(stream& s, std::string_view text) const {
        s.text.insert(s.text.end(), text.begin(), text.end());
        s.hashes.reserve(s.text.size() + 1);
        for (const char c : text)
            s.hashes.push_back(rolling_.extend(s.hashes.back(), c));
    }

    /// What there is from a place on, and where its first line ends: npos if it does not yet.
    struct remainder {
        std::string_view text;
        std::size_t line;

        /// Whether a value whose first line ends there can begin here and end later.
        auto may_begin(std::size_t its_line) const noexcept -> bool {
            return line == text.npos ? its_line >= text.size() : its_line == line;
        }
    };

    /// The longest value that begins at `at`. `undecided`: a longer one may, with what is yet to
    /// come.
    auto find(const stream& s, std::size_t at, const remainder& rest, bool last,
              bool& undecided) const -> const known* {
        using detail::polynomial_hash;
        const auto head =
            bucket_of(polynomial_hash::between(s.hashes[at], s.hashes[at + shortest], power_));
        if (!begins_[head]) return nullptr;
        for (const auto& k : values_.at(head)) {
            if (k.size > rest.text.size()) {
                if (!last && rest.may_begin(k.line)) return undecided = true, nullptr;
                continue;
            }
            const auto hash =
                polynomial_hash::between(s.hashes[at], s.hashes[at + k.size], k.power);
            if (short_hash(hash) == k.hash && siphash_of(rest.text.substr(0, k.size)) == k.digest)
                return &k;
        }
        return nullptr;
    }
    /// Whether fewer than `shortest` bytes can be the beginning of a value.
    auto may_be_opening(const stream& s, std::size_t at, const remainder& rest) const -> bool {
        if (rest.line == rest.text.npos) return true;
        const auto hash = bucket_of(detail::polynomial_hash::between(
            s.hashes[at], s.hashes[at + rest.line + 1], rolling_.power(rest.line + 1)));
        const auto& openings = opened_by_[rest.line];
        return std::find(openings.begin(), openings.end(), hash) != openings.end();
    }

    void scan(stream& s, bool last, std::string& out) const {
        const std::string_view text(s.text.data(), s.text.size());
        std::size_t at = 0;
        auto line_end = text.find('\n');
        for (bool undecided = false; at < text.size(); ++at) {
            if (line_end < at) line_end = text.find('\n', at);
            const remainder rest{text.substr(at), line_end == text.npos ? line_end : line_end - at};
            const known* found = nullptr;
            if (rest.text.size() >= shortest)
                found = find(s, at, rest, last, undecided);
            else
                undecided = !last && may_be_opening(s, at, rest);
            if (undecided) break;
            if (found != nullptr && at + found->size > s.covered) {
                out += found->marker;
                s.covered = at + found->size;
            }
            if (at >= s.covered) out += text[at];
        }
        drop(s, at);
    }

    static void drop(stream& s, std::size_t count) {
        s.covered -= std::min(s.covered, count);
        if (count == 0) return;
        const auto n = static_cast<std::ptrdiff_t>(count);
        std::move(s.text.begin() + n, s.text.end(), s.text.begin());
        wipe(s.text.data() + s.text.size() - count, count);
        s.text.resize(s.text.size() - count);
        std::move(s.hashes.begin() + n, s.hashes.end(), s.hashes.begin());
        wipe(s.hashes.data() + s.hashes.size() - count, count * sizeof(std::uint64_t));
        s.hashes.resize(s.hashes.size() - count);
    }

    detail::polynomial_hash rolling_;
    std::array<std::uint64_t, 2> key_;
    std::uint64_t power_; ///< Of `shortest` bytes.
    std::vector<bool>
        begins_; ///< The buckets that are not empty: one bit to look at for each byte.
    std::unordered_map<std::uint16_t, std::vector<known>> values_{}; ///< The longest first.
    /// Of the values whose first line is short: by where it ends, 16 bits of what it is.
    std::array<std::vector<std::uint16_t>, shortest - 1> opened_by_{};
    std::vector<std::string> skipped_{};
    stream stream_{};
};

} // namespace coffer::inline COFFER_ABI

#endif
