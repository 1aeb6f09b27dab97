// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_ANCHOR_FILE_HPP
#define COFFER_KEYRING_ANCHOR_FILE_HPP

#include <coffer/format/codec.hpp>
#include <coffer/format/limits.hpp>
#include <coffer/keyring/codec.hpp>
#include <coffer/keyring/store_folder.hpp>
#include <coffer/mark.hpp>
#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_lock.hpp>
#include <coffer/posix/known_file.hpp>
#include <coffer/result.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::keyring {

/// The marks of an anchor, by realm and environment.
struct anchor_order {
    using is_transparent = void;
    template <class A, class B>
    auto operator()(const A& a, const B& b) const noexcept -> bool {
        const std::string_view realm_a(a.first), realm_b(b.first);
        return realm_a != realm_b ? realm_a < realm_b
                                  : std::string_view(a.second) < std::string_view(b.second);
    }
};
using anchor_marks = std::map<std::pair<std::string, std::string>, mark, anchor_order>;

namespace detail {

template <class Integer>
auto read_decimal(std::string_view text, Integer& out) -> bool {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
    return wrong == std::errc{} && end == text.data() + text.size() && text[0] != '0';
}

/// One line: `<realm hex> <environment hex> <generation> <MAC[16] hex> <DEK number>`.
inline auto read_anchor_line(std::string_view line, anchor_marks& into) -> bool {
    std::array<std::string_view, 5> field{};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto space = line.find(' ');
        if (space == line.npos) return false;
        field[i] = line.substr(0, space);
        line.remove_prefix(space + 1);
    }
    field[4] = line;
    const auto realm = from_hex(field[0]);
    const auto environment = from_hex(field[1]);
    const auto mac = from_hex(field[3]);
    mark m;
    if (!realm || realm->size() > format::limits::realm || !environment || environment->empty() ||
        environment->size() > format::limits::id || !mac || mac->size() != m.mac.size())
        return false;
    if (!read_decimal(field[2], m.generation) || !read_decimal(field[4], m.dek)) return false;
    std::memcpy(m.mac.data(), mac->data(), m.mac.size());
    return into.try_emplace({std::string(as_text(*realm)), std::string(as_text(*environment))}, m)
        .second;
}

/// All lines. Nothing that is not exactly such a text is believed, an empty one neither: no anchor
/// is ever written without a line.
inline auto read_anchor(std::string_view text) -> std::optional<anchor_marks> {
    if (text.empty()) return std::nullopt;
    anchor_marks marks;
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (end == text.npos || !read_anchor_line(text.substr(0, end), marks)) return std::nullopt;
        text.remove_prefix(end + 1);
    }
    return marks;
}

inline auto write_anchor(const anchor_marks& marks) -> std::string {
    std::string out;
    for (const auto& [where, m] : marks) {
        out.append(format::to_hex(as_bytes(where.first))).append(" ");
        out.append(format::to_hex(as_bytes(where.second))).append(" ");
        out.append(std::to_string(m.generation)).append(" ");
        out.append(format::to_hex(m.mac)).append(" ").append(std::to_string(m.dek)).append("\n");
    }
    return out;
}

} // namespace detail

/// The anchor: a small file on the key side that keeps the newest mark of each environment across
/// processes (laws A1 to A6 of AnchoringKeyProvider; its lines are those of docs/format.md).
///
/// No file: no marks. A damaged one, or one that was there and is gone, is `tampered`; one that
/// can't be read, is a link, or that others may touch, is `unavailable`. What remember()
/// acknowledged is on disk; where it could not be (a read-only folder) it is `unavailable`, also
/// for a mark that stands already. recall() costs one system call while the file is unchanged.
/// Thread-safe, and safe between processes: writers hold a lock on
/// `<path>.lock` and wait at most `patience` for it (`timed_out`).
///
/// Not noticed by the file itself: whole lines that somebody with access to the key side removes.
class anchor_file {
public:
    explicit anchor_file(std::filesystem::path path,
                         std::chrono::milliseconds patience = std::chrono::seconds(10))
        : path_(fixed_path(path)), patience_(patience) {}

    auto recall(std::string_view realm, std::string_view environment)
        -> result<std::optional<mark>> {
        const std::lock_guard lock(mutex_);
        if (auto read = renew(); !read) return read.error();
        return look_up(marks_, realm, environment);
    }

