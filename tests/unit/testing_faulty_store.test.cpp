// SPDX-License-Identifier: BSL-1.0
#include <coffer/memory/store.hpp>
#include <coffer/testing/catch2.hpp>
#include <coffer/testing/faulty_store.hpp>

#include <support/catch.hpp>

using namespace coffer;
using testing::call;
using testing::fault;
using testing::laws::none;
using testing::laws::put;
using testing::laws::rev;
using faulty = testing::faulty_store<memory::store>;

static_assert(Store<faulty> && ListableStore<faulty>);

namespace {

const std::vector<std::string> head{"head"};

auto commit(faulty& s, revision expected, revision next) -> result<commit_outcome> {
    const std::vector<object_write> writes{
        put("head", std::to_string(std::to_integer<int>(next[0])))};
    return s.commit("p", expected, next, writes);
}
auto at(faulty& s) -> revision {
    return s.load("p", head).value().at;
}

} // namespace

TEST_CASE("a faulty store without a fault keeps the store laws") {
    testing::run_store_laws([] { return faulty(memory::store{}); });
}

TEST_CASE("the n-th call fails, and no other") {
    const std::size_t n = GENERATE(1U, 2U, 3U, 4U, 5U, 6U);
    faulty s(memory::store{});
    s.fail(n, fault::unavailable);
    std::vector<bool> answered;
    answered.push_back(s.load("p", head).has_value());
    answered.push_back(commit(s, none, rev(1)).has_value());
    answered.push_back(s.list("p").has_value());
    answered.push_back(commit(s, rev(1), rev(2)).has_value());
    answered.push_back(s.partitions().has_value());
    CHECK(s.armed() == (n == 6));
    answered.push_back(s.load("p", head).has_value());
    std::vector<bool> expected(6, true);
    expected[n - 1] = false;
    CHECK(answered == expected);
    CHECK_FALSE(s.armed());
}

TEST_CASE("loads and commits are counted apart") {
    faulty s(memory::store{});
    s.fail(2, fault::unavailable, call::commit);
    REQUIRE(commit(s, none, rev(1)));
    REQUIRE(at(s) == rev(1));
    CHECK(commit(s, rev(1), rev(2)).error() == errc::unavailable);
    CHECK(at(s) == rev(1));
    CHECK(commit(s, rev(1), rev(2)).value() == commit_outcome::committed);
    CHECK(s.loads() == 2);
    CHECK(s.commits() == 3);
    s.fail(1, fault::unavailable, call::load);
    CHECK(commit(s, rev(2), rev(3)).value() == commit_outcome::committed);
    CHECK(s.load("p", head).error() == errc::unavailable);
    CHECK(at(s) == rev(3));
}

TEST_CASE("unavailable, conflict and unknown_not_written write nothing") {
    faulty s(memory::store{});
    s.fail(1, fault::unavailable);
    CHECK(commit(s, none, rev(1)).error() == errc::unavailable);
    s.fail(1, fault::conflict);
    CHECK(commit(s, none, rev(1)).value() == commit_outcome::conflict);
    s.fail(1, fault::unknown_not_written);
    CHECK(commit(s, none, rev(1)).value() == commit_outcome::unknown);
    CHECK(at(s) == none);
}

TEST_CASE("unknown_written writes, and the same commit again conflicts") {
    faulty s(memory::store{});
    s.fail(1, fault::unknown_written);
    CHECK(commit(s, none, rev(1)).value() == commit_outcome::unknown);
    CHECK(commit(s, none, rev(1)).value() == commit_outcome::conflict);
    CHECK(at(s) == rev(1));
}

TEST_CASE("a late commit lands behind the next load and in front of the next commit") {
    faulty s(memory::store{});
    s.fail(1, fault::applied_late);
    CHECK(commit(s, none, rev(1)).value() == commit_outcome::unknown);
    CHECK(at(s) == none); // the old head proves nothing
    CHECK(at(s) == rev(1));
    s.fail(1, fault::applied_late);
    CHECK(commit(s, rev(1), rev(2)).value() == commit_outcome::unknown);
    CHECK(commit(s, rev(1), rev(2)).value() == commit_outcome::conflict);
    CHECK(at(s) == rev(2));
}

TEST_CASE("a late commit is conditional: it does not undo what was committed before it lands") {
    memory::store inner;
    faulty s(inner);
    s.fail(1, fault::applied_late);
    CHECK(commit(s, none, rev(1)).value() == commit_outcome::unknown);
    REQUIRE(inner.commit("p", none, rev(7), {}).value() == commit_outcome::committed);
    CHECK(at(s) == rev(7));
    CHECK(at(s) == rev(7));
}
