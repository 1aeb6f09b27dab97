// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_HISTORY_HPP
#define COFFER_TESTS_SUPPORT_HISTORY_HPP

#include "support/plain_model.hpp"
#include "support/staged_store.hpp"
#include "support/vault.hpp"

#include <string>
#include <utility>
#include <vector>

namespace coffer_test {

/// One commit of a history: what lay in the store after it, and what was true.
struct moment {
    image stored{};
    plain_state truth{};
};

/// An environment `prod` that is written to by an honest vault, with all that it ever was.
class history {
public:
    static constexpr std::string_view environment = "prod";

    history() : history(staged_store{}, coffer::keyring::memory_keyring{}) {}
    history(staged_store on, coffer::keyring::memory_keyring under)
        : store(std::move(on)), keys(std::move(under)),
          vault(store, {}, forgetful_keys(keys), options()),
          partition(coffer::format::partition_name(coffer::cryptopp::aes_256_gcm{}, options().realm,
                                                   environment)) {}

    static auto options() -> coffer::options {
        coffer::options with;
        with.realm = "tests";
        return with;
    }
    /// A reader that has seen nothing and remembers nothing.
    auto stranger() const -> test_resolver { return {store, {}, forgetful_keys(keys), options()}; }
    /// One on the same store with these keys, and with their anchor if they have one.
    auto reader(coffer::any_key_provider with) const -> test_resolver {
        return {store, {}, std::move(with), options()};
    }

    void make() { vault.ensure_environment(environment).value(), record(); }
    void make_space(const std::string& space) {
        vault.ensure_space({environment, space, {}}).value();
        now.spaces.insert(space);
        record();
    }
    void put(const std::string& space, const std::string& name, const std::string& value) {
        vault.put({environment, space, {}}, name, value).value();
        now.own[{space, name}] = value;
        record();
    }
    void hide(const std::string& space, const std::string& name) {
        vault.hide({environment, space, {}}, name).value();
        now.own[{space, name}] = std::nullopt;
        record();
    }
    void erase(const std::string& space, const std::string& name) {
        vault.erase({environment, space, {}}, name).value();
        now.own.erase({space, name});
        record();
    }
    /// Notes what lies in the store now as the newest moment.
    void record() { moments.push_back({store.shown(partition), now}); }
    /// Puts a moment's bytes in front of readers.
    void show(const image& what) { store.show(partition, what); }

    staged_store store;
    coffer::keyring::memory_keyring keys;
    test_vault vault;
    std::string partition;
    plain_state now{};
    std::vector<moment> moments{};
};

} // namespace coffer_test

#endif
