// SPDX-License-Identifier: BSL-1.0
// Honest pieces of two histories, put together in a Redis by whoever writes to it: each is one
// honest state or refused, and no reader goes back behind what it saw. (All compositions, over a
// store in memory: tests/security/composition.test.cpp.)
#include "redis_server.hpp"

#include <support/catch.hpp>
#include <support/history.hpp>

#include <random>

using namespace coffer;
using namespace coffer_test;
using namespace redis_test;

namespace {

const std::vector<std::string> names{"NAME_A", "NAME_B", "NAME_C"};

void write_on(history& of, std::mt19937& random, int times, const std::string& side) {
    for (int i = 0; i < times; ++i) {
        const auto* const space = random() % 2 == 0 ? "" : "s";
        const auto& name = names[random() % names.size()];
        const auto held = of.now.own.find({space, name});
        if (random() % 4 == 0 && held != of.now.own.end())
            of.erase(space, name);
        else
            of.put(space, name, "value " + side + std::to_string(random()));
    }
}
/// Puts an image in the place of what Redis holds of a partition.
void show(redis::store& store, const std::string& partition, const image& now) {
    const auto held = store.list(partition).value();
    std::vector<object_write> writes;
    for (const auto& [key, value] : held.entries)
        if (!now.objects.contains(key)) writes.push_back({key, std::nullopt});
    for (const auto& [key, value] : now.objects)
        writes.push_back({key, value});
    REQUIRE(store.commit(partition, held.at, now.at, writes).value() == commit_outcome::committed);
}

} // namespace

TEST_CASE("heads and objects of forks in a Redis give one honest state, and never an earlier one") {
    const server at;
    auto with = redis_test::options_for(at);
    with.watch = GENERATE(false, true);
    std::mt19937 random(5);
    history left;
    left.make();
    left.make_space("s");
    write_on(left, random, 2, "base ");
    const auto fork = left.moments.size();
    history right(staged_store{}, left.keys);
    const auto system = format::partition_name(cryptopp::aes_256_gcm{}, "tests", "coffer.system");
    right.store.show(system, left.store.shown(system));
    right.show(left.moments.back().stored);
    right.now = left.now;
    write_on(left, random, 2, "left ");
    write_on(right, random, 2, "right ");

    auto store = redis::open(with).value();
    show(store, system, left.store.shown(system));
    image all = left.moments.back().stored;
    all.objects.insert(right.moments.back().stored.objects.begin(),
                       right.moments.back().stored.objects.end());
    std::vector<moment> states = left.moments;
    const auto left_end = states.size();
    states.insert(states.end(), right.moments.begin(), right.moments.end());
    const auto with_head_of = [&](const moment& one, image objects) {
        objects.at = one.stored.at;
        objects.at[0] ^= std::byte{1};
        objects.at[1] = static_cast<std::byte>(random()); // none is used twice
        objects.at[2] = static_cast<std::byte>(random());
        objects.objects["head"] = one.stored.objects.at("head");
        return objects;
    };
    const auto stranger = [&] {
        return test_resolver{store, {}, forgetful_keys(left.keys), history::options()};
    };
    for (std::size_t shown = 0; shown < states.size(); ++shown) {
        // A head with the objects of the other side shows what it can, and no lie.
        for (const auto* rest : {&left.moments.back().stored, &right.moments.back().stored}) {
            show(store, left.partition, with_head_of(states[shown], *rest));
            CHECK(compare(stranger(), left.environment, states[shown].truth, names).lie == "");
        }
        for (std::size_t seen = 0; seen < states.size(); ++seen) {
            CAPTURE(seen, shown, fork, left_end);
            show(store, left.partition, with_head_of(states[seen], all));
            const auto reader = stranger();
            REQUIRE(compare(reader, left.environment, states[seen].truth, names).all_true());
            show(store, left.partition, with_head_of(states[shown], all));
            const bool follows = seen < fork
                                     ? seen <= shown
                                     : (seen < left_end) == (shown < left_end) && seen <= shown;
            if (follows)
                REQUIRE(compare(reader, left.environment, states[shown].truth, names).all_true());
            else
                REQUIRE(reader.at({left.environment, {}, {}}).error() == errc::rolled_back);
        }
    }
}
