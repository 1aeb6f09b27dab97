// SPDX-License-Identifier: BSL-1.0
#include <coffer/detail/write_planner.hpp>

#include "support/catch.hpp"

#include <string>
#include <variant>

using namespace coffer;
namespace edits = algorithm::edits;

namespace {
constexpr context acme{.environment = "prod", .space = "acme"};
} // namespace

TEST_CASE("what is planned says who writes where, and what of it the options say") {
    options of;
    of.author = "service";
    const detail::write_planner plan(of);
    const auto put = plan.put(acme, "A", "value", {.if_version = 3}).value();
    CHECK(put.key == format::entry_key{"acme", "", "A"});
    CHECK(as_text(put.value) == "value");
    CHECK(put.with.if_version == 3);
    CHECK(put.author == "service");
    CHECK_FALSE(put.open_spaces);
    CHECK(plan.hide(acme, "A", {.author = "ana"}).value().author == "ana");
    CHECK(plan.rollback(acme, "A", 7, {}).value().number == 7);

    of.known_spaces = spaces::open;
    CHECK(plan.put(acme, "A", "value", {}).value().open_spaces);
    CHECK(plan.hide(acme, "A", {}).value().open_spaces);
}

TEST_CASE("several changes are planned in their order, each with options of its own") {
    const options of;
    const detail::write_planner plan(of);
    const auto bytes = as_bytes("value");
    std::vector<change> all{{change_kind::put, "A", {bytes.begin(), bytes.end()}, {}},
                            {change_kind::erase, "B", {}, {.if_version = 2}},
                            {change_kind::hide, "C", {}, {}},
                            {change_kind::show, "D", {}, {}},
                            {change_kind::undelete, "E", {}, {}}};
    const auto steps = plan.many(acme, std::move(all)).value().steps;
    REQUIRE(steps.size() == 5);
    CHECK(as_text(std::get<edits::put>(steps[0]).value) == "value");
    CHECK(std::get<edits::erase>(steps[1]).with.if_version == 2);
    CHECK(std::get<edits::hide>(steps[2]).key.name == "C");
    CHECK(std::get<edits::show>(steps[3]).key.name == "D");
    CHECK(std::get<edits::undelete>(steps[4]).key.name == "E");

    CHECK(plan.many(acme, {{change_kind::put, "A", {}, {}}}).error() == errc::invalid_argument);
    CHECK(plan.many(acme, {{change_kind::erase, "", {}, {}}}).error() == errc::invalid_argument);
}

TEST_CASE("what can't be written is refused before anything is known of the state") {
    options of;
    const detail::write_planner plan(of);
    const std::string large(std::size_t{64} * 1024 + 1, 'x');
    CHECK(plan.put(acme, "", "value", {}).error() == errc::invalid_argument);
    CHECK(plan.put(acme, "A", "", {}).error() == errc::invalid_argument);
    CHECK(plan.put(acme, "A", large, {}).error() == errc::too_large);
    CHECK(plan.put({}, "A", "value", {}).error() == errc::invalid_argument);
    CHECK(plan.erase({.environment = system_environment}, "A", {}).error() ==
          errc::invalid_argument);
    CHECK(plan.show(acme, "A", {.note = "\xff"}).error() == errc::invalid_argument);
    CHECK(plan.undelete(acme, "A", {.author = large}).error() == errc::too_large);
    of.author = large;
    CHECK(plan.hide(acme, "A", {}).error() == errc::too_large);
}
