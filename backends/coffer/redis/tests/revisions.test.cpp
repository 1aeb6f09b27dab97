// SPDX-License-Identifier: BSL-1.0
#include <coffer/redis/src/revisions.hpp>

#include <support/catch.hpp>

using namespace coffer;
using redis::detail::boot_time;
using namespace std::chrono_literals;

namespace {

auto rev(int n) -> revision {
    revision out{};
    out.fill(static_cast<std::byte>(n));
    return out;
}

} // namespace

TEST_CASE("a revision is known only while somebody vouches for it") {
    redis::detail::revision_memory memory;
    memory.learn("p", rev(1), memory.before_asking("p"));
    CHECK_FALSE(memory.find("p"));
    memory.vouch_until(boot_time() + 1h);
    CHECK(memory.find("p") == rev(1));
    CHECK_FALSE(memory.find("q"));
    memory.vouch_until(boot_time() - 1ns);
    CHECK_FALSE(memory.find("p"));
    memory.vouch_until({});
    CHECK_FALSE(memory.find("p"));
}

TEST_CASE("an answer that a change has overtaken is not kept") {
    redis::detail::revision_memory memory;
    memory.vouch_until(boot_time() + 1h);
    const auto asked = memory.before_asking("p");
    const auto other = memory.before_asking("q");
    memory.changed("p");
    memory.learn("p", rev(1), asked);
    CHECK_FALSE(memory.find("p"));
    memory.learn("q", rev(2), other);
    CHECK(memory.find("q") == rev(2));
    memory.learn("p", rev(3), memory.before_asking("p"));
    CHECK(memory.find("p") == rev(3));
    const auto before = memory.before_asking("q");
    memory.forget();
    memory.learn("q", rev(4), before);
    CHECK_FALSE(memory.find("q"));
    CHECK_FALSE(memory.find("p"));
}
