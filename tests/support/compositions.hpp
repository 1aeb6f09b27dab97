// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_COMPOSITIONS_HPP
#define COFFER_TESTS_SUPPORT_COMPOSITIONS_HPP

#include <support/catch.hpp>
#include <support/history.hpp>

#include <random>
#include <string>
#include <vector>

namespace coffer_test {

/// Honest pieces of two histories that forked, put together in a store by whoever writes to it:
/// each is one honest state or refused, and no reader goes back behind what it saw. (All
/// compositions, over a store in memory: tests/security/composition.test.cpp.)
///
/// `show(partition, image)` puts an image in the place of what the store holds of a partition;
/// `reader(keys)` is one over that store that knows nothing yet.
template <class Show, class Reader>
void check_compositions(Show show, Reader reader) {
    const std::vector<std::string> names{"NAME_A", "NAME_B", "NAME_C"};
    std::mt19937 random(5);
    const auto write_on = [&](history& of, int times, const std::string& side) {
        for (int i = 0; i < times; ++i) {
            const auto* const space = random() % 2 == 0 ? "" : "s";
            const auto& name = names[random() % names.size()];
            const auto held = of.now.own.find({space, name});
            if (random() % 4 == 0 && held != of.now.own.end())
                of.erase(space, name);
            else
                of.put(space, name, "value " + side + std::to_string(random()));
        }
    };
    history left;
    left.make();
    left.make_space("s");
    write_on(left, 2, "base ");
    const auto fork = left.moments.size();
    history right(staged_store{}, left.keys);
    const auto system = coffer::format::partition_name(coffer::cryptopp::aes_256_gcm{}, "tests",
                                                       coffer::system_environment);
    right.store.show(system, left.store.shown(system));
    right.show(left.moments.back().stored);
    right.now = left.now;
    write_on(left, 2, "left ");
    write_on(right, 2, "right ");

    show(system, left.store.shown(system));
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
    for (std::size_t shown = 0; shown < states.size(); ++shown) {
        // A head with the objects of the other side shows what it can, and no lie.
        for (const auto* rest : {&left.moments.back().stored, &right.moments.back().stored}) {
            show(left.partition, with_head_of(states[shown], *rest));
            CHECK(compare(reader(left.keys), left.environment, states[shown].truth, names).lie ==
                  "");
        }
        for (std::size_t seen = 0; seen < states.size(); ++seen) {
            CAPTURE(seen, shown, fork, left_end);
            show(left.partition, with_head_of(states[seen], all));
            const auto one = reader(left.keys);
            REQUIRE(compare(one, left.environment, states[seen].truth, names).all_true());
            show(left.partition, with_head_of(states[shown], all));
            const bool follows = seen < fork
                                     ? seen <= shown
                                     : (seen < left_end) == (shown < left_end) && seen <= shown;
            if (follows)
                REQUIRE(compare(one, left.environment, states[shown].truth, names).all_true());
            else
                REQUIRE(one.at({left.environment, {}, {}}).error() == coffer::errc::rolled_back);
        }
    }
}

} // namespace coffer_test

#endif
