// SPDX-License-Identifier: BSL-1.0
#include <coffer/redis/src/unconfirmed.hpp>

#include <support/catch.hpp>

#include <atomic>
#include <thread>

using namespace coffer;
using namespace std::chrono_literals;
using redis::detail::unconfirmed;
using outcome = unconfirmed::outcome;

namespace {

auto rev(int n) -> revision {
    revision out{};
    out.fill(static_cast<std::byte>(n));
    return out;
}
auto soon() {
    return std::chrono::steady_clock::now() + 1ms;
}
auto much_later() {
    return std::chrono::steady_clock::now() + 1h;
}

} // namespace

TEST_CASE("whoever read a commit that is under way waits for its end, and nobody else does") {
    unconfirmed all;
    all.begin("p", rev(2));
    CHECK(all.wait("p", rev(1), much_later())); // what was there before
    CHECK(all.wait("q", rev(2), much_later()));
    CHECK_FALSE(all.wait("p", rev(2), soon()));
    std::atomic<bool> waited{false};
    std::thread reader([&] { waited = all.wait("p", rev(2), much_later()); });
    all.end("p", rev(2), outcome::sure);
    reader.join();
    CHECK(waited);
    CHECK_FALSE(all.in_doubt("p", nullptr));
}

TEST_CASE("too few leave the whole partition in doubt until it is settled") {
    unconfirmed all;
    all.begin("p", rev(1));
    all.end("p", rev(1), outcome::too_few);
    const auto doubt = all.in_doubt("p", nullptr);
    REQUIRE(doubt);
    CHECK_FALSE(all.in_doubt("q", nullptr));
    all.settle("p", nullptr, *doubt);
    CHECK_FALSE(all.in_doubt("p", nullptr));
    const auto read = rev(1);
    CHECK_FALSE(all.in_doubt("p", &read));
}

TEST_CASE(
    "a confirmation says nothing of a commit that came to be in doubt after it was asked for") {
    unconfirmed all;
    all.begin("p", rev(1));
    all.end("p", rev(1), outcome::too_few);
    const auto before = all.in_doubt("p", nullptr);
    all.begin("p", rev(2));
    all.end("p", rev(2), outcome::too_few);
    all.settle("p", nullptr, *before);
    REQUIRE(all.in_doubt("p", nullptr));
    all.settle("p", nullptr, *all.in_doubt("p", nullptr));
    CHECK_FALSE(all.in_doubt("p", nullptr));
}

TEST_CASE(
    "a commit whose answer was lost is in doubt again when it is read, however late it lands") {
    unconfirmed all;
    const auto late = rev(1);
    const auto other = rev(2);
    all.begin("p", late);
    all.end("p", late, outcome::lost);
    all.settle("p", nullptr, *all.in_doubt("p", nullptr)); // it had not landed yet
    CHECK_FALSE(all.in_doubt("p", nullptr));
    CHECK_FALSE(all.in_doubt("p", &other));
    REQUIRE(all.in_doubt("p", &late));
    all.settle("p", &late, *all.in_doubt("p", &late));
    CHECK_FALSE(all.in_doubt("p", &late));
}
