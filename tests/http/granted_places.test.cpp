// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/granted_places.hpp>

#include <coffer/http/tokens.hpp>
#include <coffer/keyring/memory_keyring.hpp>

#include "support/catch.hpp"
#include "support/service_vault.hpp"
#include "support/staged_store.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace coffer;
using namespace coffer::http;

namespace {

/// Two processes over one store. Neither looks at it unasked.
struct fixture {
    coffer_test::staged_store store;
    keyring::memory_keyring keys;
    any_vault here = open();
    any_vault elsewhere = open();
    token_registry tokens{here};
    token_registry tokens_elsewhere{elsewhere};
    std::size_t before_call = 0; ///< Of those that come, counted from 1; 0: before none.
    std::function<void()> meanwhile{};

    fixture() {
        REQUIRE(elsewhere->create_environment("F", "{}"));
        make();
        REQUIRE(granted_places::look(*here, {{reads()}}));
        REQUIRE(granted_places::look(*here, {{reads("S")}}));
        REQUIRE(tokens.mint(wish({{.as = role::auditor, .environment = "F"}})));
        store.before_load([this](std::string_view, std::span<const std::string>) { count(); });
        store.before_commit([this](std::string_view) { count(); });
    }
    auto open() -> any_vault {
        return coffer_test::service_vault(store, coffer_test::forgetful_keys(keys),
                                          {.recheck_after = std::chrono::hours(1)});
    }
    /// From here on nothing comes in between.
    void settle() { before_call = 0; }
    void count() {
        if (before_call != 0 && --before_call == 0) std::exchange(meanwhile, nullptr)();
    }
    void make() {
        (void)elsewhere->create_environment("E", "{}"); // unless it is there
        REQUIRE(elsewhere->create_space({.environment = "E", .space = "S"}, "{}"));
    }
    void remove(const scope& where) {
        REQUIRE((where.space.empty() ? elsewhere->remove_environment(where.environment)
                                     : elsewhere->remove_space(where.view())));
    }
    static auto reads(std::string space = {}) -> grant {
        return {.as = role::service, .environment = "E", .space = std::move(space)};
    }
    static auto wish(std::vector<grant> grants) -> token_wish {
        return {.name = "app", .grants = std::move(grants), .created_by = "local"};
    }
    /// The tokens that the store holds by now.
    auto all() -> std::vector<token_registry::row_ptr> {
        REQUIRE(elsewhere->refresh(system_environment));
        return tokens_elsewhere.list().value();
    }
    /// Whether any token may do something there.
    auto is_granted(const scope& where) -> bool {
        return std::ranges::any_of(all(), [&](const auto& row) {
            return std::ranges::any_of(row->grants, [&](const grant& g) {
                return g.environment == where.environment &&
                       (where.space.empty() || g.space == where.space);
            });
        });
    }
};

const scope environment{context{.environment = "E"}};
const scope space{context{.environment = "E", .space = "S"}};

} // namespace

TEST_CASE("What is removed and made again under the same id is another place") {
    fixture f;
    for (const auto& g : {fixture::reads(), fixture::reads("S")}) {
        const auto seen = granted_places::look_anew(*f.here, {{g}}).value();
        CHECK(granted_places::look_anew(*f.here, {{g}}).value() == seen);
        REQUIRE(f.elsewhere->remove_environment("E"));
        CHECK(granted_places::look(*f.here, {{g}}).value() == seen); // as it was
        CHECK(granted_places::look_anew(*f.here, {{g}}).error() == errc::unknown_scope);
        f.make();
        CHECK(granted_places::look_anew(*f.here, {{g}}).value() != seen);
    }
    const auto in_space = fixture::reads("S");
    const auto all = granted_places::look(*f.here, {{fixture::reads()}}).value();
    const auto seen = granted_places::look_anew(*f.here, {{in_space}}).value();
    REQUIRE(f.elsewhere->remove_space(space.view()));
    REQUIRE(f.elsewhere->create_space(space.view(), "{}"));
    CHECK(granted_places::look_anew(*f.here, {{in_space}}).value() != seen);
    CHECK(granted_places::look(*f.here, {{fixture::reads()}}).value() == all);
    CHECK(granted_places::look(*f.here, full_grants()).value() == granted_places());
}

