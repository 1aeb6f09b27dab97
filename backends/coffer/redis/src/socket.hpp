// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_SOCKET_HPP
#define COFFER_REDIS_SRC_SOCKET_HPP

#include <coffer/posix/file_descriptor.hpp>
#include <coffer/redis/cause.hpp>
#include <coffer/redis/options.hpp>
#include <coffer/redis/src/resolve.hpp>
#include <coffer/redis/src/tls_context.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>

namespace coffer::inline COFFER_ABI::redis::detail {

using steady = std::chrono::steady_clock;
using deadline = steady::time_point;

/// The part of the time until `until` that is for the first of `left` things to do, so that one
/// that is silent leaves the others theirs.
inline auto share_of(deadline until, std::size_t left) -> deadline {
    const auto now = steady::now();
    return now + (until - now) / static_cast<steady::rep>(left);
}

/// By how much the bytes that went over a connection put off the deadlines of those who wait: large
/// things may take long, at 100 KiB a second or more, and who only drips gains nothing.
constexpr auto time_for(std::size_t bytes) -> steady::duration {
    return std::chrono::microseconds(bytes * 10);
}

/// A connection to one server, plain or TLS, that never waits past a deadline. One thread may read
/// while another writes.
class socket {
public:
    /// Connects; with TLS, the handshake and the check of the certificate are done. `stop` ends
    /// every call that waits, in here and later, as shut() does.
    static auto connect(const endpoint& to, const tls_context* tls, deadline until,
                        const std::stop_token& stop) -> result<std::unique_ptr<socket>> {
        auto made = std::unique_ptr<socket>(new socket(stop));
        if (auto joined = made->join(to, until); !joined) return joined.error();
        const auto ready =
            tls != nullptr ? made->shake_hands(*tls, to, until) : made->let_reads_block();
        if (!ready) return ready.error();
        return made;
    }

    /// At least one byte.
    auto read_some(std::span<char> into, deadline until) -> result<std::size_t> {
        if (ssl_ == nullptr) return read_plain(into, until);
        for (;;) { // OpenSSL may hold bytes that poll can't see
            short wants = POLLIN;
            auto got = try_read(into, wants);
            if (!got || *got != 0) return got;
            if (auto ready = wait(wants, until); !ready) return ready.error();
        }
    }
    /// At least one byte.
    auto write_some(std::string_view data, deadline until) -> result<std::size_t> {
        for (;;) {
            short wants = POLLOUT;
            auto sent = try_write(data, wants);
            if (!sent || *sent != 0) return sent;
            if (auto ready = wait(wants, until); !ready) return ready.error();
        }
    }
    /// What gets through puts off the deadline (see time_for).
    auto write_all(std::string_view data, deadline until) -> result<void> {
        while (!data.empty()) {
            const auto sent = write_some(data, until);
            if (!sent) return sent.error();
            data.remove_prefix(*sent);
            until += time_for(*sent);
        }
        return {};
    }
    /// Whether nothing waits to be read and the other side has not gone: what an unused connection
    /// has to be before it is trusted with a command.
    auto quiet() -> bool {
        char byte = 0;
        if (ssl_ == nullptr) {
            const auto got = ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
            return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        }
        const std::lock_guard lock(ssl_mutex_);
        ERR_clear_error();
        const int got = SSL_peek(ssl_.get(), &byte, 1);
        return got <= 0 && SSL_get_error(ssl_.get(), got) == SSL_ERROR_WANT_READ;
    }
    /// Ends every call that waits, now and later.
    void shut() noexcept { shutting{fd_.get()}(); }

private:
    static constexpr std::chrono::milliseconds slice{100};

    struct shutting {
        int fd;
        void operator()() const noexcept { ::shutdown(fd, SHUT_RDWR); }
    };

    explicit socket(std::stop_token stop) : stop_(std::move(stop)) {}

    static auto lost(int error) noexcept -> failure {
        return {errc::unavailable, std::error_code(error, std::generic_category())};
    }

    /// What is there already is there, however late it is.
    auto wait(short events, deadline until) -> result<void> {
        for (;;) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(until - steady::now()).count();
            ::pollfd one{fd_.get(), events, 0};
            const int ready = ::poll(&one, 1, static_cast<int>(std::clamp(left, 0L, 1'000'000L)));
            if (ready > 0) return {};
            if (ready < 0 && errno != EINTR) return lost(errno);
            if (left <= 0) return errc::timed_out;
        }
    }

