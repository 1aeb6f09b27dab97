// expect: error: (static assertion failed.*: |static_assert failed[^"]*")the key provider has one of async_recall and async_remember, not both
// SPDX-License-Identifier: BSL-1.0
#include <coffer/algorithm/refresh.hpp>
#include <coffer/asio/run.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>

using coffer::result;

struct my_keys {
    template <class Token>
    auto async_key_for(std::string, Token&&) -> void {}
    template <class Token>
    auto async_wrap(std::string, coffer::key_bytes, coffer::bytes, Token&&) -> void {}
    template <class Token>
    auto async_unwrap(std::string, std::string, coffer::bytes, coffer::bytes, Token&&) -> void {}
    template <class Token>
    auto async_recall(std::string, std::string, Token&&) -> void {}
#ifndef COFFER_MISUSE
    template <class Token>
    auto async_remember(std::string, std::string, coffer::lineage, Token&&) -> void {}
#endif
    auto get_executor() const noexcept -> boost::asio::any_io_executor;
};

struct my_store {
    template <class Token>
    auto async_load(std::string, std::vector<std::string>, Token&&) -> void {}
    auto limits() const noexcept -> coffer::store_limits;
    auto get_executor() const noexcept -> boost::asio::any_io_executor;
};

using refresh = coffer::algorithm::refresh<coffer::cryptopp::aes_256_gcm>;

void run(std::unique_ptr<refresh> algorithm, my_store& store, my_keys& keys) {
    coffer::asio::async_run(std::move(algorithm), store, keys,
                            [](const result<refresh::value_type>&) {});
}
