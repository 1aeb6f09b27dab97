// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_POSIX_ATOMIC_FILE_HPP
#define COFFER_POSIX_ATOMIC_FILE_HPP

#include <coffer/posix/file_descriptor.hpp>

#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>

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

/// Writes and fsyncs a new file of exactly this mode beside its future place.
inline auto write_new(const file_descriptor& folder, const std::string& name,
                      std::span<const byte_view> parts, ::mode_t mode,
                      const struct stat* like) noexcept -> result<void> {
    ::unlinkat(folder.get(), name.c_str(), 0); // left by a writer that was killed
    file_descriptor file(::openat(folder.get(), name.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file) return failed();
    if (::fchmod(file.get(), mode) != 0) return failed(); // whatever the umask is
    if (like != nullptr)
        if (auto given = give_to_owner(file, *like); !given) return given;
    for (const auto part : parts)
        if (auto written = write_all(file, part); !written) return written;
    if (auto synced = sync(file); !synced) return synced;
    return file.close();
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

/// Replaces a file's content as a whole: writes `<path>.new`, fsyncs it, renames it over `path` and
/// fsyncs the folder. Readers see the old bytes or the new ones, at every moment and after a crash.
///
/// A failure means that nothing changed and nothing will; a replacement that is not `durable` means
/// that the rename was done, or may have been, and what followed failed.
/// One writer at a time: callers hold a file_lock. The parts are written one after another.
inline auto replace_file(const std::filesystem::path& path, std::span<const byte_view> parts,
                         ::mode_t mode = S_IRUSR | S_IWUSR, file_owner owner = file_owner::writer)
    -> result<replacement> {
    auto folder = open_folder(path.parent_path()); // before the rename: its failure must come first
    if (!folder) return folder.error();
    const auto name = path.filename().string();
    const auto fresh = name + ".new";
    struct stat like {};
    const bool handed = owner == file_owner::as_was && ::geteuid() == 0;
    if (handed) {
        const auto found = detail::owned_like(*folder, name);
        if (!found) return found.error();
        like = *found;
    }
    if (auto written = detail::write_new(*folder, fresh, parts, mode, handed ? &like : nullptr);
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
                         ::mode_t mode = S_IRUSR | S_IWUSR, file_owner owner = file_owner::writer)
    -> result<replacement> {
    return replace_file(path, std::span<const byte_view>(&content, 1), mode, owner);
}

} // namespace coffer::inline COFFER_ABI::posix

#endif
