// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_CRASH_SYSTEM_CALLS_HPP
#define COFFER_TESTS_CRASH_SYSTEM_CALLS_HPP

// Stands in front of the C library's functions in the program whose one source includes it: makes
// the n-th call of one of them fail, be cut short or be the last, and records what changes a file
// system, in order. Linux. One thread.

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace coffer_test {

/// What happens instead of a call: an errno, or one of these.
enum : int { cut_short = -1, killed = -2 };

/// The calls that can be made to fail.
inline constexpr std::array<std::string_view, 18> failing_calls{
    "open",     "read",  "write",     "fsync",   "fchmod",  "renameat",
    "unlinkat", "close", "flock",     "fstat",   "lstat",   "stat",
    "fstatat",  "mkdir", "faccessat", "opendir", "readdir", "getentropy"};

/// The n-th call (from 1) of `name` ends so. Nothing is set to begin with.
struct call_fault {
    static inline std::string_view name{};
    static inline int nth = 0;
    static inline int how = 0;

    static void set(std::string_view call, int n, int what) {
        name = call;
        nth = n;
        how = what;
    }
    /// Takes the fault away; whether it had struck.
    static auto clear() -> bool {
        const bool struck = !name.empty() && nth == 0;
        name = {};
        return struck;
    }
    static auto strikes(std::string_view call) noexcept -> bool {
        if (call != name || nth == 0 || --nth != 0) return false;
        if (how == killed) ::syscall(SYS_kill, ::syscall(SYS_getpid), SIGKILL);
        return true;
    }
};

/// One change of the file system, or a note of the test's own.
struct file_event {
    enum class kind : unsigned char { create, truncate, write, sync, rename, unlink, note };
    kind what{};
    std::string path{};
    std::string other{}; ///< Of a rename: the new path. Of a write: the bytes. Of a note: its text.
    std::size_t offset = 0; ///< Of a write.
};

/// What happened below `root` while recording.
struct file_recorder {
    static inline std::string root{}; ///< Empty: nothing is recorded.
    static inline std::vector<file_event> events{};
    static inline std::map<int, std::pair<std::string, std::size_t>>
        open_files{};                        ///< Path, offset.
    static inline bool no_file_sync = false; ///< fsync of files does nothing: a broken store.
    static inline bool no_folder_sync = false;
    /// Called once, before the next fsync of a folder below root: what another does in between.
    static inline std::function<void()> before_folder_sync{};

    static auto records(std::string_view path) -> bool {
        return !root.empty() && path.starts_with(root);
    }
    static auto path_of(int folder, const char* name) -> std::string {
        if (root.empty() || name[0] == '/') return name;
        const auto at = open_files.find(folder);
        return at == open_files.end() ? name : at->second.first + "/" + name;
    }
    static void opened(int fd, int folder, const char* name, int flags, bool was_there) {
        const auto path = path_of(folder, name);
        if (fd < 0 || !records(path)) return;
        open_files[fd] = {path, 0};
        if ((flags & O_CREAT) != 0 && !was_there)
            events.push_back({file_event::kind::create, path, {}, 0});
        if ((flags & O_TRUNC) != 0) events.push_back({file_event::kind::truncate, path, {}, 0});
    }
    static void wrote(int fd, const void* data, ssize_t n) {
        const auto at = root.empty() ? open_files.end() : open_files.find(fd);
        if (n <= 0 || at == open_files.end()) return;
        const auto size = static_cast<std::size_t>(n);
        events.push_back({file_event::kind::write, at->second.first,
                          std::string(static_cast<const char*>(data), size), at->second.second});
        at->second.second += size;
    }
    static auto is_folder(int fd) -> bool {
        struct stat s {};
        return ::syscall(SYS_fstat, fd, &s) == 0 && S_ISDIR(s.st_mode);
    }
    /// Whether an fsync is one that a broken store leaves out.
    static auto left_out(int fd) -> bool { return is_folder(fd) ? no_folder_sync : no_file_sync; }
    static void about_to_sync(int fd) {
        if (open_files.contains(fd) && is_folder(fd))
            if (const auto other = std::exchange(before_folder_sync, {})) other();
    }
    static void note(std::string text) {
        events.push_back({file_event::kind::note, {}, std::move(text), 0});
    }
};

inline auto open_at(int folder, const char* name, int flags, ::mode_t mode) -> int {
    if (call_fault::strikes("open")) return errno = call_fault::how, -1;
    struct stat s {};
    const bool was_there = !file_recorder::root.empty() &&
                           ::syscall(SYS_newfstatat, folder, name, &s, AT_SYMLINK_NOFOLLOW) == 0;
    const auto fd = static_cast<int>(::syscall(SYS_openat, folder, name, flags, mode));
    file_recorder::opened(fd, folder, name, flags, was_there);
    return fd;
}

/// The C library's own function, for what is more than one system call.
template <class Function>
auto own(const char* name) noexcept -> Function* {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

} // namespace coffer_test

extern "C" {

auto open(const char* name, int flags, ...) -> int {
    va_list more;
    va_start(more, flags);
    const auto mode = (flags & O_CREAT) != 0 ? va_arg(more, ::mode_t) : 0;
    va_end(more);
    return coffer_test::open_at(AT_FDCWD, name, flags, mode);
}
auto openat(int folder, const char* name, int flags, ...) -> int {
    va_list more;
    va_start(more, flags);
    const auto mode = (flags & O_CREAT) != 0 ? va_arg(more, ::mode_t) : 0;
    va_end(more);
    return coffer_test::open_at(folder, name, flags, mode);
}
auto read(int fd, void* data, std::size_t size) -> ssize_t {
    if (coffer_test::call_fault::strikes("read")) {
        if (coffer_test::call_fault::how != coffer_test::cut_short)
            return errno = coffer_test::call_fault::how, -1;
        size = size / 2 + 1;
    }
    return ::syscall(SYS_read, fd, data, size);
}
auto write(int fd, const void* data, std::size_t size) -> ssize_t {
    if (coffer_test::call_fault::strikes("write")) {
        if (coffer_test::call_fault::how != coffer_test::cut_short)
            return errno = coffer_test::call_fault::how, -1;
        size = size / 2 + 1;
    }
    const auto n = ::syscall(SYS_write, fd, data, size);
    coffer_test::file_recorder::wrote(fd, data, n);
    return n;
}
auto fsync(int fd) -> int {
    using namespace coffer_test;
    if (call_fault::strikes("fsync")) return errno = call_fault::how, -1;
    file_recorder::about_to_sync(fd);
    if (file_recorder::left_out(fd)) return 0;
    const auto done = static_cast<int>(::syscall(SYS_fsync, fd));
    const auto at = file_recorder::open_files.find(fd);
    if (done == 0 && !file_recorder::root.empty() && at != file_recorder::open_files.end())
        file_recorder::events.push_back({file_event::kind::sync, at->second.first, {}, 0});
    return done;
}
auto fchmod(int fd, ::mode_t mode) noexcept -> int {
    if (coffer_test::call_fault::strikes("fchmod")) return errno = coffer_test::call_fault::how, -1;
    return static_cast<int>(::syscall(SYS_fchmod, fd, mode));
}
auto renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept -> int {
    using namespace coffer_test;
    if (call_fault::strikes("renameat")) return errno = call_fault::how, -1;
    const auto done =
        static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, 0));
    const auto path = file_recorder::path_of(from_folder, from);
    if (done == 0 && file_recorder::records(path))
        file_recorder::events.push_back(
            {file_event::kind::rename, path, file_recorder::path_of(to_folder, to), 0});
    return done;
}
auto unlinkat(int folder, const char* name, int flags) noexcept -> int {
    using namespace coffer_test;
    if (call_fault::strikes("unlinkat")) return errno = call_fault::how, -1;
    const auto done = static_cast<int>(::syscall(SYS_unlinkat, folder, name, flags));
    const auto path = file_recorder::path_of(folder, name);
    if (done == 0 && file_recorder::records(path))
        file_recorder::events.push_back({file_event::kind::unlink, path, {}, 0});
    return done;
}
auto close(int fd) -> int {
    coffer_test::file_recorder::open_files.erase(fd);
    const auto done = static_cast<int>(::syscall(SYS_close, fd)); // closed whatever is answered
    if (coffer_test::call_fault::strikes("close")) return errno = coffer_test::call_fault::how, -1;
    return done;
}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // there are structs of these names
auto flock(int fd, int operation) noexcept -> int {
    if (coffer_test::call_fault::strikes("flock")) return errno = coffer_test::call_fault::how, -1;
    return static_cast<int>(::syscall(SYS_flock, fd, operation));
}
auto stat(const char* path, struct stat* to) noexcept -> int {
    if (coffer_test::call_fault::strikes("stat")) return errno = coffer_test::call_fault::how, -1;
    return static_cast<int>(::syscall(SYS_newfstatat, AT_FDCWD, path, to, 0));
}
#pragma GCC diagnostic pop
auto fstat(int fd, struct stat* to) noexcept -> int {
    if (coffer_test::call_fault::strikes("fstat")) return errno = coffer_test::call_fault::how, -1;
    return static_cast<int>(::syscall(SYS_newfstatat, fd, "", to, AT_EMPTY_PATH));
}
auto lstat(const char* path, struct stat* to) noexcept -> int {
    if (coffer_test::call_fault::strikes("lstat")) return errno = coffer_test::call_fault::how, -1;
    return static_cast<int>(::syscall(SYS_newfstatat, AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW));
}
auto fstatat(int folder, const char* path, struct stat* to, int flags) noexcept -> int {
    if (coffer_test::call_fault::strikes("fstatat"))
        return errno = coffer_test::call_fault::how, -1;
    return static_cast<int>(::syscall(SYS_newfstatat, folder, path, to, flags));
}
auto mkdir(const char* path, ::mode_t mode) noexcept -> int {
    if (coffer_test::call_fault::strikes("mkdir")) return errno = coffer_test::call_fault::how, -1;
    return static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}
