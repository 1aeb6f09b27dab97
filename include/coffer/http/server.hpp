// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_SERVER_HPP
#define COFFER_HTTP_SERVER_HPP

#include <coffer/http/connection.hpp>
#include <coffer/http/detail/close_on_exec.hpp>
#include <coffer/http/detail/loop.hpp>
#include <coffer/http/detail/service.hpp>
#include <coffer/http/limits.hpp>
#include <coffer/http/message.hpp>
#include <coffer/http/metrics.hpp>
#include <coffer/http/tls.hpp>
#include <coffer/result.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

namespace coffer::inline COFFER_ABI::http {

/// Where a server listens and what it takes.
struct server_options {
    std::string address = "127.0.0.1"; ///< An IP address, or `localhost`.
    std::uint16_t port = 8080;         ///< 0: any that is free; `server::port` says which.
    std::optional<http::tls> tls{};    ///< Without it the address must be this machine's own.
    /// Plain HTTP on a network: whoever listens on the wire reads tokens and values. For use
    /// behind a proxy on the same private link that speaks TLS, and nowhere else.
    bool allow_plain_text_on_the_network = false;
    /// More `Host` headers to answer: `name` or `name:port`. The address, localhost, 127.0.0.1 and
    /// [::1] always are. A port may be left out, and is ours where it is said. Others are answered
    /// 421: a page of another origin that had its name pointed here must get nothing.
    std::vector<std::string> hosts{};
    unsigned threads = 0; ///< For connections; 0: one per processor, four at most.
    http::limits limits{};
    std::shared_ptr<metrics> counters{}; ///< Made by the server if there are none.
};

/// An HTTP/1.1 server: takes connections, lets only unambiguous requests through to its handler,
/// and keeps every limit. A request of method HEAD reaches the handler as GET; the answer's body is
/// left out. Refusals of its own have the body of every error, `{"errors":[{"message":…}]}`.
/// `stop` and `set_tls` may be called from any thread; the others from one.
class server {
public:
    server(server_options options, std::shared_ptr<handler> answers);
    /// Stops and waits.
    ~server();
    server(const server&) = delete;
    auto operator=(const server&) -> server& = delete;

    /// Binds, listens and begins to serve on threads of its own. Errors: invalid_argument (not an
    /// address), denied (plain HTTP on an address that is not this machine's own), unavailable
    /// (with the system's cause: the port is taken, or not allowed).
    auto start() -> result<void>;
    /// Starts, and returns when the server has stopped.
    auto run() -> result<void> {
        if (auto started = start(); !started) return started;
        wait();
        return {};
    }
    /// The port that it listens on, once started.
    auto port() const noexcept -> std::uint16_t { return port_; }
    /// Takes no more connections, lets the requests end that are under way (`limits::stop_time` at
    /// most) and closes. Returns at once; see `wait`.
    void stop();
    /// Returns when the server has stopped and no handler runs any more.
    void wait();
    /// New connections get this certificate; the server must have been started with one.
    void set_tls(tls next) {
        const std::lock_guard lock(tls_mutex_);
        tls_ = std::move(next);
    }

private:
    using error_code = boost::system::error_code;
    using tcp = boost::asio::ip::tcp;

    auto endpoint() const -> result<tcp::endpoint>;
    auto listen(const tcp::endpoint& where) -> error_code;
    void name_hosts(const boost::asio::ip::address& address);
    void accept();
    void accept_again();
    void accepted(error_code ec, detail::tcp_socket socket, detail::loop& home);
    void serve_or_drop(detail::tcp_socket socket, detail::loop& home) noexcept;
    void serve(detail::tcp_socket socket, detail::loop& home);
    template <class Stream>
    void begin(Stream stream, detail::place place, detail::loop& home);

