// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_AUDIT_JOURNAL_HPP
#define COFFER_HTTP_DETAIL_AUDIT_JOURNAL_HPP

#include <coffer/http/audit_verify.hpp>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace coffer::inline COFFER_ABI::http::detail {

/// The files of an audit log being written, for one thread. The room of the file being written and
/// of the one after it is taken ahead where the file system can do that, so that a disk that fills
/// up is noticed while there still is room.
class audit_journal {
public:
    /// Goes on behind the last line. A folder that is not there is made, mode 0700. Errors: denied
    /// (others may enter it), conflict (somebody else is writing it), tampered (its lines were
    /// written with another key), rolled_back (the newest file is empty, and neither the file before
    /// it nor the head ends with the line before its first), unavailable.
    static auto open(const std::filesystem::path& folder, audit_key key, std::uint64_t limit)
        -> result<std::unique_ptr<audit_journal>> {
        auto out = std::unique_ptr<audit_journal>(new audit_journal(folder, std::move(key), limit));
        if (auto taken = out->take_folder(); !taken) return taken.error();
        if (auto resumed = out->resume(); !resumed) return resumed.error();
        out->compare_head();
        out->room_ = allocate(out->file_, 0, limit);
        out->reserve_next();
        return out;
    }

    /// Writes lines with these members; true once they are durable. False: none is, and the file is
    /// as before. The first have to tell of lost_head(), if there is one.
    auto write(const std::vector<std::string>& members, std::uint64_t now) -> bool {
        auto last = last_;
        std::string text;
        for (const auto& m : members)
            seal_line(key_, m, last, text);
        if (dirty_ && !file_.cut(size_)) return false;
        dirty_ = false;
        // Where the next file has no room this one goes on: it may have what take_room() took.
        if (size_ != 0 && size_ + text.size() > limit_ && next_room_ != room::none && !rotate(now))
            return false;
        if (!file_.write_all(text) || !file_.sync() || !sync_folder()) {
            dirty_ = !file_.cut(size_);
            room_ = room::none; // cutting gave it back
            return false;
        }
        size_ += text.size();
        last_ = std::move(last);
        // That head is in the chain from here on: from now on the file's tells how far this goes.
        if (std::exchange(lost_, std::nullopt)) (void)save_head(now);
        if (room_ == room::none) room_ = allocate(file_, 0, limit_);
        reserve_next();
        return true;
    }
    /// Takes the room of so many bytes behind the last line; true once they can be written whatever
    /// else fills the disk. Where the file system can't reserve them: if it has them now.
    auto take_room(std::uint64_t bytes) noexcept -> bool {
        if (room_ == room::reserved && size_ + bytes <= limit_) return true;
        const auto taken = allocate(file_, size_, bytes);
        return taken == room::unknown ? free_bytes() >= bytes : taken == room::reserved;
    }
    /// Bytes that the disk has for whoever asks first; 0 where that can't be told.
    auto free_bytes() const noexcept -> std::uint64_t {
        struct statvfs disk {};
        if (::statvfs(folder_.c_str(), &disk) != 0) return 0;
        return std::uint64_t{disk.f_bavail} * disk.f_frsize;
    }
    /// Writes down how far the log goes. False: it could not, for want of memory too; and while a
    /// lost head is told of in that file alone.
    auto save_head(std::uint64_t now) noexcept -> bool try {
        if (lost_) return false;
        const auto part = folder_ / "audit-head.part";
        auto file = audit_file::open(part, O_WRONLY | O_CREAT | O_TRUNC);
        if (!file || !file->write_all(to_json({last_.seq, last_.mac, now})) || !file->sync())
            return false;
        if (::rename(part.c_str(), (folder_ / audit_head_name).c_str()) != 0 || !lock_.sync())
            return false;
        saved_ = now;
        return true;
    } catch (const std::exception&) {
        return false;
    }

