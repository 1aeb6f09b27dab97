// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_ALGORITHM_DRIVERS_HPP
#define COFFER_TESTS_SUPPORT_ALGORITHM_DRIVERS_HPP

#include <coffer/algorithm/edits.hpp>
#include <coffer/algorithm/refresh.hpp>
#include <coffer/algorithm/transact.hpp>
#include <coffer/algorithm/verify.hpp>
#include <coffer/any_key_provider.hpp>
#include <coffer/any_store.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coffer_test {

using test_cipher = coffer::cryptopp::aes_256_gcm;
using test_refresh = coffer::algorithm::refresh<test_cipher>;
using test_transact = coffer::algorithm::transact<test_cipher>;
using test_verify = coffer::algorithm::verify<test_cipher>;
using test_snapshot = coffer::tree::snapshot_ptr<test_cipher>;

/// One way to run the algorithms to their end.
class algorithm_driver {
public:
    virtual ~algorithm_driver() = default;
    virtual auto name() const -> std::string_view = 0;
    virtual auto look(std::unique_ptr<test_refresh> a, coffer::any_store store,
                      coffer::any_key_provider keys) -> coffer::result<test_snapshot> = 0;
    virtual auto change(std::unique_ptr<test_transact> a, coffer::any_store store,
                        coffer::any_key_provider keys)
        -> coffer::result<coffer::algorithm::transacted<test_cipher>> = 0;
    virtual auto verify(std::unique_ptr<test_verify> a, coffer::any_store store,
                        coffer::any_key_provider keys) -> coffer::result<coffer::verification> = 0;
};

/// The synchronous driver; the asynchronous one over lifted models, and over native ones; the
/// synchronous one over block_on of those.
auto all_algorithm_drivers() -> const std::vector<std::unique_ptr<algorithm_driver>>&;

} // namespace coffer_test

#endif
