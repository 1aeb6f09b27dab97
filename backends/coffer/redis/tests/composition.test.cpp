// SPDX-License-Identifier: BSL-1.0
// Honest pieces of two histories, put together in a Redis by whoever writes to it.
#include "redis_server.hpp"

#include <support/compositions.hpp>

using namespace coffer;
using namespace coffer_test;

TEST_CASE("heads and objects of forks in a Redis give one honest state, and never an earlier one") {
    const redis_test::server at;
    auto with = redis_test::options_for(at);
    with.watch = GENERATE(false, true);
    auto store = redis::open(with).value();
    const auto show = [&](const std::string& partition, const image& now) {
        const auto held = store.list(partition).value();
        std::vector<object_write> writes;
        for (const auto& [key, value] : held.entries)
            if (!now.objects.contains(key)) writes.push_back({key, std::nullopt});
        for (const auto& [key, value] : now.objects)
            writes.push_back({key, value});
        REQUIRE(store.commit(partition, held.at, now.at, writes).value() ==
                commit_outcome::committed);
    };
    check_compositions(show, [&](const keyring::memory_keyring& keys) {
        return test_resolver{store, {}, forgetful_keys(keys), history::options()};
    });
}