    auto join(const endpoint& to, deadline until) -> result<void> {
        if (!to.path.empty()) {
            ::sockaddr_un address{};
            address.sun_family = AF_UNIX;
            const auto& path = to.path.native();
            if (path.size() >= sizeof address.sun_path)
                return failure{errc::invalid_argument, cause::bad_address};
            path.copy(address.sun_path, path.size());
            return join(reinterpret_cast<const ::sockaddr*>(&address), sizeof address, until);
        }
        const auto found = resolve(to.host, to.port, until, stop_);
        if (!found) return found.error();
        result<void> last = failure{errc::unavailable, cause::unknown_host};
        for (std::size_t i = 0; i < found->size(); ++i) {
            const auto& address = (*found)[i];
            last = join(reinterpret_cast<const ::sockaddr*>(&address.where), address.size,
                        share_of(until, found->size() - i));
            if (last) return last;
        }
        return last;
    }
    auto join(const ::sockaddr* to, ::socklen_t size, deadline until) -> result<void> {
        shut_by_stop_.reset();
        fd_ = posix::file_descriptor(
            ::socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!fd_) return lost(errno);
        const int on = 1;
        if (to->sa_family != AF_UNIX) {
            ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            ::setsockopt(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        }
        shut_by_stop_.emplace(stop_, shutting{fd_.get()});
        const bool joined = ::connect(fd_.get(), to, size) == 0;
        const int why = errno;
        if (stop_.stop_requested()) // before there was anything to shut
            return failure{errc::unavailable, cause::disconnected};
        if (joined) return {};
        if (why != EINPROGRESS && why != EINTR) return lost(why);
        if (auto ready = wait(POLLOUT, until); !ready) return ready;
        int error = 0;
        ::socklen_t length = sizeof error;
        ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) return lost(error);
        return {};
    }

    auto shake_hands(const tls_context& tls, const endpoint& to, deadline until) -> result<void> {
        auto made = tls.session(to, fd_.get());
        if (!made) return made.error();
        ssl_ = *std::move(made);
        for (;;) {
            ERR_clear_error();
            const int done = SSL_connect(ssl_.get());
            if (done == 1) return {};
            short wants = 0;
            switch (SSL_get_error(ssl_.get(), done)) {
            case SSL_ERROR_WANT_READ: wants = POLLIN; break;
            case SSL_ERROR_WANT_WRITE: wants = POLLOUT; break;
            default:
                if (SSL_get_verify_result(ssl_.get()) != X509_V_OK)
                    return failure{errc::denied, cause::bad_certificate};
                return failure{errc::unavailable, cause::tls_failed};
            }
            if (auto ready = wait(wants, until); !ready) return ready;
        }
    }

    /// Waits in the call that reads, a slice of the time after the other; poll is for the rest.
    auto read_plain(std::span<char> into, deadline until) -> result<std::size_t> {
        for (;;) {
            const bool patient = until - steady::now() >= slice;
            if (!patient)
                if (auto ready = wait(POLLIN, until); !ready) return ready.error();
            const auto got =
                ::recv(fd_.get(), into.data(), into.size(), patient ? 0 : MSG_DONTWAIT);
            if (got > 0) return static_cast<std::size_t>(got);
            if (got == 0) return failure{errc::unavailable, cause::disconnected};
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return lost(errno);
        }
    }
    /// Reads of a plain connection block from now on, but no longer than a slice.
    auto let_reads_block() -> result<void> {
        const ::timeval most{0, std::chrono::microseconds(slice).count()};
        const int flags = ::fcntl(fd_.get(), F_GETFL);
        if (::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) != 0 ||
            ::fcntl(fd_.get(), F_SETFL, flags & ~O_NONBLOCK) != 0)
            return lost(errno);
        return {};
    }

    auto try_read(std::span<char> into, short& wants) -> result<std::size_t> {
        const std::lock_guard lock(ssl_mutex_);
        ERR_clear_error();
        std::size_t got = 0;
        const int done = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
        return done == 1 ? result<std::size_t>(got) : tls_wants(done, wants);
    }
    auto try_write(std::string_view data, short& wants) -> result<std::size_t> {
        if (ssl_ == nullptr) {
            const auto sent =
                ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent >= 0) return static_cast<std::size_t>(sent);
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::size_t{0};
            return lost(errno);
        }
        const std::lock_guard lock(ssl_mutex_);
        ERR_clear_error();
        std::size_t sent = 0;
        const int done = SSL_write_ex(ssl_.get(), data.data(), data.size(), &sent);
        return done == 1 ? result<std::size_t>(sent) : tls_wants(done, wants);
    }
    auto tls_wants(int done, short& wants) -> result<std::size_t> {
        switch (SSL_get_error(ssl_.get(), done)) {
        case SSL_ERROR_WANT_READ: wants = POLLIN; return std::size_t{0};
        case SSL_ERROR_WANT_WRITE: wants = POLLOUT; return std::size_t{0};
        default: return failure{errc::unavailable, cause::disconnected};
        }
    }

    std::stop_token stop_;
    posix::file_descriptor fd_{};
    std::optional<std::stop_callback<shutting>> shut_by_stop_{};
    ssl_ptr ssl_{};
    std::mutex ssl_mutex_{}; // OpenSSL's session is for one call at a time
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
