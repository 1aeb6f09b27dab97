// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include <coffer/http/x_tokens.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace coffer_test;
using coffer::scope;

TEST_CASE(
    "x/admins: who administers a scope is named to who has some right there, else to nobody") {
    coffer::testing::manual_clock time;
    coffer::options how;
    how.time = &time;
    http::api_options with;
    with.time = &time;
    api_world w(std::move(how), std::move(with));
    const auto e = w.new_environment();
    const auto s = w.new_space(e);
    const auto other = w.new_environment();
    const auto tokens = std::make_shared<http::token_registry>(w.vault, time);
    const auto sessions = std::make_shared<http::session_registry>(tokens);
    http::api_options again;
    again.tokens = w.tokens;
    again.time = &time;
    again.more = http::x::token_routes(sessions, std::make_shared<http::first_code>(tokens));
    w.service = make_service(w.vault, std::move(again));
    const auto mint = [&](std::string name, std::vector<http::grant> grants,
                          std::uint64_t expires = 0) {
        tokens
            ->mint({.name = std::move(name),
                    .grants = std::move(grants),
                    .expires = expires,
                    .created_by = "local"})
            .value();
    };
    using http::role;
    mint("Ben", {{.as = role::environment_admin, .environment = e}});
    mint("Ana", http::full_grants());
    mint("Ben", {{.as = role::environment_admin, .environment = e, .reveal = true}});
    mint("Sam", {{.as = role::space_admin, .environment = e, .space = s}});
    mint("Gone", {{.as = role::environment_admin, .environment = e}}, tokens->now() + 1000);
    mint("Olga", {{.as = role::instance_operator}});
    mint("Audrey", {{.as = role::auditor}});
    mint("bot", {{.as = role::service, .environment = e, .write = true}});
    mint("Elsewhere", {{.as = role::environment_admin, .environment = other}});
    time.advance(std::chrono::milliseconds(1000));
    w.know("service", {{.as = role::service, .environment = e, .space = s}});
    w.know("space", {{.as = role::space_admin, .environment = e, .space = s}});
    w.know("stranger", {{.as = role::environment_admin, .environment = other}});
    const auto named = [&](const scope& where, std::string_view token) {
        const auto r = w.get("/v1/x/admins" + w.query(where), token);
        return r.status() == 200 ? json::serialize(r.data()) : std::to_string(r.status());
    };
    CHECK(named(at(e), api_world::full) == R"(["Ana","Ben"])");
    CHECK(named(at(e, s), api_world::full) == R"(["Ana","Ben","Sam"])");
    CHECK(named(at(e, s), "service") == R"(["Ana","Ben","Sam"])");
    CHECK(named(at(e, s), "space") == R"(["Ana","Ben","Sam"])");
    // Who has no right in a scope is told no name of it.
    CHECK(named(at(e), "space") == "404");
    CHECK(named(at(e), "stranger") == "404");
    CHECK(named(at(e, s), "stranger") == "404");
    CHECK(named(at(other), "stranger") == R"(["Ana","Elsewhere"])");
}