TEST_CASE("What is half removed, listed yet and closed, is no place") {
    std::size_t half = 0;
    bool fired = true;
    for (std::size_t n = 1; fired; ++n) {
        fixture f;
        const auto seen = granted_places::look(*f.here, {{fixture::reads()}}).value();
        fired = false;
        f.meanwhile = [&] {
            fired = true;
            f.store.go_away(errc::unavailable);
        };
        f.before_call = n;
        const auto gone = f.elsewhere->remove_environment("E");
        f.settle();
        f.store.go_away(std::nullopt);
        REQUIRE(f.elsewhere->refresh(system_environment));
        if (gone || f.elsewhere->refresh("E")) continue;
        const auto listed = f.elsewhere->environments();
        REQUIRE(listed);
        CHECK(std::ranges::count(*listed, "E") == 1);
        ++half;
        INFO("cut off before call " << n);
        CHECK(granted_places::look_anew(*f.here, {{fixture::reads()}}).error() ==
              errc::unknown_scope);
        CHECK(f.tokens.mint(fixture::wish({fixture::reads()}), seen).error() ==
              errc::unknown_scope);
        CHECK_FALSE(f.is_granted(environment));
    }
    CHECK(half > 0);
}

TEST_CASE("No token is made for what is removed while it is made, though it be made again") {
    struct removal {
        grant g;
        bool of_space = false;
    };
    for (const auto& one :
         {removal{fixture::reads()}, {fixture::reads("S")}, {fixture::reads("S"), true}})
        for (const bool again : {false, true}) {
            const auto& g = one.g;
            const bool of_space = one.of_space;
            bool fired = true;
            for (std::size_t n = 1; fired; ++n) {
                fixture f;
                const auto seen = granted_places::look(*f.here, {{g}}).value();
                fired = false;
                f.meanwhile = [&] {
                    fired = true;
                    f.remove(of_space ? space : environment);
                    if (again) f.make();
                };
                f.before_call = n;
                const auto made = f.tokens.mint(fixture::wish({g}), seen);
                f.settle();
                INFO(g.space << (of_space ? " alone" : "") << " again " << again << " before call "
                             << n);
                CHECK((n == 1 ? fired : true));
                CHECK(made.has_value() != fired);
                if (!made) CHECK(made.error() == errc::unknown_scope);
                CHECK(f.is_granted(environment) != fired);
            }
        }
}

TEST_CASE("With a scope goes what tokens may do there, also those that are made meanwhile") {
    for (const auto& where : {environment, space}) {
        bool fired = true;
        for (std::size_t n = 1; fired; ++n) {
            fixture f;
            fired = false;
            bool made = false;
            std::size_t ended = 0;
            const auto in_space = fixture::reads("S");
            const auto seen = granted_places::look(*f.elsewhere, {{in_space}}).value();
            f.meanwhile = [&] {
                fired = true;
                made = f.tokens_elsewhere.mint(fixture::wish({in_space}), seen).has_value();
            };
            f.before_call = n;
            const auto gone = f.tokens.remove_scope(where, "local", [&](const auto&) { ++ended; });
            f.settle();
            INFO(to_string(where.view()) << " before call " << n);
            CHECK((n == 1 ? made : true));
            REQUIRE(gone);
            CHECK_FALSE(gone->unlooked);
            CHECK(ended == (made ? 1 : 0));
            CHECK_FALSE(f.is_granted(where));
            CHECK(f.all().size() == 1); // the auditor's
        }
    }
}

TEST_CASE("Where a scope is removed and the tokens can't be looked at once more, that is told") {
    std::size_t calls = 0;
    bool fired = true;
    while (fired) { // how many calls it takes
        fixture f;
        fired = false;
        f.meanwhile = [&] { fired = true; };
        f.before_call = ++calls;
        REQUIRE(f.tokens.remove_scope(space, "local", [](const auto&) {}));
        f.settle();
    }
    fixture f;
    f.meanwhile = [&] { f.store.go_away(errc::unavailable); };
    f.before_call = calls - 1;
    const auto gone = f.tokens.remove_scope(space, "local", [](const auto&) {});
    REQUIRE(gone);
    REQUIRE(gone->unlooked);
    CHECK(gone->unlooked->code == errc::unavailable);
    f.store.go_away(std::nullopt);
    CHECK(f.elsewhere->refresh("E"));
    CHECK_FALSE(f.elsewhere->resolver().at(space.view()));
    CHECK(f.tokens.remove_scope(space, "local", [](const auto&) {}).error() == errc::unknown_scope);
}
