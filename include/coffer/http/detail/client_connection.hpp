// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_CLIENT_CONNECTION_HPP
#define COFFER_HTTP_DETAIL_CLIENT_CONNECTION_HPP

#include <coffer/detail/never_destroyed.hpp>
#include <coffer/http/detail/close_on_exec.hpp>
#include <coffer/http/message.hpp>
#include <coffer/http/refusal.hpp>
#include <coffer/http/server_address.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace coffer::inline COFFER_ABI::http::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;

using client_deadline = std::chrono::steady_clock::time_point;

/// Why a certificate does not hold: OpenSSL's X509_V_ERR_ codes and their texts.
class certificate_errors final : public std::error_category {
public:
    auto name() const noexcept -> const char* override { return "coffer.certificate"; }
    auto message(int value) const -> std::string override {
        return X509_verify_cert_error_string(value);
    }
    auto default_error_condition(int) const noexcept -> std::error_condition override {
        return refusal::certificate;
    }
};
inline auto certificate_category() noexcept -> const std::error_category& {
    static const coffer::detail::never_destroyed<certificate_errors> instance;
    return *instance;
}

/// What a client got back.
struct incoming {
    unsigned status = 0;
    bool is_json = false;
    bool is_event_stream = false; ///< A 200 whose body was handed on as it came.
    wiped_text body{};
};

/// How far an exchange came that failed.
struct exchange_failure {
    errc code = errc::unavailable;
    std::error_code cause{};
    /// The server may have seen the whole request.
    bool sent = false;

    auto why() const -> failure { return {code, cause}; }
};

/// One connection to a server, for one thread at a time. Blocking, with deadlines: each operation
/// runs on a context of the connection's own until it is done or the time is up.
class client_connection {
public:
    static constexpr std::size_t largest_answer = std::size_t{64} << 20;
    static constexpr std::size_t largest_refusal = std::size_t{64} << 10;

    client_connection(const server_address& to, asio::ssl::context* tls)
        : to_(to), stream_(run_), tls_(tls) {}

    /// Looks the host up, connects, and shakes hands. Errors: unavailable, timed_out, denied (a
    /// certificate that does not hold, or `http` to a name that leads off this machine).
    auto open(std::chrono::milliseconds connect, std::chrono::milliseconds handshake,
              client_deadline until) -> std::optional<exchange_failure> {
        boost::system::error_code wrong;
        asio::ip::tcp::resolver names(run_);
        const auto found = names.resolve(to_.host, std::to_string(to_.port),
                                         asio::ip::resolver_base::numeric_service, wrong);
        if (wrong) return exchange_failure{errc::unavailable, wrong, false};
        if (!to_.secure)
            for (const auto& one : found)
                if (!one.endpoint().address().is_loopback())
                    return exchange_failure{errc::denied, refused(refusal::plain_http).cause,
                                            false};
        limit(connect, until);
        stream_.async_connect(found, [&](boost::system::error_code e, const auto&) { wrong = e; });
        wait();
        if (wrong) return failed(wrong, false);
        close_on_exec(stream_.socket());
        stream_.socket().set_option(asio::ip::tcp::no_delay(true), wrong);
        return tls_ == nullptr ? std::nullopt : shake_hands(handshake, until);
    }

    /// Whether the connection, kept from before, can still be used: the server has neither closed
    /// it nor said anything unasked.
    auto is_alive() -> bool {
        char one = 0;
        boost::system::error_code wrong;
        auto& socket = stream_.socket();
        socket.non_blocking(true, wrong);
        socket.receive(asio::buffer(&one, 1), asio::socket_base::message_peek, wrong);
        return wrong == asio::error::would_block;
    }

    /// In a child after fork(), of the copy of its parent's: from now on it can be destroyed without
    /// harm to that one, with which it shares an epoll until then. False: it can't be.
    auto left_by_fork() noexcept -> bool {
        try {
            run_.notify_fork(asio::execution_context::fork_child);
            return true;
        } catch (const std::exception&) { // no descriptor is left
            return false;
        }
    }

    /// Sends a request, head and body, and reads the answer. A connection that is kept until the
    /// next one holds nothing of it.
    auto exchange(std::string_view request, std::string_view method, client_deadline until,
                  incoming& out) -> std::optional<exchange_failure> {
        auto wrong = send_and_read(request, method, until, out);
        buffer_.clear();
        buffer_.shrink_to_fit(); // whose memory is wiped
        return wrong;
    }

