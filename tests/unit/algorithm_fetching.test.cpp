// SPDX-License-Identifier: BSL-1.0
#include <coffer/algorithm/fetching.hpp>

#include "support/catch.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>

using namespace coffer;
using algorithm::fetching;

namespace {

const cryptopp::aes_256_gcm cipher;

auto object(std::size_t n) -> bytes {
    const auto text = "object " + std::to_string(n);
    return {as_bytes(text).begin(), as_bytes(text).end()};
}
auto names(std::size_t count) -> std::vector<format::object_name> {
    std::vector<format::object_name> out;
    for (std::size_t i = 0; i < count; ++i)
        out.push_back(cipher.sha256(object(i)));
    return out;
}
/// What a store answers that has the objects from `from` on.
auto answer(std::size_t from, std::size_t count) -> cut {
    cut out;
    for (std::size_t i = 0; i < count; ++i)
        out.objects.emplace_back(object(from + i));
    return out;
}

} // namespace

TEST_CASE("objects are asked for in their order, as many as one load takes", "[algorithm]") {
    const auto all = names(algorithm::most_per_load + 2);
    fetching some(all);
    tree::object_cache found;
    REQUIRE(some.keys().size() == algorithm::most_per_load);
    CHECK(some.keys().front() == format::store_key(all.front()));
    REQUIRE(some.take(answer(0, algorithm::most_per_load), cipher, found));
    CHECK_FALSE(some.ended());
    CHECK(some.keys() == std::vector{format::store_key(all[algorithm::most_per_load]),
                                     format::store_key(all.back())});
    REQUIRE(some.take(answer(algorithm::most_per_load, 2), cipher, found));
    CHECK(some.ended());
    CHECK(some.missing().empty());
    CHECK(found.size() == all.size());
    CHECK(found.at(all.back()) == object(all.size() - 1));
}

TEST_CASE("an object that is not there, or not what its name says, is missing", "[algorithm]") {
    const auto all = names(3);
    fetching some(all);
    tree::object_cache found;
    auto got = answer(0, 3);
    got.objects[0].reset();
    got.objects[1]->back() ^= std::byte{1};
    REQUIRE(some.take(std::move(got), cipher, found));
    CHECK(some.ended());
    CHECK(some.missing() == std::vector{all[0], all[1]});
    CHECK(found.size() == 1);
}

TEST_CASE("an answer to something else is refused", "[algorithm]") {
    fetching some(names(3));
    tree::object_cache found;
    CHECK_FALSE(some.take(answer(0, 2), cipher, found));
    CHECK_FALSE(some.take(answer(0, 4), cipher, found));
    CHECK(found.empty());
}

TEST_CASE("what is given up is missing, and nothing is left to ask for", "[algorithm]") {
    const auto all = names(3);
    fetching some(all);
    some.give_up();
    CHECK(some.ended());
    CHECK(some.missing() == all);
}