auto faccessat(int folder, const char* path, int mode, int flags) noexcept -> int {
    if (coffer_test::call_fault::strikes("faccessat"))
        return errno = coffer_test::call_fault::how, -1;
    static const auto own = coffer_test::own<int(int, const char*, int, int)>("faccessat");
    return own(folder, path, mode, flags);
}
// std::filesystem opens a folder by openat and fdopendir, or by opendir.
auto fdopendir(int fd) -> DIR* {
    if (coffer_test::call_fault::strikes("opendir"))
        return errno = coffer_test::call_fault::how, nullptr;
    static const auto own = coffer_test::own<DIR*(int)>("fdopendir");
    return own(fd);
}
auto opendir(const char* path) -> DIR* {
    if (coffer_test::call_fault::strikes("opendir"))
        return errno = coffer_test::call_fault::how, nullptr;
    static const auto own = coffer_test::own<DIR*(const char*)>("opendir");
    return own(path);
}
auto readdir(DIR* folder) -> dirent* {
    if (coffer_test::call_fault::strikes("readdir"))
        return errno = coffer_test::call_fault::how, nullptr;
    static const auto own = coffer_test::own<dirent*(DIR*)>("readdir");
    return own(folder);
}
auto getentropy(void* to, std::size_t size) -> int {
    if (coffer_test::call_fault::strikes("getentropy"))
        return errno = coffer_test::call_fault::how, -1;
    return ::syscall(SYS_getrandom, to, size, 0) == static_cast<long>(size) ? 0 : -1;
}

} // extern "C"

#endif
