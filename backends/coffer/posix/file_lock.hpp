// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_POSIX_FILE_LOCK_HPP
#define COFFER_POSIX_FILE_LOCK_HPP

#include <coffer/posix/file_descriptor.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include <sys/file.h>

namespace coffer::inline COFFER_ABI::posix {

/// An exclusive flock(2) on a file made for nothing else, held until destruction.
///
/// It excludes other processes and, since each acquire opens the file anew, other threads of this
/// one. The file stays where it is: a lock file that is removed locks nothing. Released by hand on
/// destruction, so that a child that was forked in between doesn't keep it.
class file_lock {
public:
    /// Waits for the lock, for ever or until `patience` is over (`timed_out`). Time in which this
    /// process stood still, stopped or on a machine that slept, is not taken from its patience: the
    /// holder may have stood still too. The lock file is made with mode 0600 if it is missing, and
    /// given to the folder's owner by root; a link or a folder in its place is `denied` or
    /// `unavailable`.
    static auto acquire(const std::filesystem::path& path,
                        std::optional<std::chrono::milliseconds> patience = std::nullopt)
        -> result<file_lock> {
        using clock = std::chrono::steady_clock;
        auto before = clock::now();
        auto waited = clock::duration::zero();
        auto pause = std::chrono::microseconds(50);
        for (;;) {
            file_descriptor file(
                ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
            if (!file) return failed();
            if (auto given = give_to_folders_owner(file, path); !given) return given.error();
            if (::flock(file.get(), patience ? LOCK_EX | LOCK_NB : LOCK_EX) == 0) {
                if (still_there(file, path)) return file_lock(std::move(file));
            } else if (errno != EWOULDBLOCK && errno != EINTR) {
                return failed();
            }
            if (!patience) continue;
            const auto now = clock::now();
            waited += std::min<clock::duration>(now - std::exchange(before, now), most_between);
            if (waited >= *patience) return errc::timed_out;
            std::this_thread::sleep_for(pause);
            pause = std::min(pause * 2, std::chrono::microseconds(5'000));
        }
    }

    file_lock(file_lock&&) noexcept = default;
    auto operator=(file_lock&& other) noexcept -> file_lock& {
        if (this != &other) {
            release();
            file_ = std::move(other.file_);
        }
        return *this;
    }
    ~file_lock() { release(); }

private:
    /// Between two tries, of a process that runs.
    static constexpr std::chrono::milliseconds most_between{100};

    explicit file_lock(file_descriptor file) noexcept : file_(std::move(file)) {}

    void release() noexcept {
        if (file_) ::flock(file_.get(), LOCK_UN);
    }
    /// A lock that root made must not keep out whose the folder is. A file of root's that has another
    /// name was put there, and stays root's.
    static auto give_to_folders_owner(const file_descriptor& file,
                                      const std::filesystem::path& path) -> result<void> {
        struct stat mine {
        }, folder{};
        if (::geteuid() != 0 || ::fstat(file.get(), &mine) != 0 || mine.st_uid != 0 ||
            !S_ISREG(mine.st_mode) || mine.st_nlink != 1)
            return {};
        if (::stat(path.has_parent_path() ? path.parent_path().c_str() : ".", &folder) != 0)
            return failed();
        return give_to_owner(file, folder);
    }
    static auto still_there(const file_descriptor& file, const std::filesystem::path& path) noexcept
        -> bool {
        struct stat mine {
        }, there{};
        return ::fstat(file.get(), &mine) == 0 && ::lstat(path.c_str(), &there) == 0 &&
               mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
    }

    file_descriptor file_;
};

} // namespace coffer::inline COFFER_ABI::posix

#endif
