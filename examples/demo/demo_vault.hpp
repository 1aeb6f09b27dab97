// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_EXAMPLES_DEMO_VAULT_HPP
#define COFFER_EXAMPLES_DEMO_VAULT_HPP

#include <coffer/any_store.hpp>
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/file_keyring.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace demo {

using policy =
    coffer::policy<coffer::any_store, coffer::cryptopp::aes_256_gcm, coffer::keyring::file_keyring>;
using vault_type = coffer::vault<policy>;
using resolver_type = coffer::resolver<policy>;

/// Where the demo's store and keys are.
struct place {
    std::filesystem::path store{};
    std::filesystem::path keyring{};
    std::string realm{};

    auto open_store() const -> coffer::any_store;
    auto open_keys() const -> coffer::keyring::file_keyring;
    auto open() const -> vault_type;
    /// The file of the environment prod.
    auto prod_file() const -> std::filesystem::path;
};

inline constexpr coffer::context prod{.environment = "prod"};
inline constexpr coffer::context acme{.environment = "prod", .space = "acme"};
inline constexpr coffer::context globex{.environment = "prod", .space = "globex"};
inline constexpr coffer::context all_contexts[] = {prod, acme, globex};
inline constexpr const char* all_names[] = {"BETA_KEY", "DB_URL", "SLACK_TOKEN"};

/// What every context answers for every name: the value, or the error's name.
using answers = std::map<std::pair<std::string, std::string>, std::string>;
auto ask(const resolver_type& secrets) -> answers;
/// Whether an answer is an error that says that something is wrong, not just absent.
auto refused(const std::string& answer) -> bool;

auto read_file(const std::filesystem::path& path) -> std::string;
/// 49152 as `49,152`.
auto grouped(std::size_t number) -> std::string;

/// The steps. Each prints its lines; false: what it shows is not so.
auto search_copy(const place& at) -> bool;
auto cut_override(const place& at) -> bool;
auto flip_bits(const place& at) -> bool;
auto outage(const place& at) -> bool;
auto new_keys(const place& at) -> bool;
auto cost(const place& at) -> bool;

} // namespace demo

extern template class coffer::vault<demo::policy>;
extern template class coffer::resolver<demo::policy>;
extern template class coffer::detail::engine<demo::policy>;

#endif