    /// The head that the log had once, though it ends before, until lines are written behind it.
    auto lost_head() const noexcept -> const std::optional<audit_head>& { return lost_; }
    /// When the head was written down for the last time by this; 0: it was not.
    auto saved() const noexcept -> std::uint64_t { return saved_; }

    auto last() const noexcept -> const audit_link& { return last_; }
    auto key() const noexcept -> const audit_key& { return key_; }
    /// Whether the room for what comes next could be taken.
    auto has_room() const noexcept -> bool {
        return room_ != room::none && next_room_ != room::none;
    }
    /// Whether the room of a whole file is the log's own, whatever else fills the disk: more than
    /// the lines take of all requests that can be under way.
    auto is_reserved() const noexcept -> bool {
        return room_ == room::reserved && next_room_ == room::reserved;
    }
    /// Bytes that are the log's own.
    auto reserved() const noexcept -> std::uint64_t {
        return (room_ == room::reserved && size_ < limit_ ? limit_ - size_ : 0) +
               (next_room_ == room::reserved ? limit_ : 0);
    }
    /// What was found when it was opened, for people; empty: nothing.
    auto found() const noexcept -> const std::string& { return found_; }

private:
    /// A file's room: there is none, the file system can't reserve it, or it is the file's own.
    enum class room : unsigned char { none, unknown, reserved };

    audit_journal(std::filesystem::path folder, audit_key key, std::uint64_t limit)
        : folder_(std::move(folder)), key_(std::move(key)), limit_(limit) {}

    auto take_folder() -> result<void> {
        if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return system_failure();
        auto opened = audit_file::open(folder_, O_RDONLY | O_DIRECTORY);
        if (!opened) return opened.error();
        struct stat facts {};
        if (::fstat(opened->fd(), &facts) != 0) return system_failure();
        if (facts.st_uid != ::geteuid() || (facts.st_mode & 077) != 0) return errc::denied;
        if (::flock(opened->fd(), LOCK_EX | LOCK_NB) != 0) return errc::conflict;
        lock_ = *std::move(opened);
        return {};
    }

    /// Where the chain is in one file.
    struct scanned {
        audit_link last{}; ///< Its last line whose mac is right; 0: there is none.
        std::uint64_t end = 0;
        bool is_torn =
            false; ///< What is behind it is no line: the end of a write that a crash cut.
    };
    auto scan(const audit_file& file) const -> scanned {
        scanned out;
        bool whole = false;
        bool zeros = false;
        for (audit_lines lines(file); lines.next();) {
            const auto got = lines.is_whole() ? open_line(key_, lines.text()) : std::nullopt;
            if (got) {
                out = {got->at, lines.end(), false};
                whole = zeros = false;
                continue;
            }
            whole = whole || lines.is_whole();
            zeros = zeros || lines.text().find('\0') != std::string_view::npos;
            out.is_torn = !whole || zeros;
        }
        return out;
    }
    auto resume() -> result<void> {
        auto all = segments_in(folder_);
        if (!all) return all.error();
        if (all->empty()) return begin();
        for (std::size_t i = all->size(); i-- > 0 && last_.seq == 0;) {
            auto file = audit_file::open((*all)[i].path, O_RDWR | O_APPEND);
            if (!file) return file.error();
            const auto seen = scan(*file);
            if (seen.end == 0 && !seen.is_torn && file->size() != 0) return errc::tampered;
            last_ = seen.last;
            if (i + 1 != all->size()) continue;
            file_ = *std::move(file);
            size_ = file_.size();
            if (!seen.is_torn) continue;
            if (auto moved = put_aside(seen.end); !moved) return moved;
        }
        return size_ == 0 ? go_on_before(all->back().first) : result<void>();
    }
    /// Looks for what the newest file goes on from, which has no line of its own: the end of the
    /// file before it or, where that was put away, the head.
    auto go_on_before(std::uint64_t first) -> result<void> {
        if (last_.seq + 1 == first) return {};
        const auto head = read_head();
        if (!head || head->seq + 1 != first) return errc::rolled_back;
        last_ = {head->seq, head->mac};
        return {};
    }
    auto begin() -> result<void> {
        auto made =
            audit_file::open(folder_ / name_of_segment(1), O_RDWR | O_APPEND | O_CREAT | O_EXCL);
        if (!made) return made.error();
        file_ = *std::move(made);
        return lock_.sync() ? result<void>() : result<void>(system_failure());
    }
    /// Moves what is no line to a file of its own.
    auto put_aside(std::uint64_t from) -> result<void> {
        const auto name = "audit-torn-" + std::to_string(from) + ".txt";
        auto aside = audit_file::open(folder_ / name, O_WRONLY | O_APPEND | O_CREAT);
        if (!aside) return aside.error();
        constexpr std::size_t block = 64 * 1024;
        for (auto at = from; at < size_; at += block)
            if (!aside->write_all(file_.read_at(at, block))) return system_failure();
        if (!aside->sync() || !file_.cut(from) || !file_.sync()) return system_failure();
        size_ = from;
        found_ = "a torn line was put aside in " + name;
        return {};
    }
    auto read_head() const -> std::optional<audit_head> {
        const auto file = audit_file::open(folder_ / audit_head_name, O_RDONLY);
        return file ? audit_head_of(file->read_at(0, 4096)) : std::nullopt;
    }
    void compare_head() {
        auto head = read_head();
        if (!head || head->seq <= last_.seq) return;
        found_ += std::string(found_.empty() ? "" : "; ") + "the log once went on to line " +
                  std::to_string(head->seq);
        lost_ = std::move(head);
    }

