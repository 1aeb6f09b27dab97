// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_POSIX_ATOMIC_FILE_HPP
#define COFFER_POSIX_ATOMIC_FILE_HPP

#include <coffer/format/codec.hpp>
#include <coffer/posix/file_descriptor.hpp>
#include <coffer/posix/file_lock.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>

#include <sys/random.h>

namespace coffer::inline COFFER_ABI::posix {

/// What became of a replacement that got as far as the rename.
struct replacement {
    /// The new content is on disk and stays there through a power cut.
    bool durable = true;
    /// If not durable: why. The new content may be visible now, or later, or be gone after a crash.
    std::error_code cause{};
};

/// Opens a folder, to name files relative to it and to fsync it.
inline auto open_folder(const std::filesystem::path& path) noexcept -> result<file_descriptor> {
    file_descriptor folder(
        ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
    if (!folder) return failed();
    return folder;
}

/// fsync: `unavailable` means that nobody knows what is on disk.
inline auto sync(const file_descriptor& file) noexcept -> result<void> {
    while (::fsync(file.get()) != 0) {
        if (errno != EINTR) return failure{errc::unavailable, {errno, std::generic_category()}};
    }
    return {};
}

/// Makes sure that what stands at a path stays there through a power cut, for who acts on what another
/// process renamed into place: that one may not have come to the fsync of the folder. Where folders
/// know no fsync, or nobody can write, there is nothing to wait for. Errors: `unavailable`, and what
/// open_folder() says.
inline auto make_name_durable(const std::filesystem::path& path) noexcept -> result<void> {
    const auto folder = open_folder(path.parent_path());
    if (!folder) return folder.error();
    const auto synced = sync(*folder);
    if (!synced && synced.error().cause != std::errc::invalid_argument &&
        synced.error().cause != std::errc::read_only_file_system)
        return synced;
    return {};
}

/// Makes a folder and those above it that are missing, each 0700 and each made durable. One that is
/// there already is left as it is.
inline auto make_private_folder(const std::filesystem::path& path) -> result<void> {
    if (path.empty()) return {};
    struct stat s {};
    if (::stat(path.c_str(), &s) == 0) {
        if (S_ISDIR(s.st_mode)) return {};
        return failed(ENOTDIR);
    }
    if (errno != ENOENT) return failed();
    const auto parent = path.parent_path();
    if (auto made = make_private_folder(parent); !made) return made;
    if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return failed();
    auto above = open_folder(parent);
    if (!above) return above.error();
    return sync(*above);
}

namespace detail {

/// A rename that failed with one of these did nothing; after any other (an I/O error, a server that
/// did not answer) it may have happened. ENOENT is none of them: the new file was there, and a
/// network file system that lost the answer of a rename which it did says so when it asks again.
inline auto rename_did_nothing(int error) noexcept -> bool {
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOSPC:
    case EDQUOT:
    case EISDIR:
    case ENOTDIR:
    case EXDEV:
    case ENAMETOOLONG:
    case ENOMEM:
    case EBUSY: return true;
    default: return false;
    }
}

/// Writes and fsyncs a new file of exactly this mode.
inline auto fill(file_descriptor file, std::span<const byte_view> parts, ::mode_t mode,
                 const struct stat* like) noexcept -> result<void> {
    if (::fchmod(file.get(), mode) != 0) return failed(); // whatever the umask is
    if (like != nullptr)
        if (auto given = give_to_owner(file, *like); !given) return given;
    for (const auto part : parts)
        if (auto written = write_all(file, part); !written) return written;
    if (auto synced = sync(file); !synced) return synced;
    return file.close();
}

/// Eight hexadecimal digits that nobody else has just now.
inline auto random_digits() -> result<std::string> {
    std::array<std::byte, 4> random{};
    if (::getrandom(random.data(), random.size(), 0) != ssize_t{random.size()}) return failed();
    return format::to_hex(random);
}

/// Who owns what stands there by that name; else the folder's owner.
inline auto owned_like(const file_descriptor& folder, const std::string& name) noexcept
    -> result<struct stat> {
    struct stat s {};
    if (::fstatat(folder.get(), name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0) return s;
    if (errno != ENOENT || ::fstat(folder.get(), &s) != 0) return failed();
    return s;
}

} // namespace detail

/// Whose a file is that root writes: anybody else's is their own.
enum class file_owner : unsigned char {
    writer, ///< Root's.
    as_was, ///< Of whom the file was that it replaces; of a new one, the folder's owner.
};

/// How a file is replaced.
struct replace_options {
    ::mode_t mode = S_IRUSR | S_IWUSR; ///< Whatever the umask is.
    file_owner owner = file_owner::writer;
    /// The lock that all who replace this file hold. Their new file is `<path>.new`, and one that a
    /// writer left who was killed is replaced; without a lock it is `<path>.<digits>.new`, and stays if
    /// this process is killed.
    const file_lock* held = nullptr;
};

/// Replaces a file's content as a whole: writes a new file beside it, fsyncs it, renames it over
/// `path` and fsyncs the folder. Readers see the old bytes or the new ones, at every moment and after
/// a crash. The parts are written one after another.
///
/// A failure means that nothing changed and nothing will; a replacement that is not `durable` means
/// that the rename was done, or may have been, and what followed failed. Of several who replace a
/// file at once the last one wins.
inline auto replace_file(const std::filesystem::path& path, std::span<const byte_view> parts,
                         replace_options options = {}) -> result<replacement> {
    auto folder = open_folder(path.parent_path()); // before the rename: its failure must come first
    if (!folder) return folder.error();
    const auto name = path.filename().string();
    struct stat like {};
    const bool handed = options.owner == file_owner::as_was && ::geteuid() == 0;
    if (handed) {
        const auto found = detail::owned_like(*folder, name);
        if (!found) return found.error();
        like = *found;
    }
    auto fresh = name;
    if (options.held == nullptr) {
        const auto own = detail::random_digits();
        if (!own) return own.error();
        fresh.append(".").append(*own);
    }
    fresh += ".new";
    if (options.held != nullptr)
        ::unlinkat(folder->get(), fresh.c_str(), 0); // left by a writer that was killed
    file_descriptor file(::openat(folder->get(), fresh.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                                  options.mode));
    if (!file) return failed();
    if (auto written = detail::fill(std::move(file), parts, options.mode, handed ? &like : nullptr);
        !written) {
        ::unlinkat(folder->get(), fresh.c_str(), 0);
        return written.error();
    }
    if (::renameat(folder->get(), fresh.c_str(), folder->get(), name.c_str()) != 0) {
        const int error = errno;
        ::unlinkat(folder->get(), fresh.c_str(), 0);
        if (detail::rename_did_nothing(error)) return failed(error);
        return replacement{false, {error, std::generic_category()}};
    }
    if (auto synced = sync(*folder); !synced) return replacement{false, synced.error().cause};
    return replacement{};
}

inline auto replace_file(const std::filesystem::path& path, byte_view content,
                         replace_options options = {}) -> result<replacement> {
    return replace_file(path, std::span<const byte_view>(&content, 1), options);
}

} // namespace coffer::inline COFFER_ABI::posix

#endif
