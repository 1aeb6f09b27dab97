// SPDX-License-Identifier: BSL-1.0
// The Asio part of docs/tutorial.md, cut out between `//[name` and `//]`.
#include <coffer/asio/vault.hpp>
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>
#include <utility>

namespace {

void post_to_slack(std::string_view) {}

//[coroutine
template <class Vault>
auto serve(Vault vault, boost::asio::thread_pool& blocking) -> boost::asio::awaitable<void> {
    // What blocks (a disk) runs on `blocking`; this coroutine's thread goes on with other work.
    const auto secrets = coffer::asio::lift(blocking, vault.resolver());
    const coffer::context acme{.environment = "prod", .space = "acme"};

    const auto token =
        co_await coffer::asio::async_get(secrets, acme, "SLACK_TOKEN", boost::asio::use_awaitable);
    if (token)
        post_to_slack(token->expose_secret());
    else
        std::cout << "no token: " << to_string(token.error().code) << '\n';
}
//]

} // namespace

int main() {
    coffer::vault vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::memory_keyring{}};
    vault.ensure_space({.environment = "prod", .space = "acme"}).value();
    boost::asio::thread_pool blocking(2);
    boost::asio::io_context io;
    for (const char* value : {"", "xoxb-1"}) {
        if (*value != '\0') vault.put({.environment = "prod"}, "SLACK_TOKEN", value).value();
        boost::asio::co_spawn(io, serve(vault, blocking), boost::asio::detached);
        io.restart();
        io.run();
    }
}