    auto remember(std::string_view realm, std::string_view environment, const lineage& seen)
        -> result<mark> {
        if (realm.size() > format::limits::realm || environment.empty() ||
            environment.size() > format::limits::id || seen.newest.generation == 0 ||
            seen.newest.dek == 0)
            return errc::invalid_argument;
        if (auto stands = stands_surely(realm, environment, seen.newest); !stands || *stands)
            return stands ? result<mark>(seen.newest) : stands.error();
        // Not under mutex_: readers must not wait for the disk.
        auto lock_path = path_;
        auto held = posix::file_lock::acquire(lock_path += ".lock", patience_);
        if (!held) return unreadable(held.error());
        auto marks = read_shared();
        if (!marks) return marks.error();
        const auto known = look_up(*marks, realm, environment);
        const auto next = seen.after(known);
        if (!next) return next;
        if (*next == known && is_sure()) {
            auto writable = require_writable();
            return writable ? next : result<mark>(writable.error());
        }
        if (auto kept = keep(*marks, realm, environment, *next, *held); !kept) return kept.error();
        return next;
    }

private:
    static auto unreadable(failure why) noexcept -> failure {
        return {why.code == errc::timed_out ? errc::timed_out : errc::unavailable, why.cause};
    }
    static auto look_up(const anchor_marks& marks, std::string_view realm,
                        std::string_view environment) -> std::optional<mark> {
        const auto found = marks.find(std::pair(realm, environment));
        return found == marks.end() ? std::nullopt : std::optional(found->second);
    }
    /// Writes the file anew with this mark in it.
    auto keep(anchor_marks& marks, std::string_view realm, std::string_view environment,
              const mark& m, const posix::file_lock& held) -> result<void> {
        marks[{std::string(realm), std::string(environment)}] = m;
        auto written =
            posix::replace_file(path_, as_bytes(detail::write_anchor(marks)), {.held = &held});
        if (!written) return unreadable(written.error());
        auto file = posix::open_regular(path_);
        const std::lock_guard lock(mutex_);
        from_ = {};
        stands_ = written->durable ? certainty::sure : certainty::lost;
        if (!written->durable) return failure{errc::unavailable, written->cause};
        marks_ = std::move(marks);
        if (!file) return {}; // it is read when it is asked for
        if (const auto stamp = posix::stamp(*file)) from_ = {std::move(*file), *stamp};
        return {};
    }
    /// With mutex_ held: marks_ is what the file says now.
    auto renew() -> result<void> {
        auto now = posix::stamp(path_);
        if (!now) return unreadable(now.error());
        if (from_.stands(*now)) return {};
        auto marks = read();
        if (!marks) return marks.error();
        marks_ = std::move(*marks);
        return {};
    }
    /// Whether the mark is on disk, and could be written again: the answer that most writes begin
    /// with, without the lock.
    auto stands_surely(std::string_view realm, std::string_view environment, const mark& m)
        -> result<bool> {
        const std::lock_guard lock(mutex_);
        if (auto read = renew(); !read) return read.error();
        if (stands_ != certainty::sure || look_up(marks_, realm, environment) != m) return false;
        if (auto writable = require_writable(); !writable) return writable.error();
        return true;
    }
    /// Whether the next mark could be written: who is told that this one stands commits on it.
    auto require_writable() const -> result<void> {
        auto writable = posix::require_writable(path_.parent_path());
        if (!writable) return unreadable(writable.error());
        return {};
    }
    /// With the file's lock held: what stands there is on disk, or is now.
    auto is_sure() -> bool {
        const std::lock_guard lock(mutex_);
        if (stands_ == certainty::visible && posix::make_name_durable(path_))
            stands_ = certainty::sure;
        return stands_ == certainty::sure;
    }
    auto read_shared() -> result<anchor_marks> {
        const std::lock_guard lock(mutex_);
        if (auto read = renew(); !read) return read.error();
        return marks_;
    }
    /// Reads the file as it is now.
    auto read() -> result<anchor_marks> {
        from_ = {};
        auto file = posix::open_regular(path_);
        if (!file && file.error() == errc::not_found && marks_.empty()) return anchor_marks{};
        if (!file && file.error() == errc::not_found) return errc::tampered; // it was there
        if (!file) return unreadable(file.error());
        if (auto mine = posix::require_private(*file); !mine) return unreadable(mine.error());
        const auto stamp = posix::stamp(*file);
        if (!stamp) return unreadable(stamp.error());
        auto text = posix::read_all(*file, std::size_t{64} << 20);
        if (!text) return unreadable(text.error());
        auto marks = detail::read_anchor(as_text(*text));
        if (!marks) return errc::tampered;
        if (stands_ == certainty::sure) stands_ = certainty::visible;
        from_ = {std::move(*file), *stamp};
        return std::move(*marks);
    }

    /// What is known of the file's place on disk.
    enum class certainty : unsigned char {
        visible, ///< It was read; who put it there may still be at the fsync of the folder.
        sure,
        lost, ///< An fsync of this process' failed: only writing anew makes it sure.
    };

    std::filesystem::path path_;
    std::chrono::milliseconds patience_;
    std::mutex mutex_;
    anchor_marks marks_;
    posix::known_file from_{}; ///< marks_ are what it says. None: read again.
    certainty stands_ = certainty::visible;
};

} // namespace coffer::inline COFFER_ABI::keyring

#endif