    server_options options_;
    std::unique_ptr<detail::service> service_;
    std::vector<std::unique_ptr<detail::loop>> loops_;
    std::optional<detail::tcp_acceptor> acceptor_;
    std::optional<detail::loop_timer> pause_;
    /// Shared with what is waited for: the next connection, or the end of a pause.
    std::shared_ptr<const bool> accepting_ = std::make_shared<const bool>(true);
    tcp::endpoint peer_{};
    std::size_t next_ = 0;
    std::uint16_t port_ = 0;
    std::mutex tls_mutex_;
    std::optional<tls> tls_;
    std::vector<std::thread> threads_;
};

inline server::server(server_options options, std::shared_ptr<handler> answers)
    : options_(std::move(options)), tls_(options_.tls) {
    if (!options_.counters) options_.counters = std::make_shared<metrics>();
    service_ =
        std::make_unique<detail::service>(options_.limits, std::move(answers), options_.counters);
}

inline server::~server() {
    stop();
    wait();
}

inline auto server::endpoint() const -> result<tcp::endpoint> {
    error_code ec;
    const auto address = boost::asio::ip::make_address(
        options_.address == "localhost" ? "127.0.0.1" : options_.address, ec);
    if (ec) return errc::invalid_argument;
    if (!address.is_loopback() && !options_.tls && !options_.allow_plain_text_on_the_network)
        return errc::denied;
    return tcp::endpoint(address, options_.port);
}

inline auto server::listen(const tcp::endpoint& where) -> error_code {
    error_code ec;
    acceptor_.emplace(loops_.front()->context());
    if (acceptor_->open(where.protocol(), ec)) return ec;
    detail::close_on_exec(*acceptor_);
    if (acceptor_->set_option(tcp::acceptor::reuse_address(true), ec)) return ec;
    if (acceptor_->bind(where, ec)) return ec;
    if (acceptor_->listen(4096, ec)) return ec;
    port_ = acceptor_->local_endpoint(ec).port();
    return ec;
}

inline void server::name_hosts(const boost::asio::ip::address& address) {
    const auto own = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
    const bool implied = port_ == (options_.tls ? 443 : 80);
    for (const auto& name :
         {own, std::string("localhost"), std::string("127.0.0.1"), std::string("[::1]")})
        service_->hosts.add(implied ? name : name + ":" + std::to_string(port_));
    for (const auto& name : options_.hosts)
        service_->hosts.add(name);
}

inline auto server::start() -> result<void> {
    const auto where = endpoint();
    if (!where) return where.error();
    const auto count = options_.threads != 0
                           ? options_.threads
                           : std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
    for (unsigned i = 0; i < count; ++i)
        loops_.push_back(std::make_unique<detail::loop>(options_.limits));
    if (const auto ec = listen(*where)) {
        acceptor_.reset();
        loops_.clear();
        return failure(errc::unavailable, static_cast<std::error_code>(ec));
    }
    name_hosts(where->address());
    pause_.emplace(loops_.front()->context());
    options_.counters->add_gauge("coffer_http_worker_queue", "Requests that wait for a thread.",
                                 [this] { return static_cast<double>(service_->waiting()); });
    options_.counters->add_gauge("coffer_http_body_bytes", "Memory that request bodies take.",
                                 [this] { return static_cast<double>(service_->bodies.load()); });
    accept();
    for (auto& l : loops_)
        threads_.emplace_back([this, &home = *l] {
            home.run([&] {
                if (&home == loops_.front().get()) accept_again();
            });
        });
    return {};
}

inline void server::stop() {
    for (auto& l : loops_)
        boost::asio::post(l->context(), [this, &home = *l] {
            if (&home == loops_.front().get()) {
                error_code ignored;
                acceptor_->close(ignored);
                pause_->cancel();
            }
            home.stop();
        });
}

inline void server::wait() {
    for (auto& t : threads_)
        t.join();
    options_.counters->remove_gauge("coffer_http_worker_queue");
    options_.counters->remove_gauge("coffer_http_body_bytes");
    threads_.clear();
    for (auto* all : {&service_->reads, &service_->changes})
        all->drop(); // who asked for what is left is gone
    for (auto* all : {&service_->reads, &service_->changes})
        all->join();
}

/// One thread accepts and hands out in turn: even, and no other process of this user can take a
/// share of the port, as with SO_REUSEPORT.
inline void server::accept() {
    auto& home = *loops_[next_++ % loops_.size()];
    acceptor_->async_accept(
        home.context().get_executor(), peer_,
        [this, &home, held = accepting_](error_code ec, detail::tcp_socket socket) {
            accepted(ec, std::move(socket), home);
        });
}

/// A connection that there was no memory for may take the wait for the next one with it.
inline void server::accept_again() {
    if (acceptor_->is_open() && accepting_.use_count() == 1) accept();
}

inline void server::accepted(error_code ec, detail::tcp_socket socket, detail::loop& home) {
    if (!acceptor_->is_open()) return;
    if (!ec) serve_or_drop(std::move(socket), home);
    if (!ec || ec == boost::asio::error::connection_aborted) return accept();
    // Out of descriptors or memory: the next try would fail as fast.
    pause_->expires_after(std::chrono::milliseconds(100));
    pause_->async_wait([this, held = accepting_](error_code) {
        if (acceptor_->is_open()) accept();
    });
}

/// One connection for which there is no memory, or no TLS, is closed; the next is accepted.
inline void server::serve_or_drop(detail::tcp_socket socket, detail::loop& home) noexcept {
    try {
        serve(std::move(socket), home);
    } catch (...) {
        options_.counters->connection_denied();
    }
}

inline void server::serve(detail::tcp_socket socket, detail::loop& home) {
    detail::close_on_exec(socket);
    auto address = peer_.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    auto text = address.to_string();
    const auto& limits = options_.limits;
    const bool counted = !address.is_loopback();
    if (options_.counters->connections() >= limits.connections ||
        (counted && !service_->addresses.take(text, limits.connections_per_address)))
        return options_.counters->connection_denied();
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    detail::place place(*service_, std::move(text), counted);
    if (!options_.tls) return begin(std::move(socket), std::move(place), home);
    const std::lock_guard lock(tls_mutex_);
    begin(detail::tls_stream(std::move(socket), tls_->context()), std::move(place), home);
}

template <class Stream>
void server::begin(Stream stream, detail::place place, detail::loop& home) {
    auto made =
        std::make_shared<connection<Stream>>(std::move(stream), std::move(place), home, *service_);
    boost::asio::post(home.context(), [made = std::move(made)] { made->start(); });
}

} // namespace coffer::inline COFFER_ABI::http

#endif
