// SPDX-License-Identifier: BSL-1.0
// A service with an event loop of its own: one thread answers all clients, and none of them waits
// because a secret is being fetched for another.
#include <coffer/asio/resolver.hpp>
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
using asio::use_awaitable;
using asio::ip::tcp;

/// Stands in for Slack, which knows whose token it is given.
auto post_to_slack(std::string_view token) -> std::string {
    return token == "xoxb-acme"       ? "posted as acme's bot"
           : token == "xoxb-everyone" ? "posted as prod's bot"
                                      : "refused";
}

auto read_line(tcp::socket& socket) -> asio::awaitable<std::string> {
    std::string line;
    const auto size = co_await asio::async_read_until(socket, asio::dynamic_buffer(line, 256), '\n',
                                                      use_awaitable);
    line.resize(size - 1);
    co_return line;
}

//[serve
/// One client, who says which space it is about.
template <class Secrets>
auto serve(tcp::socket socket, const Secrets& secrets) -> asio::awaitable<void> {
    const auto space = co_await read_line(socket);
    const coffer::context here{.environment = "prod", .space = space};
    std::string answer;
    {
        const auto token =
            co_await coffer::asio::async_get(secrets, here, "SLACK_TOKEN", use_awaitable);
        answer = token ? post_to_slack(token->expose_secret())
                       : std::string(to_string(token.error().code));
    } // the token is wiped before the next wait
    answer += '\n';
    co_await asio::async_write(socket, asio::buffer(answer), use_awaitable);
}

template <class Secrets>
auto listen(tcp::acceptor& acceptor, const Secrets& secrets) -> asio::awaitable<void> {
    asio::steady_timer pause(acceptor.get_executor());
    for (;;) {
        boost::system::error_code wrong;
        auto socket = co_await acceptor.async_accept(asio::redirect_error(use_awaitable, wrong));
        if (!wrong) {
            co_spawn(acceptor.get_executor(), serve(std::move(socket), secrets), asio::detached);
            continue;
        }
        pause.expires_after(std::chrono::milliseconds(100)); // out of descriptors: one will end
        co_await pause.async_wait(use_awaitable);
    }
}
//]

/// The clients of this example, one after the other.
auto ask_all(tcp::endpoint service, asio::io_context& loop) -> asio::awaitable<void> {
    for (const std::string space : {"acme", "globex", "gl0bex"}) {
        tcp::socket socket(loop);
        co_await socket.async_connect(service, use_awaitable);
        const auto request = space + "\n";
        co_await asio::async_write(socket, asio::buffer(request), use_awaitable);
        const auto answer = co_await read_line(socket);
        std::cout << space << ": " << answer << '\n';
    }
    loop.stop();
}

int main() {
    coffer::vault vault{coffer::file::open("secrets").value(), coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::open_or_create("keys/keyring.json").value()};
    for (const char* space : {"acme", "globex"})
        vault.ensure_space({.environment = "prod", .space = space}).value();
    vault.put({.environment = "prod"}, "SLACK_TOKEN", "xoxb-everyone").value();
    vault.put({.environment = "prod", .space = "acme"}, "SLACK_TOKEN", "xoxb-acme").value();

    //[loop
    asio::thread_pool disk(1); // a store of files blocks: its calls run here, the loop goes on
    const auto secrets = coffer::asio::lift(disk, vault.resolver());

    asio::io_context loop(1);
    tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
    co_spawn(loop, listen(acceptor, secrets), asio::detached);
    //]
    co_spawn(loop, ask_all(acceptor.local_endpoint(), loop), asio::detached);
    loop.run();
    disk.join();
}
