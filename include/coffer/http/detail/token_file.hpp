// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_TOKEN_FILE_HPP
#define COFFER_HTTP_DETAIL_TOKEN_FILE_HPP

#include <coffer/result.hpp>
#include <coffer/secret.hpp>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace coffer::inline COFFER_ABI::http::detail {

/// Whether a text can stand behind `Bearer ` (RFC 6750 section 2.1): nothing in it ends the header.
inline auto is_token_text(std::string_view text) noexcept -> bool {
    return !text.empty() && text.size() <= 4096 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

/// The token in a file, without the line's end. Errors: not_found, denied (not a file of this user,
/// or others may read it), unavailable, invalid_argument (no token).
inline auto read_token_file(const std::string& path) -> result<secret> {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const auto system_failure = [](errc code) {
        return failure(code, std::error_code(errno, std::system_category()));
    };
    if (fd < 0)
        return system_failure(errno == ENOENT   ? errc::not_found
                              : errno == EACCES ? errc::denied
                                                : errc::unavailable);
    struct closing {
        int fd;
        ~closing() { ::close(fd); }
    } const closed{fd};
    struct stat facts {};
    if (::fstat(fd, &facts) != 0) return system_failure(errc::unavailable);
    const bool ours = facts.st_uid == ::geteuid() || facts.st_uid == 0;
    if (!S_ISREG(facts.st_mode) || !ours || (facts.st_mode & 077) != 0) return errc::denied;
    coffer::detail::secure_buffer text(4097 + 2);
    std::size_t size = 0;
    while (size < text.size()) {
        const auto n = ::read(fd, text.span().data() + size, text.size() - size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure(errc::unavailable);
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
    }
    auto line = as_text(text.view().first(size));
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_token_text(line)) return errc::invalid_argument;
    return secret(line);
}

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
