// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_VAULT_HPP
#define COFFER_TESTS_SUPPORT_VAULT_HPP

// One vault for all tests, over any store and any keys, compiled once (vault.cpp): a test that uses
// it links coffer_test_vault and compiles in a fraction of the time.

#include <coffer/any_key_provider.hpp>
#include <coffer/any_store.hpp>
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>

#include <string>

namespace coffer_test {

using test_policy =
    coffer::policy<coffer::any_store, coffer::cryptopp::aes_256_gcm, coffer::any_key_provider>;
using test_vault = coffer::vault<test_policy>;
using test_resolver = coffer::resolver<test_policy>;

/// The value of an answer, or the name of its error.
inline auto shown(const coffer::result<coffer::secret>& answer) -> std::string {
    return std::string(answer ? answer->expose_secret() : to_string(answer.error().code));
}

} // namespace coffer_test

extern template class coffer::vault<coffer_test::test_policy>;
extern template class coffer::resolver<coffer_test::test_policy>;
extern template class coffer::detail::engine<coffer_test::test_policy>;

#endif
