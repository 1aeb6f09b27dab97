// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDACTOR_HPP
#define COFFER_REDACTOR_HPP

#include <coffer/detail/polynomial_hash.hpp>
#include <coffer/detail/siphash.hpp>
#include <coffer/view.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
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
/// port number would garble the log and show the value. A value that the program changed (encoded,
/// quoted, split over lines) is another text: add() that form too if the program writes it.
///
/// It keeps no value. Of each it keeps the length, 32 bits of a rolling hash (Karp-Rabin; the first
/// 8 bytes give 16 of them) and 128 bits of SipHash-2-4, both under random keys of this object.
/// Text is cut out only if both agree: a false hit has a chance of 2^-128 for each candidate.
/// Whoever can read this process's memory can test guesses, as with any hash. The text that is held
/// back may hold values; its memory is wiped.
///
/// feed() holds back what could be the beginning of a value: the last 7 bytes, and more only after
/// bytes whose hash says that one may have begun; up to the end of a line nothing, unless a known
/// value goes over lines. Time: linear in the text, plus the length of what
/// is cut out. Thread safety: redact() may be called from several threads while nobody adds; feed()
/// and flush() belong to one thread at a time. Copies are independent.
class redactor {
public:
    /// Values shorter than this, in bytes, are ignored.
    static constexpr std::size_t shortest = 8;

    redactor() : redactor(std::random_device{}) {}
    /// A redactor that knows all values of a view. Errors: those of view::all().
    static auto open(const view& from) -> result<redactor> {
        redactor made;
        if (auto added = made.add_all(from); !added) return added.error();
        return made;
    }

    /// Knows a value from now on, also in what feed() holds back. False: too short, ignored.
    auto add(std::string_view name, std::string_view value) -> bool {
        if (value.size() < shortest) return false;
        if (value.find('\n') != value.npos) over_lines_ = true;
        const auto head = bucket_of(rolling_.of(value.substr(0, shortest)));
        auto& bucket = values_[head];
        const known made{value.size(), rolling_.power(value.size()), short_hash(rolling_.of(value)),
                         siphash_of(value), marker(name)};
        const auto same = [&](const known& k) {
            return k.size == made.size && k.digest == made.digest;
        };
        if (std::any_of(bucket.begin(), bucket.end(), same)) return true;
        const auto longer = [&](const known& k) { return k.size >= made.size; };
        bucket.insert(std::find_if_not(bucket.begin(), bucket.end(), longer), made);
        begins_[head] = true;
        return true;
    }
    auto add(std::string_view name, const secret& value) -> bool {
        return add(name, value.expose_secret());
    }
    /// Knows all values of a view. Errors: those of view::all(); then none was added.
    auto add_all(const view& from) -> result<void> {
        const auto all = from.all();
        if (!all) return all.error();
        for (const auto& s : *all)
            add(s.name, s.value);
        return {};
    }

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
        std::string text = "[redacted " + std::string(name) + "]";
        for (char& c : text)
            if (static_cast<unsigned char>(c) < 0x20)
                c = '?'; // a name must not break the log's lines
        return text;
    }

    void take(stream& s, std::string_view text) const {
        s.text.insert(s.text.end(), text.begin(), text.end());
        s.hashes.reserve(s.text.size() + 1);
        for (const char c : text)
            s.hashes.push_back(rolling_.extend(s.hashes.back(), c));
    }

    /// The longest value that begins at `at`. `undecided`: a longer one may, with what is yet to
    /// come.
    auto find(const stream& s, std::size_t at, bool last, bool& undecided) const -> const known* {
        using detail::polynomial_hash;
        const auto head =
            bucket_of(polynomial_hash::between(s.hashes[at], s.hashes[at + shortest], power_));
        if (!begins_[head]) return nullptr;
        const std::string_view rest(s.text.data() + at, s.text.size() - at);
        for (const auto& k : values_.at(head)) {
            if (k.size > rest.size()) {
                if (!last) return undecided = true, nullptr;
                continue;
            }
            const auto hash =
                polynomial_hash::between(s.hashes[at], s.hashes[at + k.size], k.power);
            if (short_hash(hash) == k.hash && siphash_of(rest.substr(0, k.size)) == k.digest)
                return &k;
        }
        return nullptr;
    }

    void scan(stream& s, bool last, std::string& out) const {
        std::size_t at = 0;
        const auto whole = last ? s.text.size() : end_of_lines(s);
        for (bool undecided = false; at < s.text.size(); ++at) {
            const known* found = nullptr;
            if (at + shortest <= s.text.size())
                found = find(s, at, at < whole, undecided);
            else
                undecided = at >= whole;
            if (undecided) break;
            if (found != nullptr && at + found->size > s.covered) {
                out += found->marker;
                s.covered = at + found->size;
            }
            if (at >= s.covered) out += s.text[at];
        }
        drop(s, at);
    }

    /// What begins before this can't be a value that is not whole yet.
    auto end_of_lines(const stream& s) const -> std::size_t {
        if (over_lines_) return 0;
        const auto end = std::find(s.text.rbegin(), s.text.rend(), '\n');
        return static_cast<std::size_t>(s.text.rend() - end);
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
    bool over_lines_ = false; ///< A value has a line's end in it.
    stream stream_{};
};

} // namespace coffer::inline COFFER_ABI

#endif
