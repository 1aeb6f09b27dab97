// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_HTTP_TEST_SERVER_HPP
#define COFFER_TESTS_HTTP_TEST_SERVER_HPP

#include <coffer/http/limits.hpp>
#include <coffer/http/message.hpp>
#include <coffer/http/metrics.hpp>
#include <coffer/result.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer_test {

namespace http = coffer::http;

/// Limits whose times only a broken program reaches: a machine that stands still for some seconds
/// ends no connection. A test of one of them sets that one.
inline auto patient_limits() -> http::limits {
    http::limits out;
    out.head_time = out.request_time = out.idle_time = std::chrono::minutes(10);
    out.write_time = out.stop_time = out.heartbeat = std::chrono::minutes(10);
    return out;
}

/// What a test says about its server. The server itself is compiled once, in test_server.cpp.
struct server_settings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0; ///< 0: a free one.
    std::vector<std::string> hosts{};
    unsigned threads = 1;
    http::limits limits = patient_limits();
    std::string certificate{}; ///< Paths; empty: no TLS.
    std::string key{};
    bool allow_plain_text_on_the_network = false;
};

/// A server on a free port.
class test_server {
public:
    explicit test_server(std::shared_ptr<http::handler> answers, server_settings settings = {});
    ~test_server();

    /// Why it did not start, if it did not.
    auto started() const -> const coffer::result<void>& { return started_; }
    auto port() const -> std::uint16_t;
    auto host() const -> std::string { return "127.0.0.1:" + std::to_string(port()); }
    auto counters() const -> http::metrics& { return *counters_; }
    void stop();
    void wait();
    /// Whether another certificate could be read; new connections get it.
    auto set_tls(const std::string& certificate, const std::string& key) -> coffer::result<void>;

private:
    struct body;
    std::shared_ptr<http::metrics> counters_ = std::make_shared<http::metrics>();
    std::unique_ptr<body> body_;
    coffer::result<void> started_;
};

/// Waits until something is true, woken by whoever makes it so. Gives up (false) after a time that
/// only a broken program needs.
class event {
public:
    void set() {
        const std::lock_guard lock(mutex_);
        set_ = true;
        changed_.notify_all();
    }
    auto wait() -> bool {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(90), [this] { return set_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool set_ = false;
};

/// Answers by functions; counts what it was asked.
class test_handler : public http::handler {
public:
    using answer = std::function<std::optional<http::response>(const http::request&)>;

    /// At once, on the connection's thread.
    explicit test_handler(answer now = echo) : now_(std::move(now)) {}
    test_handler(answer now, answer later) : now_(std::move(now)), later_(std::move(later)) {}

    /// The request as text: method, target, headers (but Host) and body, one a line.
    static auto echo(const http::request& in) -> std::optional<http::response> {
        http::response out;
        out.content_type = "text/plain";
        out.body.append(in.method).append(" ").append(in.target).append("\n");
        for (const auto& h : in.headers)
            if (h.name != "host") out.body.append(h.name).append("=").append(h.value).append("\n");
        out.body.append(in.body);
        return out;
    }
    static auto never(const http::request& /*in*/) -> std::optional<http::response> { return {}; }
    static auto text(std::string_view body) -> http::response {
        http::response out;
        out.content_type = "text/plain";
        out.body = body;
        return out;
    }

    auto try_now(const http::request& in) -> std::optional<http::response> override {
        return now_(in);
    }
    auto handle(const http::request& in) -> http::response override { return *later_(in); }

private:
    answer now_;
    answer later_ = echo;
};

} // namespace coffer_test

#endif
