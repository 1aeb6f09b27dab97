// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_FAILING_SYSCALLS_HPP
#define COFFER_TESTS_SUPPORT_FAILING_SYSCALLS_HPP

// Takes the place of fsync, renameat and write in the program whose one source includes it, so that
// the n-th call of one of them can be made to fail. Linux.

#include <cerrno>
#include <cstddef>
#include <string_view>

#include <sys/syscall.h>
#include <unistd.h>

namespace coffer_test {

/// The next failure: the n-th call (from 1) of that name answers this errno; 0: none.
struct failing_syscall {
    static inline std::string_view name{};
    static inline int nth = 0;
    static inline int error = 0;
    /// A rename that fails with this set has been done all the same.
    static inline bool applied = false;

    static auto strikes(std::string_view called) noexcept -> bool {
        return called == name && nth > 0 && --nth == 0;
    }
    static void set(std::string_view which, int call, int why, bool done = false) {
        name = which;
        nth = call;
        error = why;
        applied = done;
    }
    /// Whether the failure has happened; none is set any more.
    static auto struck() -> bool {
        const bool was = !name.empty() && nth == 0;
        set({}, 0, 0);
        return was;
    }
};

} // namespace coffer_test

extern "C" int fsync(int fd) {
    if (coffer_test::failing_syscall::strikes("fsync")) {
        errno = coffer_test::failing_syscall::error;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int renameat(int from, const char* a, int to, const char* b) noexcept {
    const bool strikes = coffer_test::failing_syscall::strikes("renameat");
    long done = 0;
    if (!strikes || coffer_test::failing_syscall::applied)
        done = ::syscall(SYS_renameat2, from, a, to, b, 0);
    if (!strikes) return static_cast<int>(done);
    errno = coffer_test::failing_syscall::error;
    return -1;
}

extern "C" ssize_t write(int fd, const void* data, std::size_t size) {
    if (coffer_test::failing_syscall::strikes("write")) {
        errno = coffer_test::failing_syscall::error;
        return -1;
    }
    return ::syscall(SYS_write, fd, data, size);
}

#endif
