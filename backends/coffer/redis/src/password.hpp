// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_PASSWORD_HPP
#define COFFER_REDIS_SRC_PASSWORD_HPP

#include <coffer/posix/file_descriptor.hpp>
#include <coffer/redis/options.hpp>
#include <coffer/result.hpp>

#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace coffer::inline COFFER_ABI::redis::detail {

/// The first line of what a descriptor gives. Errors: too_large (over 1,023 bytes), what reading
/// says.
inline auto read_password(int fd) -> result<std::shared_ptr<const secret>> {
    wiped_bytes buffer(1024);
    std::size_t size = 0;
    result<std::shared_ptr<const secret>> out = errc::too_large;
    while (size < buffer.size()) {
        const auto got = ::read(fd, buffer.data() + size, buffer.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            out = posix::failed();
            break;
        }
        size += static_cast<std::size_t>(got);
        if (got == 0) {
            auto line = as_text(buffer).substr(0, size);
            line = line.substr(0, line.find('\n'));
            if (line.ends_with('\r')) line.remove_suffix(1);
            out = std::make_shared<const secret>(line);
            break;
        }
    }
    return out;
}

/// The password that options name; null for none. A file that others may read is `denied`.
inline auto find_password(const options& with) -> result<std::shared_ptr<const secret>> {
    if (with.password != nullptr) return with.password;
    if (with.password_fd >= 0) {
        const posix::file_descriptor given(with.password_fd);
        return read_password(given.get());
    }
    if (with.password_file.empty()) return std::shared_ptr<const secret>();
    const posix::file_descriptor file(::open(with.password_file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return posix::failed();
    struct ::stat about {};
    if (::fstat(file.get(), &about) != 0) return posix::failed();
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0 && S_ISREG(about.st_mode))
        return failure{errc::denied, std::make_error_code(std::errc::permission_denied)};
    return read_password(file.get());
}

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
