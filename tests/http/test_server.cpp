// SPDX-License-Identifier: BSL-1.0
#include "test_server.hpp"

#include <coffer/http/server.hpp>

namespace coffer_test {

struct test_server::body {
    http::server server;
};

namespace {
auto options_of(const server_settings& from, std::shared_ptr<http::metrics> counters)
    -> http::server_options {
    http::server_options out;
    out.address = from.address;
    out.port = from.port;
    out.hosts = from.hosts;
    out.threads = from.threads;
    out.limits = from.limits;
    out.allow_plain_text_on_the_network = from.allow_plain_text_on_the_network;
    out.counters = std::move(counters);
    if (!from.certificate.empty()) out.tls = http::tls::open(from.certificate, from.key).value();
    return out;
}
} // namespace

test_server::test_server(std::shared_ptr<http::handler> answers, server_settings settings)
    : body_(new body{{options_of(settings, counters_), std::move(answers)}}),
      started_(body_->server.start()) {}

test_server::~test_server() = default;

auto test_server::port() const -> std::uint16_t {
    return body_->server.port();
}
void test_server::stop() {
    body_->server.stop();
}
void test_server::wait() {
    body_->server.wait();
}
auto test_server::set_tls(const std::string& certificate, const std::string& key)
    -> coffer::result<void> {
    auto next = http::tls::open(certificate, key);
    if (!next) return next.error();
    body_->server.set_tls(*next);
    return {};
}

} // namespace coffer_test
