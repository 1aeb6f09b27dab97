// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_CLOSE_ON_EXEC_HPP
#define COFFER_HTTP_DETAIL_CLOSE_ON_EXEC_HPP

#include <coffer/version.hpp>

#include <fcntl.h>

namespace coffer::inline COFFER_ABI::http::detail {

/// A program that this process starts does not inherit the socket (or acceptor): it could read what
/// comes on it, tokens of others included. Asio opens and accepts without SOCK_CLOEXEC, so a fork()
/// in another thread can still come in between.
template <class Socket>
void close_on_exec(Socket& s) noexcept {
    ::fcntl(s.native_handle(), F_SETFD, FD_CLOEXEC);
}

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