    auto next_path() const -> std::filesystem::path { return folder_ / "audit.next"; }
    /// Goes on in the next file, which has room. That it has its name is durable with the next
    /// write. A crash before that leaves it empty: what it goes on from is written down before.
    auto rotate(std::uint64_t now) -> bool {
        const auto path = folder_ / name_of_segment(last_.seq + 1);
        (void)save_head(now);
        if (::rename(next_path().c_str(), path.c_str()) != 0) {
            next_ = {}; // somebody may have removed it: the next try makes another
            next_room_ = room::none;
            return false;
        }
        folder_synced_ = false;
        (void)file_.cut(size_); // gives back what is left of its room
        file_ = std::move(next_);
        next_ = {};
        size_ = 0;
        room_ = std::exchange(next_room_, room::none);
        return true;
    }
    auto sync_folder() -> bool {
        folder_synced_ = folder_synced_ || lock_.sync();
        return folder_synced_;
    }
    /// Where it can't, for want of memory too, has_room() says so.
    void reserve_next() noexcept try {
        if (next_room_ != room::none) return;
        if (!next_) {
            auto made = audit_file::open(next_path(), O_RDWR | O_APPEND | O_CREAT | O_TRUNC);
            if (!made) return;
            next_ = *std::move(made);
        }
        next_room_ = allocate(next_, 0, limit_);
    } catch (const std::exception&) {
    }
    /// Takes a part of a file's room without making it longer.
    static auto allocate(const audit_file& file, std::uint64_t from, std::uint64_t bytes) noexcept
        -> room {
#ifdef FALLOC_FL_KEEP_SIZE
        if (::fallocate(file.fd(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
                        static_cast<off_t>(bytes)) == 0)
            return room::reserved;
        return errno != ENOSPC && errno != EDQUOT && errno != EFBIG ? room::unknown : room::none;
#else
        (void)file, (void)from, (void)bytes;
        return room::unknown;
#endif
    }

    std::filesystem::path folder_;
    audit_key key_;
    std::uint64_t limit_;
    audit_file lock_{}; ///< The folder.
    audit_file file_{};
    audit_file next_{};
    std::uint64_t size_ = 0;
    audit_link last_{};
    bool dirty_ = false;        ///< A write that failed may have left something behind size_.
    bool folder_synced_ = true; ///< That file_ has its name is durable.
    room room_ = room::none;
    room next_room_ = room::none;
    std::string found_{};
    std::optional<audit_head> lost_{};
    std::uint64_t saved_ = 0;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
