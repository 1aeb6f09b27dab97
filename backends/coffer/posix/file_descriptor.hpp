// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_POSIX_FILE_DESCRIPTOR_HPP
#define COFFER_POSIX_FILE_DESCRIPTOR_HPP

#include <coffer/bytes.hpp>
#include <coffer/result.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace coffer::inline COFFER_ABI::posix {

/// The failure that an errno stands for: ENOENT is not_found; EACCES, EPERM, EROFS and ELOOP (a
/// link where none is followed) are denied; a name that can't be one is invalid_argument; all else
/// is unavailable. The errno itself is kept as the cause.
inline auto failed(int error = errno) noexcept -> failure {
    const std::error_code cause(error, std::generic_category());
    switch (error) {
    case ENOENT: return {errc::not_found, cause};
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP: return {errc::denied, cause};
    case ENAMETOOLONG:
    case ENOTDIR: return {errc::invalid_argument, cause};
    default: return {errc::unavailable, cause};
    }
}

/// An open file, closed on destruction. Move-only; for one thread at a time.
class file_descriptor {
public:
    file_descriptor() noexcept = default;
    /// Takes over `fd`; a negative one is none.
    explicit file_descriptor(int fd) noexcept : fd_(fd) {}
    file_descriptor(file_descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    auto operator=(file_descriptor&& other) noexcept -> file_descriptor& {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~file_descriptor() { reset(); }

    auto get() const noexcept -> int { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    /// Closes it and tells whether the system took everything (network file systems report here
    /// what they could not write).
    auto close() noexcept -> result<void> {
        const int fd = std::exchange(fd_, -1);
        if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) return failed();
        return {};
    }

private:
    void reset() noexcept {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    int fd_ = -1;
};

/// Which file stands at a path and in which state: two equal stamps are the same bytes as long as
/// its writers replace the file and never write into it.
struct file_stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    friend auto operator==(const file_stamp&, const file_stamp&) -> bool = default;
};

inline auto stamp_of(const struct stat& s) noexcept -> file_stamp {
    constexpr std::int64_t second = 1'000'000'000;
    return {static_cast<std::uint64_t>(s.st_dev), static_cast<std::uint64_t>(s.st_ino),
            static_cast<std::int64_t>(s.st_size), s.st_mtim.tv_sec * second + s.st_mtim.tv_nsec,
            s.st_ctim.tv_sec * second + s.st_ctim.tv_nsec};
}

/// The stamp of an open file.
inline auto stamp(const file_descriptor& file) noexcept -> result<file_stamp> {
    struct stat s {};
    if (::fstat(file.get(), &s) != 0) return failed();
    return stamp_of(s);
}

/// The stamp of what stands at a path (of a link itself, not of what it leads to); nullopt if
/// nothing does. One system call.
inline auto stamp(const std::filesystem::path& path) noexcept -> result<std::optional<file_stamp>> {
    struct stat s {};
    if (::lstat(path.c_str(), &s) == 0) return std::optional<file_stamp>(stamp_of(s));
    if (errno == ENOENT) return std::optional<file_stamp>{};
    return failed();
}

/// Whether this process may make and replace files in a folder, as far as that can be told without
/// doing it. One system call. Errors: denied (on a read-only file system too), not_found.
inline auto require_writable(const std::filesystem::path& folder) noexcept -> result<void> {
    const auto* where = folder.empty() ? "." : folder.c_str();
    if (::faccessat(AT_FDCWD, where, W_OK | X_OK, AT_EACCESS) != 0) return failed();
    return {};
}

/// Gives a file that root has made to the owner of `like`: one who could not use it else, as a
/// service whose store root writes to. Does nothing where that is root, or this process is not.
inline auto give_to_owner(const file_descriptor& file, const struct stat& like) noexcept
    -> result<void> {
    if (::geteuid() != 0 || like.st_uid == 0) return {};
    if (::fchown(file.get(), like.st_uid, like.st_gid) != 0) return failed();
    return {};
}

/// Whether a stamp is old enough that any later change must show as another stamp: file times tick
/// every few milliseconds and inode numbers are used again. What was read under a stamp that is not
/// settled is not to be cached by it.
inline auto settled(const file_stamp& s) noexcept -> bool {
    constexpr std::int64_t ticks_ns = 100'000'000;
    struct timespec now {};
    if (::clock_gettime(CLOCK_REALTIME, &now) != 0) return false;
    const auto now_ns = now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
    return now_ns - std::max(s.modified_ns, s.changed_ns) > ticks_ns;
}

/// Opens a regular file for reading. A link, a folder, a device or a pipe is `denied`, and a pipe
/// without a writer does not block; nothing there is `not_found`.
inline auto open_regular(const std::filesystem::path& path) noexcept -> result<file_descriptor> {
    file_descriptor file(
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (!file) return failed();
    struct stat s {};
    if (::fstat(file.get(), &s) != 0) return failed();
    if (!S_ISREG(s.st_mode)) return errc::denied;
    return file;
}

/// `denied` unless the open file belongs to this process's effective user and gives neither the
/// group nor others any permission.
inline auto require_private(const file_descriptor& file) noexcept -> result<void> {
    struct stat s {};
    if (::fstat(file.get(), &s) != 0) return failed();
    if (s.st_uid != ::geteuid() || (s.st_mode & (S_IRWXG | S_IRWXO)) != 0) return errc::denied;
    return {};
}

/// Reads an open file from where it stands to its end into a Buffer (`bytes`, or `wiped_bytes` for
/// what holds secrets). More than `most` bytes are `too_large`, whatever its size claims to be.
template <class Buffer = bytes>
auto read_all(const file_descriptor& file, std::size_t most) -> result<Buffer> {
    struct stat s {};
    if (::fstat(file.get(), &s) != 0) return failed();
    const auto expected = s.st_size > 0 ? static_cast<std::size_t>(s.st_size) : std::size_t{0};
    if (expected > most) return errc::too_large;
    Buffer data(expected + 1); // one more, so that the end of the file is seen without growing
    for (std::size_t have = 0;;) {
        const auto n = ::read(file.get(), data.data() + have, data.size() - have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed();
        have += static_cast<std::size_t>(n);
        if (have > most) return errc::too_large;
        if (n == 0) {
            data.resize(have);
            return data;
        }
        if (have == data.size()) data.resize(data.size() * 2);
    }
}

/// Writes all of `data`, however the system cuts it.
inline auto write_all(const file_descriptor& file, byte_view data) noexcept -> result<void> {
    while (!data.empty()) {
        const auto n = ::write(file.get(), data.data(), data.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed();
        if (n == 0) return failed(EIO);
        data = data.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

} // namespace coffer::inline COFFER_ABI::posix

#endif