    /// Sends a request and hands the answer's body on as it comes, until it ends or `take` says
    /// false. `silence`: how long nothing may come. Only a 200 of the type text/event-stream is one
    /// that flows (HTML Living Standard, 9.2.3): another 200 is an answer without a body, whatever
    /// else an answer as of exchange(), its body cut where it is longer than largest_refusal.
    template <class Take>
    auto follow(std::string_view request, client_deadline until, std::chrono::milliseconds silence,
                incoming& out, Take&& take) -> std::optional<exchange_failure> {
        boost::system::error_code wrong;
        const auto ended = [&](boost::system::error_code e, std::size_t) { wrong = e; };
        stream_.expires_at(until);
        with_stream([&](auto& s) {
            asio::async_write(s, asio::buffer(request.data(), request.size()), ended);
        });
        wait();
        if (wrong) return failed(wrong, true);
        beast::http::response_parser<beast::http::buffer_body> parser;
        parser.body_limit(boost::none);
        with_stream([&](auto& s) { beast::http::async_read_header(s, buffer_, parser, ended); });
        wait();
        if (wrong) return failed(wrong, true);
        out.status = parser.get().result_int();
        constexpr std::string_view of_events = "text/event-stream";
        const auto type = parser.get()[beast::http::field::content_type];
        out.is_json = type.starts_with("application/json");
        const bool flows =
            out.status == 200 && beast::iequals(type.substr(0, of_events.size()), of_events);
        out.is_event_stream = flows;
        if (out.status == 200 && !flows) return std::nullopt;
        std::array<char, 4096> piece{};
        while (!parser.is_done()) {
            parser.get().body().data = piece.data();
            parser.get().body().size = piece.size();
            if (flows) stream_.expires_after(silence);
            with_stream([&](auto& s) { beast::http::async_read_some(s, buffer_, parser, ended); });
            wait();
            if (wrong && wrong != beast::http::error::need_buffer) {
                if (flows) return failed(wrong, true);
                break; // the status is known
            }
            const std::string_view got(piece.data(), piece.size() - parser.get().body().size);
            if (flows && !got.empty() && !take(got)) break;
            if (flows) continue;
            out.body.append(got);
            if (out.body.size() > largest_refusal) break;
        }
        return std::nullopt;
    }

    /// The answer left the connection fit for another request.
    auto keeps() const noexcept -> bool { return keeps_; }

private:
    using body_type =
        beast::http::basic_string_body<char, std::char_traits<char>, wiping_allocator<char>>;
    using tls_stream = beast::ssl_stream<beast::tcp_stream&>;

    auto send_and_read(std::string_view request, std::string_view method, client_deadline until,
                       incoming& out) -> std::optional<exchange_failure> {
        boost::system::error_code wrong;
        std::size_t done = 0;
        const auto ended = [&](boost::system::error_code e, std::size_t n) {
            wrong = e, done += n;
        };
        stream_.expires_at(until);
        with_stream([&](auto& s) {
            asio::async_write(s, asio::buffer(request.data(), request.size()), ended);
        });
        wait();
        if (wrong) return failed(wrong, done == request.size());
        beast::http::response_parser<body_type> parser;
        parser.body_limit(largest_answer);
        parser.header_limit(64 * 1024);
        if (method == "HEAD") parser.skip(true);
        with_stream([&](auto& s) { beast::http::async_read(s, buffer_, parser, ended); });
        wait();
        if (wrong) return failed(wrong, true);
        out.status = parser.get().result_int();
        const auto type = parser.get()[beast::http::field::content_type];
        out.is_json = type.starts_with("application/json");
        keeps_ = parser.get().keep_alive() && buffer_.size() == 0;
        out.body = std::move(parser.get().body());
        return std::nullopt;
    }
    template <class F>
    void with_stream(F&& use) {
        if (secured_)
            use(*secured_);
        else
            use(stream_);
    }
    void limit(std::chrono::milliseconds most, client_deadline until) {
        stream_.expires_at(std::min(std::chrono::steady_clock::now() + most, until));
    }
    void wait() {
        run_.restart();
        run_.run();
    }
    static auto failed(boost::system::error_code wrong, bool sent) -> exchange_failure {
        if (wrong == beast::error::timeout) return {errc::timed_out, {}, sent};
        if (wrong == beast::http::error::body_limit || wrong == beast::http::error::header_limit)
            return {errc::too_large, {}, sent};
        exchange_failure out{errc::unavailable, {}, sent};
        if (wrong.category() == boost::system::system_category()) out.cause = wrong;
        return out;
    }
    auto shake_hands(std::chrono::milliseconds most, client_deadline until)
        -> std::optional<exchange_failure> {
        boost::system::error_code wrong;
        secured_.emplace(stream_, *tls_);
        secured_->set_verify_mode(asio::ssl::verify_peer);
        secured_->set_verify_callback([names = asio::ssl::host_name_verification(to_.host)](
                                          bool holds, asio::ssl::verify_context& of) {
            if (!holds || names(holds, of)) return holds;
            X509_STORE_CTX_set_error(of.native_handle(), X509_V_ERR_HOSTNAME_MISMATCH);
            return false;
        });
        asio::ip::make_address(to_.host, wrong);
        if (wrong) // a name, not an address (RFC 6066 section 3)
            SSL_set_tlsext_host_name(secured_->native_handle(), to_.host.c_str());
        limit(most, until);
        wrong = {};
        secured_->async_handshake(asio::ssl::stream_base::client,
                                  [&](boost::system::error_code e) { wrong = e; });
        wait();
        if (!wrong) return std::nullopt;
        if (wrong.category() == asio::error::get_ssl_category() &&
            ERR_GET_REASON(static_cast<unsigned long>(wrong.value())) ==
                SSL_R_CERTIFICATE_VERIFY_FAILED)
            return exchange_failure{
                errc::denied,
                {static_cast<int>(SSL_get_verify_result(secured_->native_handle())),
                 certificate_category()},
                false};
        return failed(wrong, false);
    }

    const server_address& to_;
    asio::io_context run_{1};
    beast::tcp_stream stream_;
    asio::ssl::context* tls_;
    std::optional<tls_stream> secured_{};
    beast::basic_flat_buffer<wiping_allocator<char>> buffer_{};
    bool keeps_ = false;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
